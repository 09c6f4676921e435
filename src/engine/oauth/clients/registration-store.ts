// The life of a registered client: registered, approved, changed, ended. KV is written once a person has approved the
// client, so that strangers cannot use up its daily writes.
import { waitUntil } from 'cloudflare:workers'
import { OAuthError, orUnavailable, tooOften } from '../../http/errors.ts'
import { logError } from '../../log/log.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import type { Client } from './client.ts'
import { publishCopy, removeCopy, renewCopy } from './copy-store.ts'
import { approveDescribed } from './document-store.ts'
import { isDocumentUrl } from './document-url.ts'
import { rememberGiven } from './given-store.ts'
import type { ClientMetadata } from './metadata.ts'
import type { Change, ClientObject, Managed } from './object.ts'
import { isOwnedId } from './owned-store.ts'
import { objectOf, unknownClient } from './store.ts'

/** @throws OAuthError 503 */
export async function registerClient(
  env: Env,
  issuer: string,
  metadata: ClientMetadata,
  secretHash: string | undefined,
  managementHash: string,
): Promise<Client> {
  const clients = inJurisdiction(env, env.CLIENTS)
  const objectId = clients.newUniqueId()
  const client: Client = {
    id: objectId.toString(),
    issuer,
    metadata,
    ...(secretHash !== undefined && { secretHash }),
    issuedAt: Math.floor(Date.now() / 1000),
  }
  await orUnavailable(clients.get(objectId).register(client, managementHash))
  return client
}

/**
 * Keeps a client for as long as the grant that a person has just given it, and remembers that grant.
 * @throws OAuthError `access_denied`, 503
 */
export async function approveClient(
  env: Env,
  client: Client,
  grantEndsAt: number,
  grantId: string,
): Promise<void> {
  if (isOwnedId(client.id)) return rememberGiven(env, client.id, grantEndsAt, grantId)
  if (isDocumentUrl(client.id)) {
    await rememberGiven(env, client.id, grantEndsAt, grantId)
    // After the answer: the copy is only for a time when the document cannot be fetched.
    waitUntil(approveDescribed(env, client.id).catch(logError))
    return
  }
  const object = requireObject(env, client.id)
  const copy = await orUnavailable(object.approve(grantEndsAt, grantId))
  if (copy === 'gone') throw new OAuthError('access_denied', 'The app is not registered any more.')
  // After the answer: until the copy is there, the token endpoint asks the object.
  if (copy !== 'published') waitUntil(publishCopy(env, object, copy).catch(logError))
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

/** Changes a client. Until its copy is back, the token endpoint asks the object. @throws OAuthError 429, 503 */
export async function updateClient(
  env: Env,
  managed: Managed,
  managementHash: string,
  client: Client,
): Promise<'done' | 'gone'> {
  // Nothing is written that changes nothing.
  if (isSame(client, managed.client)) return 'done'
  if (managed.waitSeconds > 0) throw tooOften(managed.waitSeconds)
  return withoutCopy(env, managed, managementHash, async (object, published) => {
    const change = await object.update(managementHash, published, client)
    if (published && change !== 'busy')
      waitUntil(renewCopy(env, object, client.id, published.until).catch(logError))
    return change
  })
}

function isSame(one: Client, other: Client): boolean {
  const [a, b] = [one, other].map(({ metadata, secretHash }) => JSON.stringify([metadata, secretHash]))
  return a === b
}

/** Ends a client. @throws OAuthError 503 */
export async function endClient(
  env: Env,
  managed: Managed,
  managementHash: string,
): Promise<'done' | 'gone'> {
  return withoutCopy(env, managed, managementHash, (object, published) =>
    object.end(managementHash, published),
  )
}

/**
 * Makes a change after the copy is removed, so that a failure in between leaves the client as it was. An approval can
 * write the copy again meanwhile: then all of it once more. An approval writes one in months, so this ends.
 */
async function withoutCopy(
  env: Env,
  managed: Managed,
  managementHash: string,
  make: (object: DurableObjectStub<ClientObject>, removed: Managed['published']) => Promise<Change>,
): Promise<'done' | 'gone'> {
  const object = requireObject(env, managed.client.id)
  let known: Managed | undefined = managed
  while (known) {
    await removeCopy(env, known)
    const change = await orUnavailable(make(object, known.published))
    if (change !== 'busy') return change
    known = await orUnavailable(object.managedBy(managementHash))
  }
  return 'gone'
}

/** Ends a client at its object or record, and keeps the copy for lists. @throws OAuthError 503 */
export async function closeClient(env: Env, clientId: string): Promise<void> {
  await orUnavailable(requireObject(env, clientId).remove())
}

function requireObject(env: Env, clientId: string): DurableObjectStub<ClientObject> {
  const object = objectOf(env, clientId)
  if (!object) throw unknownClient()
  return object
}
