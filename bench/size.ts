// `node bench/size.ts`: what the bundle of the fixture server consists of, and what it would shrink by without each part.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { transform } from 'esbuild'
import { build, ours } from './build.ts'
import { temporary } from './folders.ts'
import { tableOf } from './report.ts'

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

const bundle = readFileSync(await build(ours, temporary, { minify: false }), 'utf8')
// What it exports would name what is taken out.
const code = bundle.replace(/^export \{[^}]*\};?$/m, '')
const sections = sectionsOf(code)
const whole = await sizeOf(() => true)
const rows: [string, number][] = []
for (const [part] of PARTS) rows.push([part, whole - (await sizeOf((file) => partOf(file) !== part))])
rows.sort(([, a], [, b]) => b - a)
const table = rows.filter(([, saved]) => saved > 0).map(([part, saved]) => [part, saved.toFixed(1)])
console.log(tableOf({ columns: ['part', 'KiB'], rows: [...table, ['all of it', whole.toFixed(1)]] }))

interface Section {
  readonly file: string
  readonly code: string
}

/** The modules of a bundle, each of which esbuild puts under a comment with its file. */
function sectionsOf(text: string): Section[] {
  const parts = text.split(/^\/\/ ((?:\.\.\/|node_modules\/|src\/|test\/)\S+)$/m)
  return parts.slice(1).flatMap((file, at) => (at % 2 === 0 ? { file, code: parts[at + 2] ?? '' } : []))
}

function partOf(file: string): string | undefined {
  return PARTS.find(([, fits]) => fits.test(file))?.[0]
}

/** Of the modules that are kept, minified and compressed, in KiB. */
async function sizeOf(isKept: (file: string) => boolean): Promise<number> {
  const kept = sections.filter(({ file }) => isKept(file)).map((section) => section.code)
  const minified = await transform(kept.join('\n'), { minify: true, format: 'esm', target: 'esnext' })
  return gzipSync(minified.code).byteLength / 1024
}
