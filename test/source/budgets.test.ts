// What a deployment uploads, and what the way of a tool call is made of: each has a budget that no change may quietly exceed.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wrangler } from '../../scripts/wrangler.ts'

/** Of the minified bundle, in KiB: a little above what it is. */
const BUNDLE = 169
/** Our own modules that answer a request to /mcp need. */
const MODULES = 42

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>>
}

const folder = mkdtempSync(join(tmpdir(), 'budgets-'))
let metafile: Metafile

beforeAll(async () => {
  await wrangler('deploy', '--dry-run', '--outdir', folder, '--metafile', join(folder, 'meta.json'))
  metafile = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** The inputs of the bundle that one needs, directly or not. Types are gone by then. */
function neededBy(input: string, seen = new Set([input])): Set<string> {
  for (const { path } of metafile.inputs[input]?.imports ?? []) {
    if (metafile.inputs[path] && !seen.has(path)) neededBy(path, seen.add(path))
  }
  return seen
}

const inputNamed = (end: string) =>
  Object.keys(metafile.inputs).find((input) => input.endsWith(end)) as string

describe('the bundle', () => {
  it(`is at most ${BUNDLE} KiB, minified and compressed`, () => {
    const bundle = readdirSync(folder).find((file) => file.endsWith('.js')) as string
    expect(gzipSync(readFileSync(join(folder, bundle))).byteLength / 1024).toBeLessThanOrEqual(BUNDLE)
  })
})

describe('the way of a tool call', () => {
  const needed = () => [...neededBy(inputNamed('src/mcp/endpoint.ts'))].map((input) => relative('.', input))

  it(`is made of at most ${MODULES} modules of ours`, () => {
    const ours = needed().filter((input) => input.startsWith('src/'))
    expect(ours.length).toBeGreaterThan(10)
    expect(ours.length, ours.sort().join('\n')).toBeLessThanOrEqual(MODULES)
  })

  it('has no page, no sign-in and no endpoint of the authorization server in it', () => {
    expect(needed().filter((input) => /^src\/(pages|login|oauth\/endpoints)\//.test(input))).toEqual([])
  })
})
