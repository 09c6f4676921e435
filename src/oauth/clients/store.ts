// Registered clients: the object is the truth, KV the copy that /token reads near the client. KV is written only
// once a person has approved the client, so that strangers cannot use up its daily writes; and a KV miss is only
// ever a question to the object. Clients described by a document, and the owner's, have stores of
// their own.
import { waitUntil } from 'cloudflare:workers'
import { logError } from '../../log.ts'
import { OAuthError, orUnavailable } from '../errors.ts'
import type { Client, Lookup } from './client.ts'
import { confirmCopy, copyKey, removeCopy, renewCopy, writeCopy } from './copy-store.ts'
import { approveDescribed, findDescribed } from './document-store.ts'
import { isDocumentUrl } from './document-url.ts'
import type { ClientMetadata } from './metadata.ts'
import type { Change, ClientObject, Managed } from './object.ts'
import { findOwned, isOwnedId } from './owned-store.ts'

/** @throws OAuthError 503 */
export async function registerClient(
  env: Env,
  issuer: string,
  metadata: ClientMetadata,
  secretHash: string | undefined,
  managementHash: string,
): Promise<Client> {
  const objectId = env.CLIENTS.newUniqueId()
  const client: Client = {
    id: objectId.toString(),
    issuer,
    metadata,
    ...(secretHash !== undefined && { secretHash }),
    issuedAt: Math.floor(Date.now() / 1000),
  }
  await orUnavailable(env.CLIENTS.get(objectId).register(client, managementHash))
  return client
}

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

/** Keeps a client for as long as the grant that a person has just given it. @throws OAuthError `access_denied`, 503 */
export async function approveClient(env: Env, client: Client, grantEndsAt: number): Promise<void> {
  if (isOwnedId(client.id)) return
  if (isDocumentUrl(client.id)) return approveDescribed(env, client.id)
  const object = requireObject(env, client.id)
  const copy = await orUnavailable(object.approve(grantEndsAt))
  if (copy === 'gone') throw new OAuthError('access_denied', 'The app is not registered any more.')
  if (copy === 'published') return
  await orUnavailable(writeCopy(env, copy))
  // After the answer: it spares the next approval a write, and finds out whether a change has overtaken the copy.
  waitUntil(confirmCopy(env, object, copy).catch(logError))
}

/** The client that a registration access token may change; undefined when it is none's. @throws OAuthError 503 */
export async function findManaged(
  env: Env,
  issuer: string,
  clientId: string,
  managementHash: string,
): Promise<Managed | undefined> {
  const object = objectOf(env, clientId)
  const managed = object && (await orUnavailable(object.managedBy(managementHash)))
  return managed?.client.issuer === issuer ? managed : undefined
}

/**
 * Changes a client. Its copy goes first: if KV does not answer, nothing has changed. Until it is back, the token
 * endpoint asks the object. @throws OAuthError 503
 */
export async function updateClient(
  env: Env,
  managed: Managed,
  managementHash: string,
  client: Client,
): Promise<'done' | 'gone'> {
  const { published } = managed
  await removeCopy(env, managed)
  const object = requireObject(env, client.id)
  const change = unlessBusy(await orUnavailable(object.update(managementHash, published, client)))
  if (published) waitUntil(renewCopy(env, object, client.id, published.until).catch(logError))
  return change
}

/** Ends a client. First its copy, so that a failure in between leaves it as it was. @throws OAuthError 503 */
export async function endClient(
  env: Env,
  managed: Managed,
  managementHash: string,
): Promise<'done' | 'gone'> {
  await removeCopy(env, managed)
  const object = requireObject(env, managed.client.id)
  return unlessBusy(await orUnavailable(object.end(managementHash, managed.published)))
}

function unlessBusy(change: Change): 'done' | 'gone' {
  if (change !== 'busy') return change
  throw new OAuthError('temporarily_unavailable', 'A person allows this client just now. Try again.', {
    retryAfter: 1,
  })
}

/** Takes a client from whoever decides, and leaves the copy that lists show. @throws OAuthError 503 */
export async function closeClient(env: Env, clientId: string): Promise<void> {
  await orUnavailable(requireObject(env, clientId).remove())
}

function requireObject(env: Env, clientId: string): DurableObjectStub<ClientObject> {
  const object = objectOf(env, clientId)
  if (!object) throw unknownClient()
  return object
}

// An id that is not one of ours is refused here, without I/O.
function objectOf(env: Env, clientId: string): DurableObjectStub<ClientObject> | undefined {
  if (!/^[0-9a-f]{64}$/.test(clientId)) return undefined
  try {
    return env.CLIENTS.get(env.CLIENTS.idFromString(clientId))
  } catch {
    return undefined
  }
}

function unknownClient(): OAuthError {
  return new OAuthError('invalid_client', 'There is no such client. Register again.')
}
