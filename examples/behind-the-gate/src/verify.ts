// Checks an access token of a gate in a Worker at an address of its own (RFC 9068 §4). Copy this file; it needs `jose`.
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'

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
  const refuse = (status: 401 | 403, error = '') =>
    new Response(null, { status, headers: { 'WWW-Authenticate': `Bearer ${error}${metadata}` } })
  return async ({ headers }: Request, scope: string): Promise<Caller | Response> => {
    const token = /^Bearer +(\S+)$/i.exec(headers.get('Authorization') ?? '')?.[1]
    if (!token) return refuse(401)
    const requiredClaims = ['sub', 'exp', 'client_id', 'scope']
    const expected = { algorithms: ['ES256'], typ: 'at+jwt', issuer, audience: resource, requiredClaims }
    const claims = await jwtVerify<Record<string, string>>(token, keys, expected).then(
      ({ payload }) => payload,
      (error) => (isOfToken(error) ? undefined : Promise.reject(error)),
    )
    // RFC 9449: a token with `cnf` is bound to a key, and this file checks no proof of it.
    if (!claims?.client_id || claims.cnf) return refuse(401, 'error="invalid_token", ')
    const scopes = (claims.scope ?? '').split(' ')
    if (!scopes.includes(scope)) return refuse(403, `error="insufficient_scope", scope="${scope}", `)
    return { userId: claims.sub ?? '', userName: claims.name ?? '', clientId: claims.client_id, scopes }
  }
}

// Keys that cannot be fetched are no fault of the token: the request fails, and the client keeps its token.
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError && /^ERR_(JW[ST]_|JWKS_NO_MATCHING|JOSE_ALG|JOSE_NOT)/.test(error.code)
  )
}
