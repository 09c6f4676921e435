// The grants of one user: which there are, and ending many of them.
import { orUnavailable } from '../../http/errors.ts'
import { accountOf } from '../../people/account-store.ts'
import type { GrantRecord, RevocationReason } from './grant.ts'
import type { GrantDescription } from './object.ts'
import { grantOf, revokeGrant } from './store.ts'

/** The live grants of a user, the newest first. @throws OAuthError 503 */
export async function grantsOf(env: Env, userId: string): Promise<GrantDescription[]> {
  return describeGrants(env, await grantIdsOf(env, userId))
}

/**
 * The ids of a user's grants, the newest first, or of those that they gave to one client.
 * @throws OAuthError 503
 */
export async function grantIdsOf(env: Env, userId: string, clientId?: string): Promise<string[]> {
  const account = accountOf(env, userId)
  return orUnavailable(clientId === undefined ? account.grantIds() : account.grantIdsFor(clientId))
}

/** Those of the grants that are live. @throws OAuthError 503 */
export async function describeGrants(env: Env, ids: readonly string[]): Promise<GrantDescription[]> {
  const descriptions = await orUnavailable(Promise.all(ids.map((id) => grantOf(env, id)?.describe())))
  return descriptions.filter((description) => description !== undefined)
}

/** How many grants one request ends: a Worker may ask others only so often. */
export const MAX_REVOKED_AT_ONCE = 100

/** `gone`: there was nothing to end. `partly`: there is more than one request can end. */
export type Ended = 'ended' | 'partly' | 'gone'

interface Revoked {
  readonly outcome: Ended
  /** The grants that were not over already, as they were. */
  readonly records: readonly GrantRecord[]
}

/**
 * Ends the first of these grants, as many as MAX_REVOKED_AT_ONCE.
 * @param actor the owner who ends them, where one does: a user id
 * @throws OAuthError 503
 */
export async function revokeGrants(
  env: Env,
  ids: readonly string[],
  reason: RevocationReason,
  actor?: string,
): Promise<Revoked> {
  const first = ids.slice(0, MAX_REVOKED_AT_ONCE)
  const ended = await Promise.all(first.map((id) => revokeGrant(env, id, reason, actor)))
  const records = ended.filter((record) => record !== undefined)
  const isAll = first.length === ids.length
  return { records, outcome: isAll ? (records.length > 0 ? 'ended' : 'gone') : 'partly' }
}
