// Assertions: JWTs that another party has signed (RFC 7521, RFC 7523 §3). Each kind has its own issuers and rules. This
// file has what they share: issuer, audience, expiry.
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { OAuthError } from '../../http/errors.ts'

/** What an assertion may be signed with: public keys only (RFC 8725 §3.1). */
export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

/** How far two clocks may be apart, in seconds. */
const CLOCK_SKEW = 60
/** An assertion that is good for longer was not made for this request. In seconds. */
const MAX_LIFETIME = 10 * 60

interface Expected {
  readonly issuer: string
  /** The accepted names of this server. The assertion must name one of them, and no other audience. */
  readonly audience: string | string[]
  /** The media type in its header, for kinds that have one. */
  readonly typ?: string
  /** In seconds; ten minutes, if nothing is said. */
  readonly maxLifetime?: number
}

export type AssertionClaims = JWTPayload & { sub: string; jti: string; exp: number }

/**
 * What the assertion says, once it is known to be its issuer's, for us and of this time.
 * @throws whatever jose throws, or an Error that says what is wrong · OAuthError 503
 */
export async function verifyAssertion(
  assertion: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, typ, maxLifetime = MAX_LIFETIME }: Expected,
): Promise<AssertionClaims> {
  const { payload } = await jwtVerify(assertion, keys, {
    algorithms: [...ASSERTION_ALGORITHMS],
    issuer,
    audience,
    clockTolerance: CLOCK_SKEW,
    requiredClaims: ['exp'],
    ...(typ !== undefined && { typ }),
  })
  // A list would let it be used elsewhere, too (draft-ietf-oauth-rfc7523bis).
  if (typeof payload.aud !== 'string') throw new Error('It names more than one audience.')
  const { sub, jti, exp, iat } = payload as AssertionClaims
  const now = Date.now() / 1000
  if (exp > now + maxLifetime + CLOCK_SKEW) throw new Error('It is good for too long.')
  if (iat !== undefined && iat > now + CLOCK_SKEW) throw new Error('It is from the future.')
  if (!isText(sub) || !isText(jti)) throw new Error('It names no subject, or has no id.')
  return payload as AssertionClaims
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1000
}

/** One parameter that is an assertion, as text: three parts and no more than a header's worth. @throws OAuthError */
export function requireCompact(text: string, code: 'invalid_client' | 'invalid_grant'): string {
  if (text.length > 16_384 || text.split('.').length !== 3)
    throw new OAuthError(code, 'The assertion is no JWT.')
  return text
}
