// What each step of a key rotation puts into the secrets. A rotation changes SIGNING_KEY only after every edge accepts
// the next key, since edges take up a new version at different moments.
import type { JWK } from 'jose'
import { LIFETIME } from '#config'
import type { Secrets } from './secrets.ts'

/** Beyond the life of a token: for a rotation that takes its time, and for clocks that differ. In seconds. */
const SLACK_SECONDS = 45 * 60

/**
 * First step: whoever accepts the published keys accepts the next one, too. All that are published stay, since one may
 * be of a rotation that was cut short, whose tokens are still about; each goes by itself.
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

/** Last step: sign with it. What the old key has signed is accepted until it expires. */
export function switchKey(next: JWK): Secrets {
  return { SIGNING_KEY: JSON.stringify(next) }
}

/** Instead of both, when somebody else may have the old key: nothing that it has signed is accepted any more. */
export function replaceKey(next: JWK): Secrets {
  return { ...switchKey(next), ACCEPTED_KEYS: '{"keys":[]}' }
}
