// Ending what a client was given, when its registration ends: by the owner, or by itself (RFC 7592 §2.3).
import { forgetGiven, grantsGivenTo } from '../clients/given-store.ts'
import type { RevocationReason } from '../grants/grant.ts'
import { type Ended, MAX_REVOKED_AT_ONCE, revokeGrants } from '../grants/user-store.ts'

/**
 * Ends the first MAX_REVOKED_AT_ONCE of its grants.
 * @param actor the owner who ends them, where one does: a user id
 * @throws OAuthError 503
 */
export async function endGivenTo(
  env: Env,
  clientId: string,
  reason: RevocationReason,
  actor?: string,
): Promise<Ended> {
  const ids = await grantsGivenTo(env, clientId, MAX_REVOKED_AT_ONCE + 1)
  const { outcome } = await revokeGrants(env, ids, reason, actor)
  await forgetGiven(env, clientId, ids.slice(0, MAX_REVOKED_AT_ONCE))
  return outcome
}
