// Finding a client. The object of a registered client is the truth, KV the copy that /token reads near the client; a KV
// miss is only ever a question to the object. Clients described by a document, and the owner's, have stores of their own.
import { OAuthError, orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import type { Client, Lookup } from './client.ts'
import { copyKey } from './copy-store.ts'
import { findDescribed } from './document-store.ts'
import { isDocumentUrl } from './document-url.ts'
import type { ClientObject } from './object.ts'
import { findOwned, isOwnedId } from './owned-store.ts'

/** The client as it is now: for decisions that a person makes. @throws OAuthError `invalid_client`, 429, 503 */
export async function findClient(lookup: Lookup, clientId: string): Promise<Client> {
  if (isOwnedId(clientId)) return findOwned(lookup, clientId)
  return isDocumentUrl(clientId) ? findDescribed(lookup, clientId) : findRegistered(lookup, clientId)
}

async function findRegistered({ env, issuer }: Lookup, clientId: string): Promise<Client> {
  const object = objectOf(env, clientId)
  const client = object && (await orUnavailable(object.read()))
  if (client?.issuer !== issuer) throw unknownClient()
  return client
}

/** The client as the nearest copy knows it: for the token endpoint. @throws OAuthError `invalid_client`, 503 */
export async function findApprovedClient(lookup: Lookup, clientId: string): Promise<Client> {
  const { env, issuer } = lookup
  if (isOwnedId(clientId)) return findOwned(lookup, clientId)
  if (isDocumentUrl(clientId)) return findDescribed(lookup, clientId)
  if (!objectOf(env, clientId)) throw unknownClient()
  // Whatever is wrong with KV, the object still knows.
  const copy = await env.RECORDS.get<Client>(copyKey(clientId), { type: 'json', cacheTtl: 60 }).catch(
    () => null,
  )
  return copy?.issuer === issuer ? copy : findRegistered(lookup, clientId)
}

/** Undefined for an id that is not of our namespace: it is refused without I/O. */
export function objectOf(env: Env, clientId: string): DurableObjectStub<ClientObject> | undefined {
  if (!/^[0-9a-f]{64}$/.test(clientId)) return undefined
  try {
    const clients = inJurisdiction(env, env.CLIENTS)
    return clients.get(clients.idFromString(clientId))
  } catch {
    return undefined
  }
}

export function unknownClient(): OAuthError {
  return new OAuthError('invalid_client', 'There is no such client. Register again.')
}
