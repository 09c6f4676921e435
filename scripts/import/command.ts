// `npm run client -- import`: registers the clients of a server that uses workers-oauth-provider, with new ids and the
// same secrets. Without ids and --all it registers none: on the old server strangers could register, too.
import { type OwnedClient, ownedKey } from '#engine/oauth/clients/owned-store.ts'
import { entryOf, happened } from '../owned-app.ts'
import type { Records } from '../records.ts'
import { type ImportedClient, planImport, type Step } from './plan.ts'
import { readProvider } from './source.ts'

/** Clients that one call writes: Cloudflare takes 10,000 records. The next run continues after an interrupted one. */
const AT_ONCE = 1000

export interface Import {
  /** The id of a KV namespace, or a file that `wrangler kv bulk get` wrote. */
  readonly from: string
  /** Old ids of those to register. */
  readonly named: readonly string[]
  /** Register all but those that registered themselves. */
  readonly all: boolean
  /** Redirect URIs with an app's own scheme that are known here. */
  readonly ofApps: readonly string[]
}

/** What happened to each client of the old server, for programs. */
export interface Row {
  readonly old_client_id: string
  readonly client_id?: string
  readonly client_name: string
  readonly redirect_uris?: readonly string[]
  readonly token_endpoint_auth_method?: string
  readonly outcome: 'registered' | 'present' | 'importable' | 'left_out'
  /** Why it was left out. */
  readonly reason?: string
}

/** @throws Error when a named client does not exist there · whatever the records throw */
export async function importClients(records: Records, { from, named, all, ofApps }: Import): Promise<Row[]> {
  const found = await readProvider(from)
  const missing = named.find((id) => !found.some(({ clientId }) => clientId === id))
  if (missing !== undefined) throw new Error(`There is no client ${missing} in ${from}.`)
  const existing = await records.readAll<ImportedClient>(await records.names(ownedKey('owned_')))
  const steps = planImport(found, { existing, ofApps, named })
  const writes = all || named.length > 0
  if (writes) await register(records, steps)
  return steps.map((step) => rowOf(step, writes))
}

async function register(records: Records, steps: readonly Step[]): Promise<void> {
  const added = steps.flatMap((step) => (step.kind === 'new' ? [step.client] : []))
  for (let at = 0; at < added.length; at += AT_ONCE) {
    if (at > 0) console.error(`… ${at} of ${added.length} clients registered`)
    await records.write(...added.slice(at, at + AT_ONCE).flatMap(entriesOf))
  }
}

function entriesOf(client: OwnedClient) {
  return [entryOf(client), happened('client.registered', client)]
}

function rowOf(step: Step, writes: boolean): Row {
  const { oldId: old_client_id, name: client_name } = step
  if (step.kind === 'left_out')
    return { old_client_id, client_name, outcome: 'left_out', reason: step.reason }
  const { id, metadata } = step.client
  const isHere = writes || step.kind === 'present'
  return {
    old_client_id,
    ...(isHere && { client_id: id }),
    client_name,
    redirect_uris: metadata.redirect_uris,
    token_endpoint_auth_method: metadata.token_endpoint_auth_method,
    outcome: step.kind === 'present' ? 'present' : writes ? 'registered' : 'importable',
  }
}

/** A line for each. */
export function asTable(rows: readonly Row[]): string {
  const widths = [
    Math.max(6, ...rows.map(({ old_client_id }) => old_client_id.length)),
    Math.max(6, ...rows.map(({ client_id = '' }) => client_id.length)),
  ]
  const line = (old: string, now: string, app: string) =>
    `${old.padEnd(widths[0] ?? 0)}  ${now.padEnd(widths[1] ?? 0)}  ${app}`
  const lines = rows.map((row) => line(row.old_client_id, row.client_id ?? '–', appOf(row)))
  return [line('Old id', 'New id', 'App'), ...lines].join('\n')
}

function appOf({ client_name, redirect_uris, token_endpoint_auth_method, outcome, reason }: Row): string {
  if (outcome === 'left_out') return `${client_name} – left out: ${reason}`
  const kind = token_endpoint_auth_method === 'none' ? 'public' : token_endpoint_auth_method
  const note = outcome === 'present' ? ' – registered already' : ''
  return `${client_name} (${kind}, at ${redirect_uris?.join(' ')})${note}`
}
