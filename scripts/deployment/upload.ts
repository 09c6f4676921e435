// Uploads the Worker to Cloudflare with one `wrangler deploy`.
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { gzipSync } from 'node:zlib'
import { runWrangler, wrangler } from '../wrangler.ts'
import { type Configuration, withConfigFile } from './configuration.ts'
import { type Secrets, withSecretsFile } from './secrets.ts'

/** The Worker's code, built. */
export interface Bundle {
  /** Of the code, and of the static files beside it. */
  readonly hash: string
  /** The main file; its other files lie beside it. */
  readonly main: string
  /** By gzip, as Cloudflare counts. */
  readonly compressedBytes: number
}

/** Builds the Worker for as long as `use` takes. @throws WranglerError when it cannot be built */
export async function withBundle<T>(
  configuration: Configuration,
  use: (bundle: Bundle) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  try {
    await withConfigFile(configuration, (flags) =>
      wrangler('deploy', '--dry-run', '--outdir', folder, ...flags),
    )
    const hash = createHash('sha256')
    // Source maps contain the path of the folder.
    const files = globSync('*.js', { cwd: folder }).toSorted()
    const contents = files.map((file) => readFileSync(join(folder, file)))
    for (const content of contents) hash.update(content)
    for (const file of filesIn(configuration.assets?.directory)) hash.update(file).update(readFileSync(file))
    const main = join(folder, `${parse(configuration.main).name}.js`)
    const compressedBytes = gzipSync(Buffer.concat(contents)).length
    return await use({ hash: hash.digest('hex'), main, compressedBytes })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The static files that are deployed with the code. */
function filesIn(directory: string | undefined): string[] {
  if (directory === undefined) return []
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? join(entry.parentPath, entry.name) : [])).toSorted()
}

/**
 * A hash of this code with this configuration. The deployed version carries it, so that a run without changes deploys
 * nothing. Cloudflare keeps 25 characters of it.
 */
export function tagOf({ hash: code }: Bundle, configuration: Configuration): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const hash = createHash('sha256').update(code).update(JSON.stringify(configuration))
  return `${version}-${hash.digest('hex').slice(0, 12)}`
}

/** Deploys. @param message for the version. Returns the addresses that the Worker has, as wrangler writes them. @throws WranglerError */
export async function upload(
  bundle: Bundle,
  configuration: Configuration,
  secrets: Secrets,
  { tag, message }: { tag: string; message: string | undefined },
): Promise<readonly string[]> {
  const { report } = await withConfigFile(asBuilt(configuration, bundle), (config) =>
    withSecretsFile(configuration.name, secrets, (file) =>
      runWrangler(['deploy', '--tag', tag, ...(message ? ['--message', message] : []), ...config, ...file]),
    ),
  )
  const deployed = report.find(({ type }) => type === 'deploy')
  return (deployed?.targets ?? []) as string[]
}

// Otherwise wrangler would build it again.
function asBuilt(configuration: Configuration, { main }: Bundle): Configuration {
  const { minify: _minify, build: _build, define: _define, alias: _alias, ...others } = configuration
  return { ...others, main, no_bundle: true, base_dir: dirname(main), find_additional_modules: true }
}
