// Brings the Worker to Cloudflare: what it consists of, and one `wrangler deploy`.
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { runWrangler, wrangler } from '../wrangler.ts'
import { type Configuration, withConfigFile } from './configuration.ts'
import { type Secrets, withSecretsFile } from './secrets.ts'

/** The Worker's code, built. */
export interface Bundle {
  readonly hash: string
  /** The file to begin with; beside it is whatever else belongs to it. */
  readonly main: string
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
    // Source maps name the folder in which they were made.
    const files = globSync('*.js', { cwd: folder }).toSorted()
    for (const file of files) hash.update(readFileSync(join(folder, file)))
    const main = join(folder, `${parse(configuration.main).name}.js`)
    return await use({ hash: hash.digest('hex'), main })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * A name for exactly this code with exactly this configuration, which the deployed version bears: what is deployed
 * already needs no deployment. Cloudflare keeps 25 characters of it.
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

// Else wrangler would build it again.
function asBuilt(configuration: Configuration, { main }: Bundle): Configuration {
  const { minify: _minify, build: _build, define: _define, alias: _alias, ...others } = configuration
  return { ...others, main, no_bundle: true, base_dir: dirname(main), find_additional_modules: true }
}
