// Token introspection (RFC 7662), for resource servers elsewhere. A client that the owner has registered for it may ask
// about any access token; any other learns of its own and, of all others, nothing: not even that they exist.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { readForm } from '../../http/parameters.ts'
import { identifiersOf } from '../../settings/resources.ts'
import { authenticateClient } from '../clients/authentication.ts'
import { type Client, lookupFor } from '../clients/client.ts'
import { isOwnedClientRevoked, isOwnedId } from '../clients/owned-store.ts'
import { confirmGrant } from '../grants/store.ts'
import { type AccessToken, verifyAccessToken } from '../tokens/access-token.ts'

export async function introspect(c: Context<AppEnv>): Promise<Response> {
  const parameters = (await readForm(c.req.raw)).refuseRepeated()
  const lookup = lookupFor(c)
  const client = await authenticateClient(lookup, c.req.raw.headers, parameters)
  // §2.1: without that, anyone could try tokens out here.
  if (client.metadata.token_endpoint_auth_method === 'none') {
    throw new OAuthError('unauthorized_client', 'A client without authentication may not introspect tokens.')
  }
  const token = await readToken(c, parameters.require('token'))
  const active = token && mayKnow(client, token) && (await isLive(c.env, token))
  return Response.json(active ? describe(c, token) : { active: false }, {
    headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' },
  })
}

/** Refresh tokens and codes are between a client and the token endpoint; here they are unknown, like any other text. */
function readToken(c: Context<AppEnv>, token: string): Promise<AccessToken | undefined> {
  const issuer = c.get('issuer')
  return verifyAccessToken(c.get('settings'), issuer, identifiersOf(c.var), token).catch(() => undefined)
}

function mayKnow(client: Client, token: AccessToken): boolean {
  return client.introspects === true || client.id === token.clientId
}

// Ask the grant, not a copy: the caller has no other way to learn of a revocation. The token was used, so its client
// has received it, and a stolen parent of its refresh token is no longer forgiven.
async function isLive(env: Env, { grant, clientId }: AccessToken): Promise<boolean> {
  if ((!grant || isOwnedId(clientId)) && (await isOwnedClientRevoked(env, clientId))) return false
  return !grant || confirmGrant(env, grant.id, grant.generation)
}

/** RFC 7662 §2.2 */
function describe(c: Context<AppEnv>, token: AccessToken) {
  const { userId, userName, clientId, scopes, resource, expiresAt, jkt } = token
  return {
    active: true,
    scope: scopes.join(' '),
    client_id: clientId,
    username: userName,
    // RFC 9449 §6.2: the resource server that asks has to check the proof.
    ...(jkt === undefined ? { token_type: 'Bearer' } : { token_type: 'DPoP', cnf: { jkt } }),
    exp: expiresAt,
    sub: userId,
    aud: resource,
    iss: c.get('issuer'),
  }
}
