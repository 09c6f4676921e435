// Access tokens that this isolate has verified: a client sends the same one for an hour, and what its signature says does
// not change. Whether its grant lives does, and is asked elsewhere, each time.
import { decodeProtectedHeader } from 'jose'
import type { Config } from '../../settings/load.ts'
import { type AccessToken, verifyAccessToken } from './access-token.ts'

const MAX_REMEMBERED = 2_000

const remembered = new WeakMap<Config, Map<string, AccessToken>>()

/** As verifyAccessToken(), which is asked once for each token. @throws OAuthError `invalid_token` */
export async function verifyOnce(
  config: Config,
  issuer: string,
  resource: string,
  token: string,
): Promise<AccessToken> {
  const verified = verifiedWith(config)
  const name = `${issuer} ${resource} ${token}`
  const known = verified.get(name)
  if (known && Date.now() < known.expiresAt * 1000) return known
  verified.delete(name)
  const accessToken = await verifyAccessToken(config, issuer, resource, token)
  // A key that is only accepted has an end of its own, which may come before the token's.
  if (decodeProtectedHeader(token).kid === config.signingKey.kid) verified.set(name, accessToken)
  const oldest = verified.keys().next().value
  if (verified.size > MAX_REMEMBERED && oldest !== undefined) verified.delete(oldest)
  return accessToken
}

function verifiedWith(config: Config): Map<string, AccessToken> {
  const verified = remembered.get(config) ?? new Map<string, AccessToken>()
  remembered.set(config, verified)
  return verified
}
