// The bearer check at /mcp: RFC 6750, RFC 9728 §5, MCP authorization. A token is verified without storage; whether
// its grant was revoked is asked once a minute per isolate. Tokens of somebody else's server: foreign-tokens/.
import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import { INITIAL_SCOPES } from '../config.ts'
import { logError } from '../log.ts'
import { OAuthError } from '../oauth/errors.ts'
import { confirmGrant, isRevoked } from '../oauth/grants/store.ts'
import { RESOURCE_PATH, resourceOf } from '../oauth/resource.ts'
import { announcedScopes } from '../oauth/scopes.ts'
import { type AccessToken, type OwnAccessToken, verifyAccessToken } from '../oauth/tokens/access-token.ts'
import type { AppEnv } from '../origin.ts'
import { claimedServer, verifyForeignToken } from './foreign-tokens/verify.ts'

const REMEMBER_MS = 60_000
const MAX_REMEMBERED = 10_000

/** No token came: the challenge then carries no error code (RFC 6750 §3.1). */
class NoToken extends Error {}

/** What this isolate knows of grants. Only a minute of it is trusted, so that a revocation is seen everywhere. */
const known = new Map<string, { live: boolean; checkedAt: number; generation: number }>()

/**
 * Whom a request speaks for.
 * @param rememberMs how old what this isolate knows of revocations may be
 * @throws OAuthError `invalid_token`, 503 · NoToken
 */
export async function authenticate(c: Context<AppEnv>, rememberMs = REMEMBER_MS): Promise<AccessToken> {
  // Only the header counts: a token in a query would end up in logs (OAuth 2.1 §5.1).
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(c.req.header('Authorization') ?? '') ?? []
  if (!token) throw new NoToken()
  const config = c.get('config')
  const issuer = c.get('issuer')
  const server = claimedServer(config, token)
  if (server) return verifyForeignToken(c, server, token, config.immediateRevocation ? 0 : rememberMs)
  if (!config.ownAuthorizationServer) {
    throw new OAuthError('invalid_token', 'The access token is of no server that is trusted here.')
  }
  const accessToken = await verifyAccessToken(config, issuer, resourceOf(issuer), token)
  await requireLiveGrant(c, accessToken.grant, rememberMs)
  return accessToken
}

/** The same for the SDK. The token stays here. */
export function authInfoOf(
  issuer: string,
  { userId, userName, userExpiresAt, clientId, scopes, expiresAt, scopeNames }: AccessToken,
): AuthInfo {
  return {
    token: '',
    clientId,
    scopes: [...scopes],
    expiresAt,
    resource: new URL(resourceOf(issuer)),
    resourceMetadataUrl: metadataUrl(issuer),
    extra: { userId, userName, userExpiresAt, scopeNames },
  }
}

/** @throws OAuthError `invalid_token` once the grant is known to be over, 503 when nobody can tell */
async function requireLiveGrant(
  c: Context<AppEnv>,
  { id, generation }: OwnAccessToken['grant'],
  rememberMs: number,
): Promise<void> {
  const revoked = new OAuthError('invalid_token', 'The grant behind this token has been revoked.')
  if (c.get('config').immediateRevocation) {
    if (!(await confirmGrant(c.env, id, generation))) throw revoked
    return
  }
  const now = Date.now()
  let grant = known.get(id)
  // What was revoked once stays revoked, whatever KV has yet to hear.
  if (!grant || (grant.live && now - grant.checkedAt > rememberMs)) {
    const live = !(await isRevoked(c.env, id))
    grant = { live, checkedAt: now, generation: grant?.generation ?? -1 }
    remember(id, grant)
  }
  if (!grant.live) throw revoked
  if (grant.generation === generation) return
  // The first sight of a rotation: the client has it, so its parent token is no longer forgiven.
  grant.generation = generation
  const seen = grant
  const confirmed = confirmGrant(c.env, id, generation).then((live) => {
    if (!live) seen.live = false
  })
  const failed = (error: unknown) => {
    // The next call tries again: unconfirmed, a stolen parent token would go on being forgiven.
    seen.generation = -1
    logError(error, { grant: id })
  }
  c.executionCtx.waitUntil(confirmed.catch(failed))
}

function remember(grantId: string, grant: { live: boolean; checkedAt: number; generation: number }): void {
  known.delete(grantId)
  known.set(grantId, grant)
  const oldest = known.keys().next().value
  if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest)
}

/** The answer to a request without a right: 401 with a challenge, or 503 when storage does not answer. */
export function challenge(c: Context<AppEnv>, error: Error): Response {
  if (error instanceof NoToken) return unauthorized(c, {})
  if (error instanceof OAuthError && error.code === 'invalid_token') {
    return unauthorized(c, { error: error.code, error_description: error.description })
  }
  const known = error instanceof OAuthError ? error : undefined
  logError(known?.cause ?? error, { code: known?.code ?? 'server_error' })
  const answer =
    known ?? new OAuthError('server_error', 'Something went wrong here. It has been written down.')
  return Response.json(
    { error: answer.code, error_description: answer.description },
    { status: answer.status, headers: answer.headers },
  )
}

function unauthorized(c: Context<AppEnv>, error: { error?: string; error_description?: string }): Response {
  const scopes = announcedScopes(c.get('config'), INITIAL_SCOPES)
  const parameters = {
    ...error,
    resource_metadata: metadataUrl(c.get('issuer')),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  }
  const list = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return Response.json(
    {
      error: error.error ?? 'unauthorized',
      error_description: error.error_description ?? 'An access token is needed.',
    },
    {
      status: 401,
      headers: { 'WWW-Authenticate': `Bearer ${list.join(', ')}`, 'Cache-Control': 'no-store' },
    },
  )
}

// RFC 9728 §3.1: the well-known part goes between the host and the path.
function metadataUrl(issuer: string): string {
  return `${issuer}/.well-known/oauth-protected-resource${RESOURCE_PATH}`
}
