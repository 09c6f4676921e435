// Clients described by a document: the document is the truth, KV the copy that bridges its absence, written only
// once a person has approved the client, so that strangers' addresses cannot use up KV's daily writes.
import { BoundedMap } from '../../cache/bounded-map.ts'
import { Lost, SingleFlight } from '../../cache/single-flight.ts'
import { fetchFor } from '../../http/counted-fetch.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Client, Lookup } from './client.ts'
import { deleteCopy, readCopy, writeCopy } from './document-copy-store.ts'
import { requireDocumentUrl } from './document-url.ts'
import {
  type ClientDocument,
  DocumentUnavailable,
  fetchDocument,
  isFresh,
  mayStandIn,
  TIMEOUT_MS,
} from './metadata-document.ts'

const MAX_REMEMBERED = 1000

/** Documents that this isolate has seen lately. Strangers can push one out: KV has it, once a person has approved it. */
const documents = new BoundedMap<string, ClientDocument>(MAX_REMEMBERED)

const searches = new SingleFlight<string, ClientDocument>(TIMEOUT_MS + 1000)

export async function findDescribed(lookup: Lookup, clientId: string): Promise<Client> {
  const { settings, issuer } = lookup
  const url = requireDocumentUrl(settings, issuer, clientId)
  const remembered = documents.get(clientId)
  const document = remembered && isFresh(remembered) ? remembered : await search(lookup, url)
  return {
    id: clientId,
    issuer,
    metadata: document.metadata,
    issuedAt: Math.floor(document.fetchedAt / 1000),
  }
}

function search(lookup: Lookup, url: URL): Promise<ClientDocument> {
  return searches
    .join(url.href, () => findDocument(lookup, url))
    .catch((error: unknown) => {
      throw error instanceof Lost ? unreadable(error) : error
    })
}

// Fresh from KV, else from its address, else an older copy while the address does not answer.
async function findDocument(lookup: Lookup, url: URL): Promise<ClientDocument> {
  const remembered = documents.get(url.href)
  const copy = await readCopy(lookup.env, url.href)
  const known = copy && copy.fetchedAt > (remembered?.fetchedAt ?? 0) ? copy : remembered
  const document = known && isFresh(known) ? known : await refetch(lookup, url, known)
  documents.set(url.href, document)
  return document
}

async function refetch(lookup: Lookup, url: URL, known: ClientDocument | undefined): Promise<ClientDocument> {
  try {
    return await fetchFor(lookup, url.href, () => fetchDocument(url.href, lookup.settings.appRedirectUris))
  } catch (error) {
    const isInvalid = error instanceof OAuthError && error.code === 'invalid_client'
    if (!isInvalid && known && mayStandIn(known)) return known
    if (error instanceof DocumentUnavailable) throw unreadable(error)
    if (!isInvalid) throw error
    // The client has taken its document back, or broken it: no older copy speaks for it any more.
    if (known) await forgetDocument(lookup.env, url.href)
    throw error
  }
}

/** Once a person has approved it, and again when the copy is older than the document that they saw. */
export async function approveDescribed(env: Env, clientId: string): Promise<void> {
  const document = documents.get(clientId)
  const copy = await readCopy(env, clientId)
  if (!document || (copy && copy.fetchedAt >= document.fetchedAt)) return
  await writeCopy(env, document)
}

/** Here and in KV. Other isolates keep it while it is fresh, and any request can bring it back. @throws OAuthError 503 */
export async function forgetDocument(env: Env, clientId: string): Promise<void> {
  documents.delete(clientId)
  if (await readCopy(env, clientId)) await deleteCopy(env, clientId)
}

function unreadable(cause: unknown): OAuthError {
  const description = 'The client metadata document could not be fetched just now.'
  return new OAuthError('temporarily_unavailable', description, { retryAfter: 30, cause })
}
