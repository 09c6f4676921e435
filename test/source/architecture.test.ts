// The tree is the architecture: imports go one way, and storage is touched where it belongs.
import { describe, expect, it } from 'vitest'
import { importsIn, readSource } from '../support/imports.ts'

const source = readSource('src/**/*.{ts,tsx}')
const files = [...source.keys()]

/** The files of this project that a file imports. */
function importsOf(file: string): string[] {
  return importsIn(file, source.get(file) ?? '').map((one) => one.of)
}

/** Everything that a file imports, directly or not. */
function reachableFrom(file: string, seen = new Set<string>()): Set<string> {
  for (const imported of importsOf(file)) {
    if (!seen.has(imported)) reachableFrom(imported, seen.add(imported))
  }
  return seen
}

const within = (folder: string) => files.filter((file) => file.startsWith(`src/${folder}`))

/** [who, must never import what, not even indirectly] */
const ONE_WAY: readonly (readonly [string, readonly string[]])[] = [
  [
    'oauth/',
    [
      'src/mcp/',
      'src/tools/',
      'src/login/index',
      'src/login/passphrase',
      'src/login/passkey',
      'src/login/routes',
      'src/index',
    ],
  ],
  ['mcp/', ['src/tools/', 'src/login/', 'src/pages/consent', 'src/oauth/endpoints/', 'src/index']],
  ['oauth/grants/', ['src/oauth/endpoints/', 'src/oauth/grant-types/', 'src/oauth/clients/', 'src/pages/']],
  ['oauth/clients/', ['src/oauth/endpoints/', 'src/oauth/grant-types/', 'src/oauth/grants/', 'src/pages/']],
  ['settings/', ['src/oauth/', 'src/login/', 'src/account/', 'src/mcp/', 'src/tools/', 'src/pages/']],
  ['pages/', ['src/oauth/', 'src/login/', 'src/account/', 'src/mcp/', 'src/tools/']],
]

describe('imports', () => {
  it('reads the imports at all', () => {
    expect(importsOf('src/index.ts')).toContain('src/origin.ts')
  })

  it('never go in a circle', () => {
    expect(files.filter((file) => reachableFrom(file).has(file))).toEqual([])
  })

  it.each(ONE_WAY)('of %s go one way', (folder, forbidden) => {
    const wrong = within(folder).flatMap((file) =>
      [...reachableFrom(file)].filter((imported) => forbidden.some((start) => imported.startsWith(start))),
    )
    expect(wrong).toEqual([])
  })

  it('of a tool are the seam and its own folder', () => {
    const wrong = within('tools/').flatMap((file) =>
      importsOf(file).filter(
        (imported) => imported !== 'src/mcp/define-tool.ts' && !imported.startsWith('src/tools/'),
      ),
    )
    expect(wrong).toEqual([])
  })

  it('of zod are of the namespace: the named import brings 65 KiB that nobody uses', () => {
    const wrong = files.filter((file) =>
      /import (?!(type )?\* as z\b)[^'\n]*from 'zod'/.test(source.get(file) ?? ''),
    )
    expect(wrong).toEqual([])
  })
})

describe('storage', () => {
  it('is touched only in files named store or object, and in a tool’s own folder', () => {
    const touches = /\benv\.(RECORDS|GRANTS|CLIENTS|ACCOUNTS|AUDIT|SEEN|SESSIONS|NOTEBOOKS)\b/
    const wrong = files.filter(
      (file) =>
        touches.test(source.get(file) ?? '') &&
        !/[/-](store|object)\.ts$/.test(file) &&
        !file.startsWith('src/tools/'),
    )
    expect(wrong).toEqual([])
  })
})
