// What is deployed: wrangler.toml, and what only the deployment knows.
import { createHash } from 'node:crypto'
import { globSync, rmSync, writeFileSync } from 'node:fs'
import { experimental_readRawConfig } from 'wrangler'
import { Stopped } from './terminal.ts'

const BINDING = 'RECORDS'
/** A name that a hostname can have, and a file. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/

interface Namespace {
  readonly binding: string
  readonly id?: string
}

/** wrangler.toml as it is written, as far as it matters here. */
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
  readonly account_id?: string
  readonly workers_dev?: boolean
  readonly vars?: Readonly<Record<string, unknown>>
  readonly secrets?: { readonly required?: readonly string[] }
  readonly kv_namespaces?: readonly Namespace[]
  readonly ratelimits?: readonly { readonly namespace_id: string }[]
  readonly routes?: readonly (string | { readonly pattern: string })[]
  readonly route?: string | { readonly pattern: string }
}

/** A Worker that is to be deployed, or is. */
export interface Target {
  readonly worker: string
  readonly accountId: string | undefined
  readonly requiredSecrets: readonly string[]
  /** Whether wrangler.toml says which KV namespace it is. */
  readonly namesRecords: boolean
  /** The origin that was chosen: PUBLIC_URL, or the custom domain. Undefined: the one that Cloudflare gives, at workers.dev. */
  readonly origin: string | undefined
  readonly configuration: Configuration
}

/**
 * @param name another Worker than the one that wrangler.toml names: what belongs to that one alone, its addresses and
 * its records, is left out
 * @param vars settings in place of those of wrangler.toml
 * @throws Stopped
 */
export function readTarget(name?: string, vars: Readonly<Record<string, string>> = {}): Target {
  if (name !== undefined && !NAME.test(name)) {
    throw new Stopped('--worker takes a name of small letters, digits and dashes, such as gatehouse-staging.')
  }
  const { rawConfig } = experimental_readRawConfig({ config: 'wrangler.toml' })
  const written = rawConfig as Configuration
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

// An account counts by these numbers, whichever Worker asks: a flood of one would shut the other.
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

/** The configuration with the KV namespace to take, if there is one. */
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

/** Has wrangler read this configuration instead of wrangler.toml. */
export async function withConfigFile<T>(
  configuration: Configuration,
  use: (flags: readonly string[]) => Promise<T>,
): Promise<T> {
  // Beside wrangler.toml, whose relative paths it shares; one for each Worker and process, of which several may run.
  const file = `.wrangler-deployment.${configuration.name}.${process.pid}.json`
  writeFileSync(file, JSON.stringify(configuration))
  try {
    return await use(['--config', file])
  } finally {
    rmSync(file, { force: true })
  }
}

/** Removes those that runs which were killed have left behind. */
export function clearConfigFiles(worker: string): void {
  for (const file of globSync(`.wrangler-deployment.${worker}.*json`)) rmSync(file, { force: true })
}
