// The way to what was seen of an issuer's or a client's assertions.
import { sha256 } from '../../crypto/digest.ts'
import { orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'

/**
 * Whether an assertion comes for the first time. @throws OAuthError 503
 * @param whose the issuer or client that counts its own ids
 * @param expiresAt when the assertion is refused anyway, in seconds since the epoch
 */
export async function isFirstUse(env: Env, whose: string, jti: string, expiresAt: number): Promise<boolean> {
  // A little longer than it is good for, because of clocks.
  const until = (expiresAt + 120) * 1000
  return orUnavailable(
    inJurisdiction(env, env.SEEN)
      .getByName(whose)
      .isFirst(await sha256(jti), until),
  )
}
