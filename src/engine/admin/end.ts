// What the owner ends: an app of a person, all of a person, a registration. Each can be pressed again, until nothing is
// left.
import { sha256 } from '../crypto/digest.ts'
import { audit } from '../log/audit.ts'
import { closeRegistration, findRegistration, removeRegistration } from '../oauth/clients/overview-store.ts'
import { grantIdsOfClient } from '../oauth/grants/list-store.ts'
import { type Ended, grantIdsOf, MAX_REVOKED_AT_ONCE, revokeGrants } from '../oauth/grants/user-store.ts'
import { accountOf } from '../people/account-store.ts'
import { isUserId } from '../people/identity.ts'
import { orPage } from '../people/session.ts'

/** @param actor the owner who ends it: a user id, here and below @throws OAuthError 503 */
export async function endApp(env: Env, actor: string, userId: string, clientId: string): Promise<Ended> {
  const ids = isUserId(userId) ? await grantIdsOf(env, userId, clientId) : []
  return (await revokeGrants(env, ids, 'revoked_by_owner', actor)).outcome
}

/** Every app and every session of a person. @throws OAuthError 503 · PageError 503 */
export async function endPerson(env: Env, actor: string, userId: string): Promise<Ended> {
  if (!isUserId(userId) || (await grantIdsOf(env, userId)).length === 0) return 'gone'
  // First the sessions: with one, the person could approve the next app, or has done so since.
  await orPage(accountOf(env, userId).signOutEverywhere('owner'))
  const { outcome, records } = await revokeGrants(
    env,
    await grantIdsOf(env, userId),
    'revoked_by_owner',
    actor,
  )
  const identity = records[0]?.identity
  audit('signout.everywhere', { user: userId, by: 'owner', actor }, identity ? { person: identity } : {})
  return outcome === 'gone' ? 'ended' : outcome
}

/** A client, with every grant that it was given. @param key of its record @throws OAuthError 503 */
export async function endRegistration(env: Env, actor: string, key: string): Promise<Ended> {
  const registration = await findRegistration(env, key)
  if (!registration) return 'gone'
  const { clientId: client, name } = registration
  await closeRegistration(env, registration)
  const ids = await grantIdsOfClient(env, await sha256(client), MAX_REVOKED_AT_ONCE + 1)
  const { outcome } = await revokeGrants(env, ids, 'revoked_by_owner', actor)
  if (outcome === 'partly') return 'partly'
  await removeRegistration(env, registration)
  audit('client.removed', { client, by: 'owner', actor }, { app: name })
  return 'ended'
}
