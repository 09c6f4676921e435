// The secrets after each step of a key rotation. A rotation changes SIGNING_KEY only after every edge accepts
// the next key, since edges take up a new version at different moments.
import type { JWK } from 'jose'
import { LIFETIME } from '#config'
import type { Secrets } from './secrets.ts'

/** Beyond the life of a token, in seconds: for a slow rotation, and for clocks that differ. */
const SLACK_SECONDS = 45 * 60

/**
 * First step: accept the next key beside the published ones. All of those stay, because one may belong to a rotation that
 * was interrupted, and its tokens may be in use. Each expires by itself.
 * @param published what `/jwks` shows @param now in milliseconds
 */
export function announceKey(published: readonly JWK[], next: JWK, now: number): Secrets {
  const exp = Math.floor(now / 1000) + LIFETIME.accessToken + SLACK_SECONDS
  const keys = [...published, next].map(({ kty, crv, x, y, kid, alg, use }) => ({
    kty,
    crv,
    x,
    y,
    kid,
    alg,
    use,
    exp,
  }))
  return { ACCEPTED_KEYS: JSON.stringify({ keys }) }
}

/** Last step: sign with the next key. Tokens of the old key stay valid until they expire. */
export function switchKey(next: JWK): Secrets {
  return { SIGNING_KEY: JSON.stringify(next) }
}

/** Instead of both, when an attacker may have the old key: refuse every token of the old key. */
export function replaceKey(next: JWK): Secrets {
  return { ...switchKey(next), ACCEPTED_KEYS: '{"keys":[]}' }
}
