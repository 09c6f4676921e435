// The bearer check at /mcp: RFC 6750, RFC 9728 §5, MCP authorization. A token is verified without storage. Tokens of
// another authorization server: foreign-tokens/.
import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { OAuthError } from '../http/errors.ts'
import { requirePossession } from '../oauth/dpop/proof.ts'
import type { Bearers } from '../oauth/part.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { verifyOnce } from '../oauth/tokens/verified.ts'
import { identifierOf, metadataUrl } from '../settings/resources.ts'
import { claimedServer, verifyForeignToken } from './foreign-tokens/verify.ts'
import { REMEMBER_MS, requireLive } from './revocation.ts'

/** No token came: the challenge then carries no error code (RFC 6750 §3.1). */
export class NoToken extends Error {}

/**
 * The caller of a request.
 * @param bearers what else is a token here
 * @param rememberMs how old what this isolate knows of revocations may be
 * @param isProven whether this request has shown its key before: a proof counts once
 * @throws OAuthError `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`, 503 · NoToken
 */
export async function authenticate(
  c: Context<AppEnv>,
  bearers: Bearers,
  rememberMs = REMEMBER_MS,
  isProven = false,
): Promise<AccessToken> {
  // Only the header counts: a token in a query would end up in logs (OAuth 2.1 §5.1).
  const header = c.req.header('Authorization') ?? ''
  const [, scheme = '', token] = /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i.exec(header) ?? []
  if (!token) throw new NoToken()
  const accessToken = await verify(c, bearers, token, rememberMs)
  if (!isProven) await requirePossession(c, scheme, token, accessToken)
  return accessToken
}

async function verify(c: Context<AppEnv>, bearers: Bearers, token: string, rememberMs: number) {
  const settings = c.get('settings')
  const issuer = c.get('issuer')
  for (const verifyOwn of bearers) {
    const verified = verifyOwn(c, token, rememberMs)
    if (verified) return verified
  }
  const server = claimedServer(settings, token)
  if (server) return verifyForeignToken(c, server, token, settings.immediateRevocation ? 0 : rememberMs)
  if (!settings.ownAuthorizationServer) {
    throw new OAuthError('invalid_token', 'The access token is of no server that is trusted here.')
  }
  const accessToken = await verifyOnce(settings, issuer, identifierOf(issuer, c.get('resource')), token)
  await requireLive(c, accessToken, rememberMs)
  return accessToken
}

/** The same for the SDK. The token stays here. */
export function authInfoOf(issuer: string, accessToken: AccessToken): AuthInfo {
  const { userId, userName, userExpiresAt, scopeNames, attainable } = accessToken
  return {
    token: '',
    clientId: accessToken.clientId,
    scopes: [...accessToken.scopes],
    expiresAt: accessToken.expiresAt,
    resource: new URL(accessToken.resource),
    resourceMetadataUrl: metadataUrl(issuer, accessToken.resource),
    extra: { userId, userName, userExpiresAt, scopeNames, attainable },
  }
}
