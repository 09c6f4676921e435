// The Worker's way to a grant: redeem, rotate, confirm, revoke, ask. Hashes are made here, before the object is called, so
// that nothing inside it has to wait. Storage that does not answer is 503, never a refusal.
import { sha256 } from '../../crypto/digest.ts'
import { randomSecret } from '../../crypto/secrets.ts'
import { orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import { bound, formatHandle, type Handle, successorOf } from '../tokens/handle.ts'
import type {
  GrantRecord,
  RedeemEvent,
  RedeemOutcome,
  RefreshEvent,
  RefreshOutcome,
  RevocationReason,
} from './grant.ts'
import { logRevoked } from './logged.ts'
import type { GrantObject } from './object.ts'

type Redemption = RedeemOutcome & { refreshToken?: string | undefined }

/** Redeems an authorization code, once. @throws OAuthError 503 */
export async function redeemCode(
  env: Env,
  code: Handle,
  request: Pick<RedeemEvent, 'issuer' | 'clientId' | 'redirectUri' | 'codeChallenge' | 'resources'>,
  { withRefreshToken, jkt }: { withRefreshToken: boolean; jkt: string | undefined },
): Promise<Redemption> {
  const grant = grantOf(env, code.grantId)
  if (!grant) return { kind: 'refused', reason: 'unknown_token' }
  const secret = withRefreshToken ? bound(randomSecret(), jkt) : undefined
  const outcome = await orUnavailable(
    grant.redeem({
      type: 'redeem',
      ...request,
      codeHash: await sha256(code.secret),
      refreshTokenHash: secret && (await sha256(secret)),
    }),
  )
  const redeemed = outcome.kind === 'redeemed' && secret !== undefined
  return redeemed ? { ...outcome, refreshToken: formatHandle(code.grantId, secret) } : outcome
}

type Rotation = RefreshOutcome & { refreshToken?: string }

/** Rotates a refresh token, or repeats the answer that a client of ours has missed. @throws OAuthError 503 */
export async function rotateRefreshToken(
  env: Env,
  token: Handle,
  request: Pick<RefreshEvent, 'issuer' | 'clientId' | 'resources' | 'scopes' | 'place' | 'admission'>,
): Promise<Rotation> {
  const grant = grantOf(env, token.grantId)
  if (!grant) return { kind: 'refused', reason: 'unknown_token' }
  const salt = randomSecret()
  const [tokenHash, successorHash] = await Promise.all([
    sha256(token.secret),
    successorOf(token.secret, salt).then(sha256),
  ])
  const outcome = await orUnavailable(
    grant.refresh({ type: 'refresh', ...request, tokenHash, salt, successorHash }),
  )
  if (outcome.kind !== 'rotated' && outcome.kind !== 'forgiven') return outcome
  let secret = token.secret
  for (const step of outcome.salts) secret = await successorOf(secret, step)
  return { ...outcome, refreshToken: formatHandle(token.grantId, secret) }
}

/** Tells the grant that an access token of it was accepted. Returns whether the grant is live. @throws OAuthError 503 */
export async function confirmGrant(env: Env, grantId: string, generation: number): Promise<boolean> {
  const grant = grantOf(env, grantId)
  return grant ? orUnavailable(grant.confirm(generation)) : false
}

/**
 * Ends a grant and logs it. Returns what it was; undefined when it was over already.
 * @param actor the owner who ends it, where one does: a user id
 * @throws OAuthError 503
 */
export async function revokeGrant(
  env: Env,
  grantId: string,
  reason: RevocationReason,
  actor?: string,
): Promise<GrantRecord | undefined> {
  const grant = grantOf(env, grantId)
  const record = grant && (await orUnavailable(grant.revoke(reason)))
  if (record) logRevoked(record, reason, actor)
  return record
}

/** As the grant's giveBack(): undefined also for a grant that is unknown. @throws OAuthError 503 */
export async function giveBack(env: Env, { grantId, secret }: Handle, clientId: string) {
  const grant = grantOf(env, grantId)
  return grant && orUnavailable(grant.giveBack(await sha256(secret), clientId))
}

/**
 * Whether a grant is marked as revoked, by KV and, where KV fails, by the grant itself.
 * KV may show the mark up to a minute late: see SECURITY.md. @throws OAuthError 503
 */
export async function isRevoked(env: Env, grantId: string): Promise<boolean> {
  try {
    return (await env.RECORDS.get(`revoked:${grantId}`)) !== null
  } catch {
    return !(await isGrantLive(env, grantId))
  }
}

/** Whether a grant lives, as the grant itself knows. @throws OAuthError 503 */
export async function isGrantLive(env: Env, grantId: string): Promise<boolean> {
  const grant = grantOf(env, grantId)
  return grant !== undefined && (await orUnavailable(grant.describe())) !== undefined
}

// An id that is not one of ours is refused here, without I/O.
export function grantOf(env: Env, grantId: string): DurableObjectStub<GrantObject> | undefined {
  try {
    const grants = inJurisdiction(env, env.GRANTS)
    return grants.get(grants.idFromString(grantId))
  } catch {
    return undefined
  }
}
