// The checks of another server's access token, from a JWT or from introspection (RFC 9068 §4, RFC 7662 §2.2), and
// what the token means here.
import { OAuthError } from '../../http/errors.ts'
import { withoutNull } from '../../http/without-null.ts'
import { scopeNamesAt, scopesNamed } from '../../oauth/scope-names.ts'
import { parseScope } from '../../oauth/scopes.ts'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'
import { nameOf, userIdOf } from '../../people/identity.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import type { Settings } from '../../settings/load.ts'

/** Clocks differ by so many seconds. Only for what begins: a token that is over is refreshed, and no harm done. */
const SKEW = 30

// With a space, since no login method is called so.
const PERSON = 'foreign person'
const CLIENT = 'foreign client'

/** Where servers say what a token is, and what they say of access tokens: Keycloak, Cognito and Hydra, early Hydra. */
const ACCESS: Readonly<Record<string, readonly string[]>> = {
  typ: ['bearer', 'dpop'],
  token_use: ['access', 'access_token'],
  token_type: ['access_token'],
}

/** The trusted issuer, the resource that was called, and the audience that a token must name. */
export interface Trust {
  readonly settings: Settings
  readonly server: ForeignServer
  readonly resource: string
  readonly audience: string
}

/** What a server has said of a token. */
export interface Statement {
  readonly claims: Readonly<Record<string, unknown>>
  /** Its header says that it is an access token (RFC 9068 §2.1). */
  readonly isAccessToken: boolean
}

/** @throws OAuthError `invalid_token` */
export async function accessTokenFrom(
  { settings, server, resource, audience }: Trust,
  { claims: told, isAccessToken }: Statement,
): Promise<AccessToken> {
  const claims = withoutNull(told)
  // A server whose tokens are opaque need not say who it is: it was asked itself.
  if (claims.iss !== undefined && claims.iss !== server.issuer) throw invalid('names another issuer')
  requireAudience(claims.aud, audience)
  const expiresAt = requireTime(claims)
  requireKind(claims, isAccessToken)
  const jkt = keyOf(claims)
  const subject = requireText(claims.sub, 'names no subject (sub)')
  // `azp` is Entra's and Keycloak's name for it, `cid` Okta's.
  const clientId = requireText(
    claims.client_id ?? claims.azp ?? claims.cid,
    'names no client (client_id, azp)',
  )
  return {
    userId: await userIdFrom(settings, server, subject, clientId),
    userName: nameOf(claims.name, claims.preferred_username, subject),
    clientId,
    scopes: scopesNamed(server, namedScopes(claims) ?? []),
    scopeNames: scopeNamesAt(server),
    resource,
    jkt,
    expiresAt,
  }
}

// RFC 9068 §4: a token for another resource is not valid here.
function requireAudience(named: unknown, audience: string): void {
  const audiences = Array.isArray(named) ? named : [named]
  if (!audiences.includes(audience)) throw invalid('is for another audience (aud)')
}

/** @returns the end, in seconds since the epoch */
function requireTime({ exp, nbf, iat }: Statement['claims']): number {
  const now = Date.now() / 1000
  if (typeof exp !== 'number') throw invalid('never expires (exp)')
  if (!(exp > now)) throw invalid('has expired')
  for (const beginning of [nbf, iat]) {
    const begun = beginning === undefined || (typeof beginning === 'number' && beginning <= now + SKEW)
    if (!begun) throw invalid('is not valid yet (nbf, iat)')
  }
  return exp
}

/**
 * Whatever else a server signs or knows about must not pass for an access token. An ID token proves to a client who
 * the user is, and lies in that client's logs. Some servers give both the same audience. Only these claims tell them
 * apart: ID tokens grant no scope, and carry what ties them to the sign-in (OpenID Connect Core §2, §3.1.3.6).
 */
function requireKind(claims: Statement['claims'], isAccessToken: boolean): void {
  if (declaresAccess(claims) || isAccessToken) return
  const ofIdTokens = ['nonce', 'at_hash', 'c_hash', 's_hash']
  if (ofIdTokens.some((name) => claims[name] !== undefined)) throw invalid('is an ID token')
  if (namedScopes(claims) === undefined) throw invalid('names no scopes (scope, scp)')
}

/**
 * Whether its claims say that it is an access token. What a token declares of itself counts before what it resembles:
 * Keycloak's access tokens had the `nonce` of the sign-in, too (keycloak#26893).
 * @throws OAuthError `invalid_token` when one of them says that it is anything else
 */
function declaresAccess(claims: Statement['claims']): boolean {
  const declared = Object.entries(ACCESS).flatMap(([name, ofAccess]) => {
    const said = claims[name] === undefined ? undefined : String(claims[name]).toLowerCase()
    // RFC 7662 §2.2: that is how a token is used, and Hydra says it of refresh tokens, too.
    const isUse = name === 'token_type' && (said === 'bearer' || said === 'dpop')
    return said === undefined || isUse ? [] : ofAccess.includes(said)
  })
  if (declared.includes(false))
    throw invalid(`says that it is no bearer access token (${Object.keys(ACCESS).join(', ')})`)
  return declared.includes(true)
}

/**
 * The thumbprint of the key to which it is bound; undefined for a bearer token. What is bound in another way (RFC 8705), or
 * says so without a key, is refused: a stolen token would look the same.
 */
function keyOf({ cnf, typ, token_type }: Statement['claims']): string | undefined {
  const saysSo = [typ, token_type].some((said) => String(said).toLowerCase() === 'dpop')
  if (cnf === undefined && !saysSo) return undefined
  const { jkt, ...others } = typeof cnf === 'object' && cnf !== null ? (cnf as Record<string, unknown>) : {}
  if (typeof jkt === 'string' && Object.keys(others).length === 0) return jkt
  throw invalid('is bound to a key in a way that is not supported (cnf)')
}

/** RFC 9068 §2.2.3; `scp` is Entra's and Okta's name for it. Undefined when there is neither. */
function namedScopes({ scope, scp }: Statement['claims']): string[] | undefined {
  const named = scope ?? scp
  if (Array.isArray(named)) return named.map(String)
  return typeof named === 'string' ? parseScope(named) : undefined
}

/**
 * A client that acts for itself has its own id as its subject. No user has the same id: where clients choose
 * their ids, one could choose a user's (RFC 9700 §4.15).
 */
function userIdFrom(
  settings: Settings,
  { issuer }: ForeignServer,
  subject: string,
  clientId: string,
): Promise<string> {
  const method = subject === clientId ? CLIENT : PERSON
  return userIdOf(settings, { method, issuer, subject, name: '', knownAs: [] })
}

function requireText(value: unknown, problem: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(problem)
  return value
}

/** @param problem what the token does or is; never a value of it */
export function invalid(problem: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_token', `The access token ${problem}.`, { cause })
}
