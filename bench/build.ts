// Bundles Workers with wrangler, as a deployment would.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { unstable_readConfig as readConfig } from 'wrangler'
import { runWrangler } from '../scripts/wrangler.ts'
import { FIXTURE_ENVIRONMENT } from '../test/support/fixture.ts'

export interface Build {
  /** Of the folder that it is bundled into. */
  readonly name: string
  /** The Worker's file. */
  readonly entry: string
  readonly config: string
  /** Who asks for a token. */
  readonly guard: 'ours' | 'peer' | 'better-auth' | 'none'
  /** The file of a Worker that makes its tables when it is first asked. */
  readonly tables?: string
  readonly define?: Readonly<Record<string, string | number>>
  /** To be profiled: with the names of its functions, and V8's inspector. */
  readonly profiled?: boolean
}

/** The fixture server: its tools are those of the others, too. */
const OURS = { config: 'test/fixture/wrangler.toml', guard: 'ours' } as const
const TWIN = { config: 'bench/wrangler.toml', guard: 'none' } as const
const PEER = { config: 'bench/wrangler.toml', guard: 'peer' } as const

export const ours: Build = { ...OURS, name: 'ours', entry: 'bench/workers/ours.ts' }
export const oursAtDistance: Build = { ...OURS, name: 'distant', entry: 'bench/workers/ours-at-distance.ts' }
export const oursMeasured: Build = { ...OURS, name: 'measured', entry: 'bench/workers/ours-measured.ts' }
export const twin: Build = { ...TWIN, name: 'twin', entry: 'bench/workers/twin.ts' }
export const peer: Build = { ...PEER, name: 'peer', entry: 'bench/workers/peer.ts' }
export const peerSdk1: Build = { ...PEER, name: 'peer-sdk-1', entry: 'bench/workers/peer-sdk-1.ts' }
export const betterAuth: Build = {
  name: 'better-auth',
  entry: 'bench/workers/better-auth.ts',
  config: 'bench/better-auth.toml',
  guard: 'better-auth',
  tables: 'bench/workers/better-auth-tables.ts',
}
export const template: Build = {
  name: 'template',
  entry: 'bench/workers/template.ts',
  config: 'bench/template.toml',
  guard: 'none',
}

/** Nothing, configured as another Worker: what such a configuration costs before it does anything. */
export function emptyLike({ name, config }: Build, into: string): Build {
  const classes = Object.keys(readConfig({ config }).exports ?? {})
  const entry = join(into, `empty-${name}.ts`)
  const lines = classes.map((one) => `export class ${one} extends DurableObject {}\n`)
  writeFileSync(
    entry,
    `import { DurableObject } from 'cloudflare:workers'\n${lines.join('')}export default { fetch: () => new Response('Nothing.') }\n`,
  )
  return { name: `empty-${name}`, entry, config, guard: 'none' }
}

/** The three with so many tools. */
export function withTools(count: number) {
  const many = (what: Build): Build => ({
    ...what,
    name: `${what.name}-${count}`,
    entry: `bench/workers/${what.name}-with-tools.ts`,
    define: { TOOLS: count },
  })
  return { twin: many(twin), ours: many(ours), peer: many(peer) }
}

/** Made in this run so far. */
const bundles = new Map<string, Promise<string>>()

/** Bundles a Worker, unless this run has done so already. @returns the file of the bundle */
export function build(what: Build, into: string, { minify } = { minify: true }): Promise<string> {
  const { entry, config, define } = what
  const key = JSON.stringify([entry, config, define, into, minify])
  const bundle =
    bundles.get(key) ?? bundleOf(what, join(into, minify ? what.name : `${what.name}-raw`), minify)
  bundles.set(key, bundle)
  return bundle
}

async function bundleOf(
  { entry, config, define = {} }: Build,
  folder: string,
  minify: boolean,
): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const defines = Object.entries(define).flatMap(([key, value]) => ['--define', `${key}:${value}`])
  const output = ['--outdir', folder, `--minify=${minify}`]
  await runWrangler(['deploy', entry, '--dry-run', '--config', config, ...output, ...defines], {
    environment: FIXTURE_ENVIRONMENT,
  })
  const file = readdirSync(folder).find((one) => one.endsWith('.js'))
  return join(folder, file as string)
}

/** In KiB. */
export interface Size {
  readonly plain: number
  readonly gzip: number
}

export function sizeOf(bundle: string): Size {
  const code = readFileSync(bundle)
  return { plain: code.byteLength / 1024, gzip: gzipSync(code).byteLength / 1024 }
}
