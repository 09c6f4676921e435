// What the bundle of the fixture server consists of: what it would shrink by without each part. And what each optional part
// adds to a server without any.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { transform } from 'esbuild'
import { bundle, type Entry } from '../../test/support/bundle.ts'
import { PARTS as OPTIONAL, PLAIN, plainWith } from '../../test/support/parts.ts'
import { build, ours } from '../build.ts'
import { temporary } from '../folders.ts'
import type { Section, Table } from '../report.ts'

/** What a module belongs to, by its file. The first that fits counts. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['MCP SDK', /node_modules\/@modelcontextprotocol\//],
  ['zod, most of it for the SDK', /node_modules\/zod\//],
  ['Hono, its JSX', /node_modules\/hono\/dist\/jsx\//],
  ['Hono, the rest', /node_modules\/hono\//],
  ['jose', /node_modules\/jose\//],
  ['other packages', /node_modules\//],
  ['pages', /src\/engine\/pages\//],
  ['device codes', /src\/engine\/oauth\/device\//],
  ['proofs of keys (DPoP)', /src\/engine\/oauth\/dpop\//],
  ['clients: registration, documents, keys', /src\/engine\/oauth\/(clients|assertions)\//],
  ['personal access tokens', /src\/engine\/personal-tokens\//],
  ['the authorization server, the rest', /src\/engine\/oauth\//],
  ['sessions of the older protocol', /src\/engine\/mcp\/sessions\//],
  ['tokens of other servers', /src\/engine\/mcp\/foreign-tokens\//],
  ['several servers', /src\/engine\/mcp\/servers\//],
  ['the MCP endpoint, the rest', /src\/engine\/mcp\//],
  ['people: accounts, sessions', /src\/engine\/people\//],
  ['account page', /src\/engine\/account\//],
  ['admin page', /src\/engine\/admin\//],
  ['sign-in', /src\/engine\/login\//],
  ['settings', /src\/engine\/settings\//],
  ['log, events, alerts', /src\/engine\/(log|alerts)\//],
  ['the engine, the rest', /src\/engine\//],
  ['the fixture server', /./],
]

export async function measureSize(): Promise<Section> {
  const bundle = readFileSync(await build(ours, temporary, { minify: false }), 'utf8')
  // What it exports would name what is taken out.
  const modules = modulesOf(bundle.replace(/^export \{[^}]*\};?$/m, ''))
  const whole = await sizeOf(modules)
  const saved: [string, number][] = []
  for (const [part] of PARTS) {
    const kept = modules.filter(({ file }) => partOf(file) !== part)
    if (kept.length < modules.length) saved.push([part, whole - (await sizeOf(kept))])
  }
  saved.sort(([, a], [, b]) => b - a)
  const rows = [...saved, ['all of it', whole] as const].map(([part, size]) => [part, size.toFixed(1)])
  const columns = ['part of the bundle', 'KiB']
  const tables = [{ columns, rows }, await optionalParts()]
  return { title: 'Size by part', tables, goals: [], drawn: [] }
}

async function optionalParts(): Promise<Table> {
  const plain = await minified(PLAIN)
  const rows: string[][] = [['none', plain.toFixed(1)]]
  for (const part of OPTIONAL) {
    rows.push([`with ${part.name}`, `+ ${((await minified(plainWith(part))) - plain).toFixed(1)}`])
  }
  return { columns: ['optional part', 'KiB'], rows }
}

async function minified(entry: Entry): Promise<number> {
  const { code } = await bundle(entry, { minify: true })
  return gzipSync(code).byteLength / 1024
}

interface Module {
  readonly file: string
  readonly code: string
}

/** The modules of a bundle, each of which esbuild puts under a comment with its file. */
function modulesOf(text: string): Module[] {
  const parts = text.split(/^\/\/ ((?:\.\.\/|node_modules\/|src\/|test\/|bench\/)\S+)$/m)
  return parts.slice(1).flatMap((file, at) => (at % 2 === 0 ? { file, code: parts[at + 2] ?? '' } : []))
}

function partOf(file: string): string | undefined {
  return PARTS.find(([, fits]) => fits.test(file))?.[0]
}

/** Minified and compressed, in KiB. */
async function sizeOf(modules: readonly Module[]): Promise<number> {
  const code = modules.map((one) => one.code).join('\n')
  const minified = await transform(code, { minify: true, format: 'esm', target: 'esnext' })
  return gzipSync(minified.code).byteLength / 1024
}
