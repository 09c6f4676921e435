// What a fork does not name is not in its bundle. Each optional part comes with a line, and goes with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Bundle, bundle } from '../support/bundle.ts'
import { FIXTURE } from '../support/fixture.ts'
import { type OptionalPart, PARTS, PLAIN, plainWith, wholeWithout } from '../support/parts.ts'

/** The minified bundle of a server without any of them, in KiB: a little above its size now. */
const BUNDLE = 199

const INDEX = join(FIXTURE, 'src/index.ts')
const modulesOf = ({ metafile }: Bundle) => Object.keys(metafile.inputs)
const isIn = ({ modules }: OptionalPart, made: Bundle) => modulesOf(made).some((one) => modules.test(one))

let plain: Bundle

beforeAll(async () => {
  plain = await bundle(PLAIN, { minify: true })
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
  it.each(PARTS)('comes with one line, and brings no other than it needs: $name', async (part) => {
    const made = await bundle(plainWith(part))
    const there = PARTS.filter((one) => isIn(one, made)).map(({ name }) => name)
    expect(there.sort()).toEqual([part.name, ...(part.needs ?? [])].sort())
  })

  // A line of the fixture's index.ts brings each of these. The others come with a tool, a route or a login method.
  const named = PARTS.filter(({ name }) => readFileSync(INDEX, 'utf8').includes(name))

  it.each(named)('goes with its lines: $name', async (part) => {
    expect(isIn(part, await bundle(INDEX))).toBe(true)
    expect(isIn(part, await bundle(wholeWithout(part)))).toBe(false)
  })

  it('is named by the fixture server, if a line of index.ts brings it', () => {
    expect(named.map(({ name }) => name)).toEqual(['deviceGrant', 'personalTokens', 'ownRoutes'])
  })
})
