// The bearer check at /mcp: RFC 6750, RFC 9728 §5, MCP authorization. A token is verified without storage. Tokens of
// another authorization server: foreign-tokens/.
import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import { INITIAL_SCOPES } from '#config'
import type { AppEnv } from '../http/app-env.ts'
import { errorResponse, OAuthError } from '../http/errors.ts'
import { logError } from '../log/log.ts'
import { PREFIX } from '../oauth/personal-tokens/token.ts'
import { verifyPersonalToken } from '../oauth/personal-tokens/verify.ts'
import { RESOURCE_PATH, resourceOf } from '../oauth/resource.ts'
import { announcedScopes } from '../oauth/scopes.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { verifyOnce } from '../oauth/tokens/verified.ts'
import { claimedServer, verifyForeignToken } from './foreign-tokens/verify.ts'
import { REMEMBER_MS, requireLive } from './revocation.ts'

/** No token came: the challenge then carries no error code (RFC 6750 §3.1). */
export class NoToken extends Error {}

/**
 * The caller of a request.
 * @param rememberMs how old what this isolate knows of revocations may be
 * @throws OAuthError `invalid_token`, 503 · NoToken
 */
export async function authenticate(c: Context<AppEnv>, rememberMs = REMEMBER_MS): Promise<AccessToken> {
  // Only the header counts: a token in a query would end up in logs (OAuth 2.1 §5.1).
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(c.req.header('Authorization') ?? '') ?? []
  if (!token) throw new NoToken()
  const settings = c.get('settings')
  const issuer = c.get('issuer')
  if (token.startsWith(PREFIX)) return verifyPersonalToken(c, token, rememberMs)
  const server = claimedServer(settings, token)
  if (server) return verifyForeignToken(c, server, token, settings.immediateRevocation ? 0 : rememberMs)
  if (!settings.ownAuthorizationServer) {
    throw new OAuthError('invalid_token', 'The access token is of no server that is trusted here.')
  }
  const accessToken = await verifyOnce(settings, issuer, resourceOf(issuer), token)
  await requireLive(c, accessToken, rememberMs)
  return accessToken
}

/** The same for the SDK. The token stays here. */
export function authInfoOf(
  issuer: string,
  { userId, userName, userExpiresAt, clientId, scopes, expiresAt, scopeNames, attainable }: AccessToken,
): AuthInfo {
  return {
    token: '',
    clientId,
    scopes: [...scopes],
    expiresAt,
    resource: new URL(resourceOf(issuer)),
    resourceMetadataUrl: metadataUrl(issuer),
    extra: { userId, userName, userExpiresAt, scopeNames, attainable },
  }
}

/** The answer to a request without a right: 401 with a challenge, or 503 when storage does not answer. */
export function challenge(c: Context<AppEnv>, error: Error): Response {
  if (error instanceof NoToken) return unauthorized(c, {})
  if (error instanceof OAuthError && error.code === 'invalid_token') {
    return unauthorized(c, { error: error.code, error_description: error.description })
  }
  if (error instanceof OAuthError && error.code === 'invalid_request') return errorResponse(error)
  const known = error instanceof OAuthError ? error : undefined
  // A limit that does its work is no error of ours.
  if (known?.status !== 429) logError(known?.cause ?? error, { code: known?.code ?? 'server_error' })
  const answer =
    known ?? new OAuthError('server_error', 'Something went wrong here. It has been written down.')
  return Response.json(
    { error: answer.code, error_description: answer.description },
    { status: answer.status, headers: answer.headers },
  )
}

function unauthorized(c: Context<AppEnv>, error: { error?: string; error_description?: string }): Response {
  const scopes = announcedScopes(c.get('settings'), INITIAL_SCOPES)
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
