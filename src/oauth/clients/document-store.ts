// Clients described by a document: the document is the truth, KV the copy that bridges its absence, written only
// once a person has approved the client, so that strangers' addresses cannot use up KV's daily writes.
import { withinLimit } from '../../limits.ts'
import { OAuthError, orUnavailable, tooOften } from '../errors.ts'
import { hashSecret } from '../tokens/secret.ts'
import type { Client, Lookup } from './client.ts'
import { requireDocumentUrl } from './document-url.ts'
import {
  type ClientDocument,
  DocumentUnavailable,
  fetchDocument,
  isFresh,
  mayStandIn,
  TIMEOUT_MS,
} from './metadata-document.ts'

const COPY_SECONDS = 8 * 24 * 60 * 60
const MAX_REMEMBERED = 1000

/** Documents that this isolate has seen lately. */
const documents = new Map<string, ClientDocument>()

const underway = new Map<string, Promise<ClientDocument>>()

export async function findDescribed(lookup: Lookup, clientId: string): Promise<Client> {
  const { config, issuer } = lookup
  const url = requireDocumentUrl(config, issuer, clientId)
  const remembered = documents.get(clientId)
  const document = remembered && isFresh(remembered) ? remembered : await joined(lookup, url)
  return {
    id: clientId,
    issuer,
    metadata: document.metadata,
    issuedAt: Math.floor(document.fetchedAt / 1000),
  }
}

// One search for all who ask at the same time. Should the request that began it be cut off, the others must not
// wait for it for ever.
async function joined(lookup: Lookup, url: URL): Promise<ClientDocument> {
  const search = underway.get(url.href) ?? findDocument(lookup, url).finally(() => underway.delete(url.href))
  underway.set(url.href, search)
  const patience = scheduler.wait(TIMEOUT_MS + 1000).then(() => {
    if (underway.get(url.href) === search) underway.delete(url.href)
    throw unreadable(new DocumentUnavailable('Nobody came back with it.'))
  })
  return Promise.race([search, patience])
}

// Fresh from KV, else from its address, else an older copy while the address does not answer.
async function findDocument(lookup: Lookup, url: URL): Promise<ClientDocument> {
  const remembered = documents.get(url.href)
  const copy = await readCopy(lookup.env, url.href)
  const known = copy && copy.fetchedAt > (remembered?.fetchedAt ?? 0) ? copy : remembered
  const document = known && isFresh(known) ? known : await refetch(lookup, url, known)
  remember(url.href, document)
  return document
}

async function refetch(lookup: Lookup, url: URL, known: ClientDocument | undefined): Promise<ClientDocument> {
  if (!(await mayFetch(lookup, url))) {
    if (known && mayStandIn(known)) return known
    throw tooOften()
  }
  try {
    return await fetchDocument(url.href)
  } catch (error) {
    if (error instanceof DocumentUnavailable && known && mayStandIn(known)) return known
    if (error instanceof DocumentUnavailable) throw unreadable(error)
    // The client has taken its document back, or broken it: no older copy speaks for it any more.
    if (known) await forget(lookup.env, url.href)
    throw error
  }
}

// One document host, and one address that asks, may each cause only so many fetches.
async function mayFetch({ env, address }: Lookup, url: URL): Promise<boolean> {
  if (address !== undefined && !(await withinLimit(env.CLIENT_DOCUMENT_LIMIT, `for ${address}`))) return false
  return withinLimit(env.CLIENT_DOCUMENT_LIMIT, `from ${url.host}`)
}

async function readCopy(env: Env, clientId: string): Promise<ClientDocument | undefined> {
  // Without KV there is still the document itself.
  const copy = await env.RECORDS.get<ClientDocument>(await copyKey(clientId), { type: 'json' }).catch(
    () => null,
  )
  return copy ?? undefined
}

/** Once a person has approved it, and again when the copy is older than the document that they saw. */
export async function approveDescribed(env: Env, clientId: string): Promise<void> {
  const document = documents.get(clientId)
  const copy = await readCopy(env, clientId)
  if (!document || (copy && copy.fetchedAt >= document.fetchedAt)) return
  const body = JSON.stringify(document)
  await orUnavailable(env.RECORDS.put(await copyKey(clientId), body, { expirationTtl: COPY_SECONDS }))
}

/** Here and in KV. Other isolates remember it for as long as it is fresh, and anybody can show it again. @throws OAuthError 503 */
export async function forget(env: Env, clientId: string): Promise<void> {
  documents.delete(clientId)
  if (await readCopy(env, clientId)) await orUnavailable(env.RECORDS.delete(await copyKey(clientId)))
}

function remember(clientId: string, document: ClientDocument): void {
  documents.delete(clientId)
  documents.set(clientId, document)
  const oldest = documents.keys().next().value
  if (documents.size > MAX_REMEMBERED && oldest !== undefined) documents.delete(oldest)
}

// A hash, since a key holds 512 bytes and a client id may be longer.
async function copyKey(clientId: string): Promise<string> {
  return `cimd:${await hashSecret(clientId)}`
}

function unreadable(cause: unknown): OAuthError {
  const description = 'The client metadata document could not be fetched just now.'
  return new OAuthError('temporarily_unavailable', description, { retryAfter: 30, cause })
}
