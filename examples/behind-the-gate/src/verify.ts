// Checks an access token of a gate in a Worker at an address of its own (RFC 9068 §4), and where the token is bound to a
// key, a proof of that key (RFC 9449 §4.3). Copy this file; it needs `jose`.
import {
  base64url,
  calculateJwkThumbprint,
  createRemoteJWKSet,
  EmbeddedJWK,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'

const PROOF = { typ: 'dpop+jwt', algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'] }
/** How far the time of a proof may be from ours, in seconds. */
const WINDOW = 120

export interface Caller {
  readonly userId: string
  readonly userName: string
  readonly clientId: string
  readonly scopes: readonly string[]
}

/**
 * @param issuer of the gate: its origin @param resource the address of this server, as the gate knows it
 * @returns a check of one request: its caller, or the answer that refuses it
 */
export function verifierFor(
  issuer: string,
  resource: string,
  keys: JWTVerifyGetKey = createRemoteJWKSet(new URL('/jwks', issuer)),
) {
  const { origin, pathname } = new URL(resource)
  const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource${pathname}"`
  const refuse = (status: 401 | 403, scheme: string, error = '') =>
    new Response(null, { status, headers: { 'WWW-Authenticate': `${scheme} ${error}${metadata}` } })
  return async (request: Request, scope: string): Promise<Caller | Response> => {
    const [, sent = '', token] =
      /^(Bearer|DPoP) +(\S+)$/i.exec(request.headers.get('Authorization') ?? '') ?? []
    const scheme = sent.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
    if (!token) return refuse(401, scheme)
    const requiredClaims = ['sub', 'exp', 'client_id', 'scope']
    const expected = { algorithms: ['ES256'], typ: 'at+jwt', issuer, audience: resource, requiredClaims }
    const claims = await jwtVerify<Claims>(token, keys, expected).then(
      ({ payload }) => payload,
      (error) => (isOfToken(error) ? undefined : Promise.reject(error)),
    )
    if (!claims?.client_id) return refuse(401, scheme, 'error="invalid_token", ')
    const shown = scheme === 'DPoP' ? await shownKey(request, resource, token) : NO_KEY
    if (shown !== (claims.cnf ? claims.cnf.jkt : NO_KEY)) return refuse(401, 'DPoP', UNPROVEN)
    const scopes = (claims.scope ?? '').split(' ')
    if (!scopes.includes(scope)) {
      return refuse(403, scheme, `error="insufficient_scope", scope="${scope}", `)
    }
    return { userId: claims.sub ?? '', userName: claims.name ?? '', clientId: claims.client_id, scopes }
  }
}

interface Claims extends JWTPayload {
  readonly client_id?: string
  readonly scope?: string
  readonly name?: string
  readonly cnf?: { readonly jkt?: string }
}

const NO_KEY = 'none'
const UNPROVEN =
  'error="invalid_dpop_proof", error_description="A token that is bound to a key comes as DPoP with a proof, and no other.", '

/** The thumbprint of the key that a request proves. A proof counts for two minutes, and can be repeated for so long. */
async function shownKey({ method, headers }: Request, resource: string, token: string): Promise<string> {
  const proof = await jwtVerify(headers.get('DPoP') ?? '', EmbeddedJWK, PROOF).catch(() => undefined)
  const { htm, htu, ath, iat = 0 } = proof?.payload ?? {}
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  const isOfRequest =
    htm === method &&
    pageOf(String(htu)) === pageOf(resource) &&
    ath === base64url.encode(new Uint8Array(hash)) &&
    Math.abs(Date.now() / 1000 - iat) <= WINDOW
  return proof?.protectedHeader.jwk && isOfRequest
    ? calculateJwkThumbprint(proof.protectedHeader.jwk)
    : 'unproven'
}

/** An address as browsers write it, without query and fragment. */
function pageOf(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url && url.origin + url.pathname
}

// Keys that cannot be fetched are no fault of the token: the request fails, and the client keeps its token.
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError && /^ERR_(JW[ST]_|JWKS_NO_MATCHING|JOSE_ALG|JOSE_NOT)/.test(error.code)
  )
}
