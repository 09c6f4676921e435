// What a fork does not name is not in its bundle. Each optional part comes with a line, and goes with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, bundle } from '../support/bundle.ts'
import { FIXTURE } from '../support/fixture.ts'

/** The minified bundle of a server without any of them, in KiB: a little above its size now. */
const BUNDLE = 198

interface OptionalPart {
  /** What a fork imports, and from where. */
  readonly name: string
  readonly file: string
  /** Its modules, of which no other part needs one. */
  readonly modules: RegExp
}

const PARTS: readonly OptionalPart[] = [
  { name: 'deviceGrant', file: 'oauth/device/part.ts', modules: /oauth\/device\// },
  { name: 'personalTokens', file: 'personal-tokens/part.ts', modules: /engine\/personal-tokens\// },
  { name: 'defineServer', file: 'mcp/servers/define-server.ts', modules: /mcp\/servers\// },
  { name: 'defineView', file: 'mcp/views/view.ts', modules: /mcp\/views\// },
  { name: 'defineResource', file: 'mcp/define-resource.ts', modules: /mcp\/define-resource\.ts/ },
  { name: 'definePrompt', file: 'mcp/define-prompt.ts', modules: /mcp\/define-prompt\.ts/ },
  { name: 'ownRoutes', file: 'own/own-routes.ts', modules: /engine\/own\// },
  { name: 'signedLink', file: 'links/link.ts', modules: /links\/link\.ts/ },
  { name: 'requireLink', file: 'links/require-link.ts', modules: /links\// },
  { name: 'passkey', file: 'login/passkey/passkey.tsx', modules: /login\/passkey\// },
  { name: 'reviewer', file: 'login/reviewer/reviewer.tsx', modules: /login\/reviewer\// },
]

/** What a part brings of another. */
const BRINGS: Readonly<Record<string, readonly string[]>> = {
  defineView: ['defineResource'],
  signedLink: ['requireLink'],
  requireLink: ['signedLink'],
}

const folder = join(FIXTURE, 'src')
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8')
const without = (text: string, name: string) =>
  text
    .split('\n')
    .filter((line) => !new RegExp(`\\b${name}\\b`).test(line))
    .join('\n')

const modulesOf = ({ metafile }: Bundle) => Object.keys(metafile.inputs)
const isIn = ({ modules }: OptionalPart, made: Bundle) => modulesOf(made).some((one) => modules.test(one))

let plain: Bundle

beforeAll(async () => {
  plain = await bundle(join(folder, 'plain.ts'), { minify: true })
})

describe('a server without any optional part', () => {
  it(`is at most ${BUNDLE} KiB, minified and compressed`, () => {
    expect(gzipSync(plain.code).byteLength / 1024).toBeLessThanOrEqual(BUNDLE)
  })

  it.each(PARTS)('has no module of $name', ({ modules }) => {
    expect(modulesOf(plain).filter((one) => modules.test(one))).toEqual([])
  })
})

describe('an optional part', () => {
  it.each(PARTS)('comes with one line, and brings no other: $name', async ({ name, file }) => {
    const text = `${textOf('plain.ts')}\nexport { ${name} } from '#engine/${file}'\n`
    const made = await bundle({ text, folder })
    const there = PARTS.filter((part) => isIn(part, made)).map((part) => part.name)
    expect(there.sort()).toEqual([name, ...(BRINGS[name] ?? [])].sort())
  })

  // The sample routes need links, so those are not tried here.
  const named = PARTS.filter(({ name }) => textOf('index.ts').includes(name))

  it.each(named)('goes with its lines: $name', async (part) => {
    const whole = await bundle(join(folder, 'index.ts'))
    expect(isIn(part, whole)).toBe(true)
    const object = "export { DeviceObject } from '#engine/oauth/device/object.ts'\n"
    const text = without(textOf('index.ts'), part.name).replace(part.name === 'deviceGrant' ? object : '', '')
    expect(isIn(part, await bundle({ text, folder }))).toBe(false)
  })

  it('is named by the fixture server, if a line of index.ts brings it', () => {
    expect(named.map(({ name }) => name)).toEqual(['deviceGrant', 'personalTokens', 'ownRoutes'])
  })
})
