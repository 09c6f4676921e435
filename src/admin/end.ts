// What the owner ends: an app of a person, all of a person, a registration. Each is asked of whoever decides, so that what
// is over already is found to be over; and each may be asked again, until nothing is left.
import type { Context } from 'hono'
import { accountOf } from '../account/store.ts'
import { isUserId } from '../identity.ts'
import { log } from '../log.ts'
import { orPage } from '../login/session.ts'
import {
  closeRegistration,
  findRegistration,
  removeRegistration,
} from '../oauth/clients/registrations-store.ts'
import type { GrantRecord } from '../oauth/grants/grant.ts'
import { grantIdsOfClient } from '../oauth/grants/list-store.ts'
import { grantIdsOf, MOST, revokeGrants } from '../oauth/grants/store.ts'
import { hashSecret } from '../oauth/tokens/secret.ts'
import type { AppEnv } from '../origin.ts'

/** `gone`: there was nothing to end. `partly`: there is more than one request can end. */
export type Ended = 'ended' | 'partly' | 'gone'

/** @throws OAuthError 503 */
export async function endApp({ env }: Context<AppEnv>, userId: string, clientId: string): Promise<Ended> {
  const ids = isUserId(userId) ? await grantIdsOf(env, userId, clientId) : []
  return outcomeOf(ids, await endGrants(env, ids))
}

/** Every app and every session of a person. @throws OAuthError 503 · PageError 503 */
export async function endPerson({ env }: Context<AppEnv>, userId: string): Promise<Ended> {
  if (!isUserId(userId) || (await grantIdsOf(env, userId)).length === 0) return 'gone'
  // First the sessions, with which they could let the next app in, or have done so since.
  await orPage(accountOf(env, userId).signOutEverywhere('owner'))
  const ids = await grantIdsOf(env, userId)
  const ended = await endGrants(env, ids)
  const [identity] = ended.map((record) => record.identity)
  log('signout.everywhere', { user: userId, by: 'owner' }, identity ? { person: identity } : {})
  return ids.length > MOST ? 'partly' : 'ended'
}

/** A client, with every grant that it was given. @param key of its record @throws OAuthError 503 */
export async function endRegistration({ env }: Context<AppEnv>, key: string): Promise<Ended> {
  const registration = await findRegistration(env, key)
  if (!registration) return 'gone'
  const { clientId: client, name } = registration
  await closeRegistration(env, registration)
  const ids = await grantIdsOfClient(env, await hashSecret(client), MOST + 1)
  await endGrants(env, ids)
  if (ids.length > MOST) return 'partly'
  await removeRegistration(env, registration)
  log('client.removed', { client, by: 'owner' }, { app: name })
  return 'ended'
}

function endGrants(env: Env, ids: readonly string[]): Promise<GrantRecord[]> {
  return revokeGrants(env, ids, 'revoked_by_owner')
}

function outcomeOf(ids: readonly string[], ended: readonly GrantRecord[]): Ended {
  if (ids.length > MOST) return 'partly'
  return ended.length > 0 ? 'ended' : 'gone'
}
