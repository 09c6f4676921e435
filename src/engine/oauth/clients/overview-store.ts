// Lists and removes the known clients: the approved ones, and the owner's. KV
// lists them, up to a minute late.
import { LIFETIME } from '#config'
import { orUnavailable } from '../../http/errors.ts'
import { type Client, displayName } from './client.ts'
import { forgetDocument } from './document-store.ts'
import type { ClientDocument } from './metadata-document.ts'
import { isOwnedId, type OwnedClient, revokedClientKey } from './owned-store.ts'
import { closeClient } from './registration-store.ts'

export interface Registration {
  /** Of its record. */
  readonly key: string
  readonly kind: 'registered' | 'described' | 'owned'
  readonly clientId: string
  readonly name: string
  readonly redirectUris: readonly string[]
  /** Milliseconds since the epoch; for a document, the time of the fetch. */
  readonly since: number
}

/** Where a list goes on: which prefix, and from where in it. */
export interface Position {
  readonly prefix: number
  readonly cursor: string | undefined
}

const PREFIXES = ['client:', 'cimd:']
const KEY = /^(client:[0-9a-f]{64}|client:owned_[\w-]{22}|cimd:[\w-]{43})$/

/** The next `limit` of them, or less. @throws OAuthError 503 */
export async function listRegistrations(
  env: Env,
  limit: number,
  from: Position = { prefix: 0, cursor: undefined },
): Promise<{ registrations: Registration[]; next: Position | undefined }> {
  const names: string[] = []
  let position: Position | undefined = from
  while (position && names.length < limit) {
    const page = await listNames(env, limit - names.length, position)
    names.push(...page.names)
    position = page.next
  }
  const found = await Promise.all(names.map((name) => findRegistration(env, name)))
  return { registrations: found.filter((one) => one !== undefined), next: position }
}

async function listNames(
  env: Env,
  limit: number,
  { prefix, cursor }: Position,
): Promise<{ names: string[]; next: Position | undefined }> {
  const known = PREFIXES[prefix]
  // A position that is none of ours.
  if (known === undefined) return { names: [], next: undefined }
  const options = { prefix: known, limit, ...(cursor !== undefined && { cursor }) }
  const page = await orUnavailable(env.RECORDS.list(options))
  const further = prefix + 1 < PREFIXES.length ? { prefix: prefix + 1, cursor: undefined } : undefined
  return {
    names: page.keys.map(({ name }) => name),
    next: page.list_complete ? further : { prefix, cursor: page.cursor },
  }
}

/** Undefined when there is no such record. @throws OAuthError 503 */
export async function findRegistration(env: Env, key: string): Promise<Registration | undefined> {
  if (!KEY.test(key)) return undefined
  const record = await orUnavailable(
    env.RECORDS.get<Client | OwnedClient | ClientDocument>(key, { type: 'json' }),
  )
  if (!record) return undefined
  const described = 'clientId' in record
  const client = described ? { id: record.clientId, metadata: record.metadata } : record
  return {
    key,
    kind: described ? 'described' : isOwnedId(client.id) ? 'owned' : 'registered',
    clientId: client.id,
    name: displayName(client),
    redirectUris: client.metadata.redirect_uris,
    since: described ? record.fetchedAt : record.issuedAt * 1000,
  }
}

/**
 * From now on no user can approve it, and its own tokens are refused. Its record stays until removeRegistration(),
 * so that an end which fails halfway can be asked for again. @throws OAuthError 503
 */
export async function closeRegistration(env: Env, { kind, clientId }: Registration): Promise<void> {
  if (kind === 'registered') await closeClient(env, clientId)
  if (kind !== 'owned') return
  const expirationTtl = LIFETIME.accessToken + 300
  await orUnavailable(env.RECORDS.put(revokedClientKey(clientId), 'removed', { expirationTtl }))
}

/** @throws OAuthError 503 */
export async function removeRegistration(env: Env, { key, kind, clientId }: Registration): Promise<void> {
  if (kind === 'described') await forgetDocument(env, clientId)
  else await orUnavailable(env.RECORDS.delete(key))
}
