// The configuration of a deployment: wrangler.toml, and what only the deployment knows.
import { createHash } from 'node:crypto'
import { globSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Stopped } from './terminal.ts'

const BINDING = 'RECORDS'
/** A name that is valid in a hostname and as a file name. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/

interface Namespace {
  readonly binding: string
  readonly id?: string
}

/** The keys of wrangler.toml that matter here. */
export interface Configuration {
  readonly name: string
  readonly main: string
  /** How it is built. */
  readonly minify?: boolean
  readonly build?: object
  readonly define?: object
  readonly alias?: object
  readonly no_bundle?: boolean
  readonly base_dir?: string
  readonly find_additional_modules?: boolean
  readonly assets?: { readonly directory?: string }
  readonly account_id?: string
  readonly compliance_region?: string
  readonly workers_dev?: boolean
  readonly vars?: Readonly<Record<string, unknown>>
  readonly secrets?: { readonly required?: readonly string[] }
  readonly kv_namespaces?: readonly Namespace[]
  readonly ratelimits?: readonly { readonly namespace_id: string }[]
  readonly routes?: readonly (string | { readonly pattern: string })[]
  readonly route?: string | { readonly pattern: string }
}

/** A Worker, before or after its deployment. */
export interface Target {
  readonly worker: string
  readonly accountId: string | undefined
  readonly requiredSecrets: readonly string[]
  /** Whether wrangler.toml says which KV namespace it is. */
  readonly namesRecords: boolean
  /** The owner's origin: PUBLIC_URL, or the custom domain. Undefined: Cloudflare's, at workers.dev. */
  readonly origin: string | undefined
  readonly configuration: Configuration
}

/**
 * @param name another Worker than the one in wrangler.toml. The configuration then leaves out the addresses and the
 * records, which belong to the first one
 * @param vars settings that replace those of wrangler.toml
 * @throws Stopped
 */
export function readTarget(name?: string, vars: Readonly<Record<string, string>> = {}): Target {
  if (name !== undefined && !NAME.test(name)) {
    throw new Stopped('--worker takes a name of small letters, digits and dashes, such as gatehouse-staging.')
  }
  // Loaded here, since it takes a second: a command that refuses its options does not need it.
  const { experimental_readRawConfig } = createRequire(import.meta.url)(
    'wrangler',
  ) as typeof import('wrangler')
  const { rawConfig } = experimental_readRawConfig({ config: 'wrangler.toml' })
  const written = rawConfig as Configuration
  const { compliance_region: region = process.env.CLOUDFLARE_COMPLIANCE_REGION } = written
  if (region !== process.env.CLOUDFLARE_COMPLIANCE_REGION) {
    throw new Stopped(
      `Set CLOUDFLARE_COMPLIANCE_REGION=${region}, too: wrangler.toml says compliance_region.`,
    )
  }
  const configuration = name === undefined || name === written.name ? written : another(written, name)
  return targetOf({ ...configuration, vars: { ...configuration.vars, ...vars } })
}

function another(written: Configuration, name: string): Configuration {
  const { routes: _routes, route: _route, ratelimits = [], ...configuration } = written
  return {
    ...configuration,
    name,
    workers_dev: true,
    vars: { ...configuration.vars, PUBLIC_URL: '' },
    kv_namespaces: namespacesOf(configuration, undefined),
    ratelimits: ratelimits.map((one) => ({ ...one, namespace_id: countedFor(name, one.namespace_id) })),
  }
}

// Cloudflare counts by these numbers in a whole account: a flood at one Worker would block the other.
function countedFor(worker: string, namespaceId: string): string {
  const hash = createHash('sha256').update(`${worker} ${namespaceId}`).digest('hex')
  return String(Number.parseInt(hash.slice(0, 7), 16) + 1)
}

function targetOf(configuration: Configuration): Target {
  const [route = configuration.route] = configuration.routes ?? []
  const pattern = typeof route === 'string' ? route : route?.pattern
  const publicUrl = String(configuration.vars?.PUBLIC_URL ?? '')
  return {
    worker: configuration.name,
    accountId: configuration.account_id,
    requiredSecrets: configuration.secrets?.required ?? [],
    namesRecords: (configuration.kv_namespaces ?? []).some(
      ({ binding, id }) => binding === BINDING && id !== undefined,
    ),
    origin: publicUrl || (pattern && `https://${pattern.replace(/\/\*$/, '')}`) || undefined,
    configuration,
  }
}

/** The configuration with the origin that the Worker has. */
export function withOrigin(configuration: Configuration, origin = ''): Configuration {
  return { ...configuration, vars: { ...configuration.vars, PUBLIC_URL: origin } }
}

/** The configuration with an existing KV namespace, if any. */
export function withRecords(configuration: Configuration, id: string | undefined): Configuration {
  if (id === undefined) return configuration
  return { ...configuration, kv_namespaces: namespacesOf(configuration, id) }
}

function namespacesOf({ kv_namespaces = [] }: Configuration, recordsId: string | undefined): Namespace[] {
  return kv_namespaces.map(({ id, ...namespace }) => {
    const chosen = namespace.binding === BINDING ? recordsId : id
    return chosen === undefined ? namespace : { ...namespace, id: chosen }
  })
}

/** Makes wrangler read this configuration instead of wrangler.toml. */
export async function withConfigFile<T>(
  configuration: Configuration,
  use: (flags: readonly string[]) => Promise<T>,
): Promise<T> {
  // Beside wrangler.toml, because of its relative paths. One for each Worker and process: several may run.
  const file = `.wrangler-deployment.${configuration.name}.${process.pid}.json`
  writeFileSync(file, JSON.stringify(configuration))
  try {
    return await use(['--config', file])
  } finally {
    rmSync(file, { force: true })
  }
}

/** Removes those that killed runs have left behind. */
export function clearConfigFiles(worker: string): void {
  for (const file of globSync(`.wrangler-deployment.${worker}.*json`)) rmSync(file, { force: true })
}
