// Brings the Worker to Cloudflare: what it consists of, and one `wrangler deploy`.
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runWrangler, wrangler } from '../wrangler.ts'
import { type Configuration, withConfigFile } from './configuration.ts'
import { type Secrets, withSecretsFile } from './secrets.ts'

/** A hash of the built code. @throws WranglerError when it cannot be built */
export async function codeHash(configuration: Configuration): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  try {
    await withConfigFile(configuration, (flags) =>
      wrangler('deploy', '--dry-run', '--outdir', folder, ...flags),
    )
    const hash = createHash('sha256')
    // Source maps name the folder in which they were made.
    for (const file of globSync('*.js', { cwd: folder }).toSorted())
      hash.update(readFileSync(join(folder, file)))
    return hash.digest('hex')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * A name for exactly this code with exactly this configuration, which the deployed version bears: what is deployed
 * already needs no deployment. Cloudflare keeps 25 characters of it.
 */
export function tagOf(code: string, configuration: Configuration): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const hash = createHash('sha256').update(code).update(JSON.stringify(configuration))
  return `${version}-${hash.digest('hex').slice(0, 12)}`
}

/** Deploys. Returns the addresses that the Worker has, as wrangler writes them. @throws WranglerError */
export async function upload(
  configuration: Configuration,
  secrets: Secrets,
  tag: string,
): Promise<readonly string[]> {
  const { report } = await withConfigFile(configuration, (config) =>
    withSecretsFile(configuration.name, secrets, (file) =>
      runWrangler(['deploy', '--tag', tag, ...config, ...file]),
    ),
  )
  const deployed = report.find(({ type }) => type === 'deploy')
  return (deployed?.targets ?? []) as string[]
}
