// The clients of a server that uses Cloudflare's workers-oauth-provider. It keeps each as JSON in its KV namespace,
// OAUTH_KV, under `client:<id>`.
import { readFileSync } from 'node:fs'
import { namespaceStore } from '../remote-records.ts'

const PREFIX = 'client:'
const NAMESPACE_ID = /^[0-9a-f]{32}$/
/** The most records that Cloudflare returns in one call. */
const AT_ONCE = 100
/** Cloudflare needs some seconds for as many. */
const BETWEEN_LINES = 1000

/** A record as it is stored. Strangers wrote most of it, by registration. */
export type ProviderRecord = Readonly<Record<string, unknown>>

/**
 * @param from the id of a KV namespace, or a file that `wrangler kv bulk get` wrote
 * @throws CloudflareError · Error when the file does not exist or has another form
 */
export async function readProvider(from: string): Promise<ProviderRecord[]> {
  const values = NAMESPACE_ID.test(from) ? await valuesOfNamespace(from) : valuesOfFile(from)
  return values.map(parsed)
}

async function valuesOfNamespace(id: string): Promise<string[]> {
  const store = namespaceStore(id)
  const names = await store.names(PREFIX)
  const found: string[] = []
  for (let at = 0; at < names.length; at += AT_ONCE) {
    if (at > 0 && at % BETWEEN_LINES === 0) console.error(`… ${at} of ${names.length} clients read`)
    const values = await store.readAll(names.slice(at, at + AT_ONCE))
    found.push(...values.filter((value) => value !== null))
  }
  return found
}

/** Of a deployed server, wrangler writes the values themselves; of a local one, objects around them. */
function valuesOfFile(file: string): string[] {
  const content = parsed(readFileSync(file, 'utf8'))
  return Object.entries(content).flatMap(([key, one]) => {
    const value = typeof one === 'object' && one !== null && 'value' in one ? one.value : one
    return key.startsWith(PREFIX) && typeof value === 'string' ? [value] : []
  })
}

/** Without any field if it is no JSON object. */
function parsed(text: string): ProviderRecord {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
