// The tree is the architecture: what is yours stands outside of src/engine, imports go down, and storage is touched where
// it belongs. docs: CONTRIBUTING.md.
import { describe, expect, it } from 'vitest'
import { importsIn, readSource } from '../support/imports.ts'

const ENGINE = 'src/engine/'
const engine = readSource('src/engine/**/*.{ts,tsx}')
const around = readSource('{test,scripts,bench}/**/*.{ts,tsx}')
const source = new Map([...engine, ...around])

interface Arrow {
  readonly by: string
  readonly of: string
}

const arrowsOf = (file: string): Arrow[] =>
  importsIn(file, source.get(file) ?? '').map(({ of }) => ({ by: file, of }))
const arrows = [...engine.keys()].flatMap(arrowsOf)
const shown = ({ by, of }: Arrow) => `${by} → ${of}`

/**
 * The rooms of the engine, each with the rooms that it may look down on. A file belongs to the longest name that fits.
 * `pages/` is what people see: only code that answers with a page imports it.
 */
const DOWN: Readonly<Record<string, readonly string[]>> = {
  'gatehouse.ts': [
    'admin/',
    'directories/',
    'account/',
    'alerts/',
    'mcp/',
    'own/',
    'login/',
    'oauth/',
    'people/',
    'pages/',
    'http/',
    'settings/',
    'log/',
  ],
  'own/': ['http/'],
  'admin/': ['account/', 'login/', 'oauth/', 'people/', 'pages/', 'http/', 'crypto/', 'settings/', 'log/'],
  'account/': ['login/', 'oauth/', 'people/', 'pages/', 'http/', 'crypto/', 'settings/', 'log/'],
  'personal-tokens/': ['oauth/', 'people/', 'pages/', 'http/', 'crypto/', 'cache/', 'settings/', 'log/'],
  'directories/': ['http/', 'settings/'],
  'alerts/': ['http/', 'settings/', 'log/'],
  'mcp/': ['oauth/', 'people/', 'http/', 'crypto/', 'cache/', 'settings/', 'log/', 'version.ts'],
  'links/': ['people/', 'http/', 'crypto/', 'settings/'],
  'login/': ['people/', 'pages/', 'http/', 'crypto/', 'settings/', 'log/'],
  'oauth/': ['people/', 'http/', 'crypto/', 'cache/', 'settings/', 'log/'],
  'oauth/endpoints/': ['pages/'],
  'oauth/device/': ['pages/'],
  'people/': ['http/', 'crypto/', 'cache/', 'settings/', 'log/'],
  'pages/': ['http/', 'crypto/'],
  'http/': ['settings/', 'cache/', 'log/', 'version.ts'],
  'log/': ['settings/'],
  'cache/': [],
  'crypto/': ['settings/'],
  'settings/': [],
  'version.ts': [],
}

/** The same inside of oauth/, whose own files (`routes.ts` is the door) stand among its rooms. */
const DOWN_IN_OAUTH: Readonly<Record<string, readonly string[]>> = {
  'routes.ts': ['part.ts', 'endpoints/', 'grant-types/', 'clients/'],
  'part.ts': ['grant-types/', 'tokens/'],
  'dpop/': ['tokens/'],
  'device/': [
    'part.ts',
    'endpoints/',
    'grant-types/',
    'grants/',
    'clients/',
    'tokens/',
    'resource.ts',
    'scopes.ts',
  ],
  'endpoints/': [
    'part.ts',
    'dpop/',
    'grant-types/',
    'grants/',
    'clients/',
    'assertions/',
    'tokens/',
    'pkce.ts',
    'resource.ts',
    'scope-names.ts',
    'scopes.ts',
  ],
  'grant-types/': ['grants/', 'clients/', 'assertions/', 'tokens/', 'pkce.ts', 'resource.ts', 'scopes.ts'],
  'grants/': ['tokens/', 'pkce.ts', 'scopes.ts'],
  'clients/': ['assertions/', 'scopes.ts'],
  'assertions/': [],
  'tokens/': ['scopes.ts'],
  'pkce.ts': [],
  'resource.ts': [],
  'scope-names.ts': [],
  'scopes.ts': [],
}

/** Which of these rooms a file is in. */
function roomsOf(file: string, floor: string, table: object): string[] {
  const path = file.slice(floor.length)
  return Object.keys(table).filter((room) => (room.endsWith('/') ? path.startsWith(room) : path === room))
}

/** The arrows inside of a floor that its table does not have. */
function upIn(floor: string, table: Readonly<Record<string, readonly string[]>>): string[] {
  const inside = arrows.filter(({ by, of }) => by.startsWith(floor) && of.startsWith(floor))
  return inside
    .filter(({ by, of }) => {
      const [from, to] = [roomsOf(by, floor, table), roomsOf(of, floor, table)]
      const below = from.flatMap((room) => table[room] ?? [])
      return !to.some((room) => from.includes(room) || below.includes(room))
    })
    .map(shown)
}

/** Everything that a file imports, directly or not. */
function reachableFrom(file: string, seen = new Set<string>()): Set<string> {
  for (const { of } of arrowsOf(file)) {
    if (!seen.has(of)) reachableFrom(of, seen.add(of))
  }
  return seen
}

describe('the engine', () => {
  it('is read at all', () => {
    expect(arrows.map(shown)).toContain('src/engine/gatehouse.ts → src/engine/oauth/routes.ts')
    expect(engine.size).toBeGreaterThan(100)
  })

  it('reaches what a fork makes its own by #config and #theme only', () => {
    const outside = arrows.filter(({ of }) => !of.startsWith(ENGINE) && of !== 'package.json')
    expect([...new Set(outside.map(({ of }) => of))].sort()).toEqual(['#config', '#theme'])
  })

  it('shows the look of a fork on pages only', () => {
    const wrong = arrows.filter(({ by, of }) => of === '#theme' && !/\/pages(\/|\.tsx$)/.test(by))
    expect(wrong.map(shown)).toEqual([])
  })

  it('has no file outside of its rooms', () => {
    expect([...engine.keys()].filter((file) => roomsOf(file, ENGINE, DOWN).length === 0)).toEqual([])
    const oauth = [...engine.keys()].filter((file) => file.startsWith(`${ENGINE}oauth/`))
    expect(oauth.filter((file) => roomsOf(file, `${ENGINE}oauth/`, DOWN_IN_OAUTH).length === 0)).toEqual([])
  })

  it('imports downwards', () => {
    expect([...upIn(ENGINE, DOWN), ...upIn(`${ENGINE}oauth/`, DOWN_IN_OAUTH)]).toEqual([])
  })

  it('never goes in a circle', () => {
    expect([...engine.keys()].filter((file) => reachableFrom(file).has(file))).toEqual([])
  })

  it('touches storage in files named store or object only', () => {
    const touches =
      /\benv\.(RECORDS|GRANTS|CLIENTS|ACCOUNTS|AUDIT|DIRECTORY|SEEN|DEVICES|SESSIONS|ALERTS)\b|\bctx\.storage\b/
    const wrong = [...engine].filter(
      ([file, text]) =>
        touches.test(text) && !/[/-](store|object)\.ts$/.test(file) && !STORAGE_PARTS.includes(file),
    )
    expect(wrong.map(([file]) => file)).toEqual([])
  })

  it('reaches objects in their jurisdiction alone', () => {
    const direct = /\benv\.[A-Z]+\.get\(|\b[A-Z]+\.(getByName|idFromName|idFromString|newUniqueId)\(/
    const wrong = [...engine].filter(([, text]) => direct.test(text.replaceAll('RECORDS.get(', '')))
    expect(wrong.map(([file]) => file)).toEqual([])
  })

  it('imports zod as a namespace: the named import brings 65 KiB of unused code', () => {
    const wrong = [...engine].filter(([, text]) => /import (?!(type )?\* as z\b)[^'\n]*from 'zod'/.test(text))
    expect(wrong.map(([file]) => file)).toEqual([])
  })
})

/** Parts of an object that are handed its storage. */
const STORAGE_PARTS: readonly string[] = ['src/engine/people/upstream-grants.ts']

/** What a fork may do without. A reader who leaves it out has at most two files to look at again. */
const OPTIONAL: Readonly<Record<string, RegExp>> = {
  'login/reviewer/': /^src\/engine\/login\/reviewer\//,
  'login/passkey/': /^src\/engine\/login\/passkey\//,
  'mcp/foreign-tokens/': /^src\/engine\/mcp\/foreign-tokens\//,
  'mcp/servers/': /^src\/engine\/mcp\/servers\//,
  'mcp/sessions/': /^src\/engine\/mcp\/sessions\//,
  'mcp/views/': /^src\/engine\/mcp\/views\//,
  'admin/': /^src\/engine\/admin\//,
  'alerts/': /^src\/engine\/alerts\//,
  'oauth/dpop/': /^src\/engine\/oauth\/dpop\//,
  'oauth/device/': /^src\/engine\/oauth\/device\//,
  'personal-tokens/': /^src\/engine\/personal-tokens\//,
  'links/': /^src\/engine\/links\//,
  'own/': /^src\/engine\/own\//,
  'grant types beyond code and refresh':
    /^src\/engine\/oauth\/grant-types\/(client-credentials|identity-assertion|jwt-bearer)\.ts$/,
}

describe('an optional part', () => {
  it.each(Object.entries(OPTIONAL))('is known by two files at most: %s', (_name, part) => {
    const files = [...engine.keys()].filter((file) => part.test(file))
    expect(files.length).toBeGreaterThan(0)
    const known = arrows.filter(({ by, of }) => part.test(of) && !part.test(by))
    expect([...new Set(known.map(({ by }) => by))].sort().slice(2)).toEqual([])
  })
})

describe('what is around the engine', () => {
  it('takes nothing of src/ but the engine: a fork’s files are another’s', () => {
    const wrong = [...around.keys()]
      .flatMap(arrowsOf)
      .filter(({ of }) => of.startsWith('src/') && !of.startsWith(ENGINE))
    expect(wrong.map(shown)).toEqual([])
  })

  it('does not read them as text, or the fork’s README', () => {
    const reads =
      /(?:readFileSync|readFile|globSync|readSource)\(\s*['"`](?:\.\/)?(?:src\/(?!engine\/)|wrangler\.toml|README\.md)/
    const tests = [...around].filter(([file]) => file.startsWith('test/') && !FORK_TESTS.test(file))
    expect(tests.filter(([, text]) => reads.test(text)).map(([file]) => file)).toEqual([])
  })
})

/** These look at the fork itself, and say nothing where it has changed what they look at. */
const FORK_TESTS = /^test\/(source\/fork\.test\.ts|fork\/)/
