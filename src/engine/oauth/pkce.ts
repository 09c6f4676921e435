// Proof Key for Code Exchange (RFC 7636), S256 only and for every client (OAuth 2.1 §7.5).
import { sha256 } from '../crypto/digest.ts'
import { OAuthError } from '../http/errors.ts'

/** RFC 7636 §4.2: the base64url of a SHA-256 has 43 characters. @throws OAuthError `invalid_request` */
export function requireCodeChallenge(challenge: string | undefined, method: string | undefined): string {
  if (challenge === undefined) {
    throw new OAuthError('invalid_request', 'Parameter code_challenge is missing: PKCE is required.')
  }
  if (method !== 'S256') {
    throw new OAuthError('invalid_request', 'Parameter code_challenge_method must be S256.')
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new OAuthError('invalid_request', 'Parameter code_challenge is not the base64url of a SHA-256.')
  }
  return challenge
}

/** RFC 7636 §4.6: the challenge that this verifier answers; undefined when its form is wrong (§4.1). */
export async function codeChallengeOf(verifier: string): Promise<string | undefined> {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return undefined
  return sha256(verifier)
}
