// Access tokens that this isolate has verified: a client sends the same one for an hour, and what its signature says does
// not change. Whether its grant lives does, and is asked elsewhere, each time.
import { decodeProtectedHeader } from 'jose'
import { BoundedMap } from '../../cache/bounded-map.ts'
import type { Settings } from '../../settings/load.ts'
import { type AccessToken, verifyAccessToken } from './access-token.ts'

const MAX_REMEMBERED = 2_000

const remembered = new WeakMap<Settings, BoundedMap<string, AccessToken>>()

/** As verifyAccessToken(), which is asked once for each token. @throws OAuthError `invalid_token` */
export async function verifyOnce(
  settings: Settings,
  issuer: string,
  resource: string,
  token: string,
): Promise<AccessToken> {
  const verified = verifiedWith(settings)
  const name = `${issuer} ${resource} ${token}`
  const known = verified.get(name)
  if (known && Date.now() < known.expiresAt * 1000) return known
  verified.delete(name)
  const accessToken = await verifyAccessToken(settings, issuer, resource, token)
  // A key that is only accepted has an end of its own, which may come before the token's.
  if (decodeProtectedHeader(token).kid === settings.signingKey.kid) verified.set(name, accessToken)
  return accessToken
}

function verifiedWith(settings: Settings): BoundedMap<string, AccessToken> {
  const verified = remembered.get(settings) ?? new BoundedMap<string, AccessToken>(MAX_REMEMBERED)
  remembered.set(settings, verified)
  return verified
}
