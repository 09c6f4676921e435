// Client authentication by a signed assertion: private_key_jwt (OpenID Connect Core §9, RFC 7523 §2.2 and §3).
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose'
import { OAuthError } from '../../http/errors.ts'
import { requireCompact, verifyAssertion } from '../assertions/assertion.ts'
import { remoteKeys } from '../assertions/remote-keys.ts'
import { isFirstUse } from '../assertions/seen-store.ts'
import type { Client, Lookup } from './client.ts'
import { whyNotFetched } from './document-url.ts'
import { isOwnedId } from './owned-store.ts'

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The client that an assertion claims to be from. Nothing is proven by it. @throws OAuthError `invalid_client` */
export function claimedClient(assertion: string): string {
  requireCompact(assertion, 'invalid_client')
  try {
    const { sub } = decodeJwt(assertion)
    if (sub) return sub
  } catch {
    // An unreadable assertion names no client.
  }
  throw new OAuthError('invalid_client', 'The client assertion names no client.')
}

/** Whether the client itself has made this assertion, for this server, for the first time. @throws OAuthError 503 */
export async function isGenuine(lookup: Lookup, client: Client, assertion: string): Promise<boolean> {
  const { env, issuer } = lookup
  const keys = keysOf(lookup, client)
  if (!keys) return false
  try {
    const expected = { issuer: client.id, audience: audiences(issuer, assertion) }
    // Its subject is the client's id, since that is how the client was found.
    const { jti, exp } = await verifyAssertion(assertion, keys, expected)
    return await isFirstUse(env, `client ${client.id}`, jti, exp)
  } catch (error) {
    if (error instanceof OAuthError) throw error
    return false
  }
}

// RFC 7523 §3 has the token endpoint, and most clients do; its successor (draft-ietf-oauth-rfc7523bis) has the issuer
// alone, and says so by its type.
function audiences(issuer: string, assertion: string): string[] {
  const typ = decodeProtectedHeader(assertion)
    .typ?.toLowerCase()
    .replace(/^application\//, '')
  return typ === 'client-authentication+jwt' ? [issuer] : [issuer, `${issuer}/token`]
}

function keysOf(lookup: Lookup, { id, metadata }: Client): JWTVerifyGetKey | undefined {
  const { jwks, jwks_uri } = metadata
  if (jwks) return createLocalJWKSet(jwks as JSONWebKeySet)
  if (jwks_uri === undefined) return undefined
  // The owner chose this issuer. Strangers chose all others, and the settings may have changed since.
  if (isOwnedId(id)) return remoteKeys(jwks_uri)
  const { settings, issuer } = lookup
  return whyNotFetched(settings, issuer, new URL(jwks_uri)) ? undefined : remoteKeys(jwks_uri, lookup)
}
