// What the fixture server uploads, and what the way of a tool call is made of: each has a budget that no change of the
// engine may quietly exceed. What a fork adds is its own affair.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runWrangler } from '../../scripts/wrangler.ts'
import { FIXTURE, FIXTURE_ENVIRONMENT } from '../support/fixture.ts'

/** The minified bundle, in KiB: a little above its size now. */
const BUNDLE = 205
/** Our own modules that answer a request to /mcp need. */
const MODULES = 70

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>>
}

const folder = mkdtempSync(join(tmpdir(), 'budgets-'))
let metafile: Metafile

beforeAll(async () => {
  const output = ['--outdir', folder, '--metafile', join(folder, 'meta.json')]
  await runWrangler(['deploy', '--dry-run', '--config', join(FIXTURE, 'wrangler.toml'), ...output], {
    environment: FIXTURE_ENVIRONMENT,
  })
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
  const needed = () =>
    [...neededBy(inputNamed('src/engine/mcp/endpoint.ts'))].map((input) =>
      relative('.', resolve(FIXTURE, input)),
    )

  it(`is made of at most ${MODULES} modules of ours`, () => {
    const ours = needed().filter((input) => /^(src|test)\//.test(input))
    expect(ours.length).toBeGreaterThan(10)
    expect(ours.length, ours.sort().join('\n')).toBeLessThanOrEqual(MODULES)
  })

  it('has no page, no sign-in and no endpoint of the authorization server in it', () => {
    expect(needed().filter((input) => /^src\/engine\/(pages|login|oauth\/endpoints)\//.test(input))).toEqual(
      [],
    )
  })
})
