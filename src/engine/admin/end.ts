// What the owner ends: an app of a person, their sessions, passkeys or tokens, all of it, a registration. Each can be pressed
// again, until nothing is left.
import { PageError } from '../http/page-error.ts'
import { audit } from '../log/audit.ts'
import { closeRegistration, findRegistration, removeRegistration } from '../oauth/clients/overview-store.ts'
import { endGivenTo } from '../oauth/endpoints/end-given.ts'
import { type Ended, grantIdsOf, revokeGrants } from '../oauth/grants/user-store.ts'
import { accountOf } from '../people/account-store.ts'
import { orPage } from '../people/session.ts'
import { findPerson } from './directory/store.ts'

/** The user that an action of the owner concerns. */
export interface Subject {
  readonly userId: string
  /** The owner who ends it: a user id. */
  readonly actor: string
  /** The user id of the one who holds the passphrase. */
  readonly ownerId: string
}

/** @param clientId of the one app; undefined for all of them @throws OAuthError 503 */
export async function endApps(env: Env, { userId, actor }: Subject, clientId?: string): Promise<Ended> {
  const ids = await grantIdsOf(env, userId, clientId)
  return (await revokeGrants(env, ids, 'revoked_by_owner', actor)).outcome
}

/** Every session. @throws PageError 503 */
export async function endSessions(env: Env, { userId, actor }: Subject): Promise<Ended> {
  await orPage(accountOf(env, userId).signOutEverywhere('owner'))
  audit('signout.everywhere', { user: userId, by: 'owner', actor }, await shown(env, userId))
  return 'ended'
}

/** @throws PageError 503 */
export async function endPasskeys(env: Env, { userId, actor }: Subject): Promise<Ended> {
  if (!(await orPage(accountOf(env, userId).removePasskeys()))) return 'gone'
  audit('passkey.removed', { user: userId, by: 'owner', actor }, await shown(env, userId))
  return 'ended'
}

/** @throws PageError 503 */
export async function endTokens(env: Env, { userId, actor }: Subject): Promise<Ended> {
  if (!(await orPage(accountOf(env, userId).revokePersonalTokens()))) return 'gone'
  audit('personal_token.revoked', { user: userId, by: 'owner', actor }, await shown(env, userId))
  return 'ended'
}

/**
 * Every session and app of a person, who cannot come back until enablePerson().
 * @throws PageError 409 for themselves and the holder of the passphrase, 503 · OAuthError 503
 */
export async function disablePerson(env: Env, subject: Subject): Promise<Ended> {
  const { userId, actor, ownerId } = subject
  if (userId === actor || userId === ownerId) throw ownerStays()
  // First the way in: with a session the person could approve the next app, or has done so since.
  if (await orPage(accountOf(env, userId).disable())) {
    audit('account.disabled', { user: userId, by: 'owner', actor }, await shown(env, userId))
  }
  return (await endApps(env, subject)) === 'partly' ? 'partly' : 'ended'
}

/** @throws PageError 503 */
export async function enablePerson(env: Env, { userId, actor }: Subject): Promise<Ended> {
  if (!(await orPage(accountOf(env, userId).enable()))) return 'gone'
  audit('account.enabled', { user: userId, by: 'owner', actor }, await shown(env, userId))
  return 'ended'
}

/** A client, with every grant that it was given. @param key of its record @throws OAuthError 503 */
export async function endRegistration(env: Env, actor: string, key: string): Promise<Ended> {
  const registration = await findRegistration(env, key)
  if (!registration) return 'gone'
  const { clientId: client, name } = registration
  await closeRegistration(env, registration)
  if ((await endGivenTo(env, client, 'revoked_by_owner', actor)) === 'partly') return 'partly'
  await removeRegistration(env, registration)
  audit('client.removed', { client, by: 'owner', actor }, { app: name })
  return 'ended'
}

/** What the owner's page calls them. */
async function shown(env: Env, userId: string) {
  const person = await findPerson(env, userId)
  return person ? { person: { name: person.name } } : {}
}

/** Of the account that the passphrase opens: no other owner can lock its holder out. */
export function ownerStays(): PageError {
  return new PageError(
    409,
    'This account stays',
    'Your own account and that of the passphrase cannot be disabled. Only its holder deletes the data of the latter: `npm run passphrase` creates a new passphrase.',
    { href: '/admin', text: 'Your server' },
  )
}
