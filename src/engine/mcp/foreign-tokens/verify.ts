// Access tokens of another authorization server (AUTHORIZATION_SERVERS in wrangler.toml). The issuer that a
// token claims chooses the server, and nothing else; by the keys or the word of that server it is then judged.
import type { Context } from 'hono'
import { decodeJwt } from 'jose'
import type { AppEnv } from '../../http/app-env.ts'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'
import { parseHandle } from '../../oauth/tokens/handle.ts'
import { PERSONAL_TOKEN_PREFIX } from '../../people/personal-tokens.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import type { Settings } from '../../settings/load.ts'
import { identifierOf, isMain } from '../../settings/resources.ts'
import { accessTokenFrom } from './claims.ts'
import { Unanswered, unavailable } from './fetch-json.ts'
import { introspect } from './introspection.ts'
import { verifySignature } from './jwks.ts'

/** The server that a token claims to be of, or, if it is no JWT, the one that can be asked. Nothing is proven by it. */
export function claimedServer({ authorizationServers }: Settings, token: string): ForeignServer | undefined {
  if (authorizationServers.length === 0 || isOwn(token)) return undefined
  const claims = claimsOf(token)
  return authorizationServers.find(({ issuer, introspection }) =>
    claims ? claims.iss === issuer : introspection !== undefined,
  )
}

// No other server's business: a code, a refresh token, or a personal access token that is not taken here.
function isOwn(token: string): boolean {
  return parseHandle(token) !== undefined || token.startsWith(PERSONAL_TOKEN_PREFIX)
}

function claimsOf(token: string): { iss?: unknown } | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

/**
 * @param rememberMs how old may be what the server has said of this one token
 * @throws OAuthError `invalid_token`, or 503 when the server does not answer
 */
export async function verifyForeignToken(
  c: Context<AppEnv>,
  server: ForeignServer,
  token: string,
  rememberMs: number,
): Promise<AccessToken> {
  const { issuer, resource: named, settings } = c.var
  const resource = identifierOf(issuer, named)
  // A name of its own is the name of the main server alone: one token is for one server.
  const audience = (isMain(named) ? server.audience : undefined) ?? resource
  const trust = { settings, server, resource, audience }
  try {
    if (server.introspection) return await introspect(c, trust, token, rememberMs)
    return await accessTokenFrom(trust, await verifySignature(c, server, token))
  } catch (error) {
    throw error instanceof Unanswered ? unavailable(error) : error
  }
}
