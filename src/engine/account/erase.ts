// Deletes a user's data. Sessions and passkeys go last, in one step with the rest of the account, so that
// the user can repeat a deletion that failed half way, and the steps already done stay done.
import { PageError, type Way } from '../http/page-error.ts'
import { audit } from '../log/audit.ts'
import { eraseEvents } from '../log/audit-store.ts'
import { logError } from '../log/log.ts'
import { grantIdsOf, revokeGrants } from '../oauth/grants/user-store.ts'
import type { Forget } from '../people/account-object.ts'
import { accountOf } from '../people/account-store.ts'
import { forgetAddresses } from '../people/addresses-store.ts'
import type { Identity } from '../people/identity.ts'
import { loadSettings } from '../settings/load.ts'

/** `partly`: there is more than one request can delete, or something came in between. */
export type Erased = 'erased' | 'partly'

interface Asked {
  readonly by: 'user' | 'owner'
  /** The owner who asked, where one did: a user id. */
  readonly actor?: string
  /** The user's identity, where known. */
  readonly identity?: Identity
  /** Where it can be asked again. */
  readonly again: Way
}

/** @param forget how tools delete what they keep @throws PageError 503 */
export async function erasePerson(
  env: Env,
  userId: string,
  forget: Forget,
  { by, actor, identity, again }: Asked,
): Promise<Erased> {
  const erased = await erase(env, userId, forget, identity).catch((error: unknown) => {
    logError(error)
    throw new PageError(
      503,
      'Not everything is deleted yet',
      'Something did not answer just now. Wait a moment, then do it again: it goes on with what is left.',
      again,
    )
  })
  // Without the name, which would be kept by this.
  const person = identity?.expiresAt === undefined ? {} : { expiresAt: identity.expiresAt }
  if (erased === 'erased')
    audit('account.erased', { user: userId, by, ...(actor !== undefined && { actor }) }, { person })
  return erased
}

/** How many approvals a deletion that was not complete has left. @throws OAuthError 503 */
export async function leftOf(env: Env, userId: string): Promise<number> {
  return (await grantIdsOf(env, userId)).length
}

async function erase(
  env: Env,
  userId: string,
  forget: Forget,
  identity: Identity | undefined,
): Promise<Erased> {
  const ids = await grantIdsOf(env, userId)
  const { outcome, records } = await revokeGrants(env, ids, 'account_erased')
  if (outcome === 'partly') return 'partly'
  await forget(env, userId)
  await eraseEvents(env, userId)
  const identities = [...(identity ? [identity] : []), ...records.map((record) => record.identity)]
  await forgetAddresses(env, loadSettings(env), identities)
  return (await accountOf(env, userId).erase(userId, ids)) ? 'erased' : 'partly'
}
