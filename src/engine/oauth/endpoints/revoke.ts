// Token revocation (RFC 7009). Whatever token of a grant a client gives back, the grant ends: an access token that
// lived on beside a revoked refresh token, or the other way round, is not what anyone means by signing out.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { readForm } from '../../http/parameters.ts'
import { identifiersOf } from '../../settings/resources.ts'
import { authenticateClient } from '../clients/authentication.ts'
import { lookupFor } from '../clients/client.ts'
import { clientOfHandle, revokeGrant } from '../grants/store.ts'
import { verifyAccessToken } from '../tokens/access-token.ts'
import { parseHandle } from '../tokens/handle.ts'

export async function revoke(c: Context<AppEnv>): Promise<Response> {
  const parameters = (await readForm(c.req.raw)).refuseRepeated()
  const lookup = lookupFor(c)
  const client = await authenticateClient(lookup, c.req.raw.headers, parameters)
  const origin = await originOf(c, parameters.require('token'))
  // RFC 7009 §2.1: another client's token is refused, and stays as it is.
  if (origin && origin.clientId !== client.id) {
    throw new OAuthError('invalid_request', 'This token belongs to another client.')
  }
  if (origin) await revokeGrant(c.env, origin.grantId, 'revoked_by_client')
  // RFC 7009 §2.2: 200 also for a token that is unknown or over already.
  return new Response(null, { status: 200, headers: { 'Cache-Control': 'no-store' } })
}

/** The grant that a token stands for and the client that it was given to; undefined for a token that is unknown. */
async function originOf(
  c: Context<AppEnv>,
  token: string,
): Promise<{ grantId: string; clientId: string } | undefined> {
  const handle = parseHandle(token)
  if (handle) {
    const clientId = await clientOfHandle(c.env, handle)
    return clientId === undefined ? undefined : { grantId: handle.grantId, clientId }
  }
  const issuer = c.get('issuer')
  const accessToken = await verifyAccessToken(c.get('settings'), issuer, identifiersOf(c.var), token).catch(
    () => undefined,
  )
  return accessToken?.grant && { grantId: accessToken.grant.id, clientId: accessToken.clientId }
}
