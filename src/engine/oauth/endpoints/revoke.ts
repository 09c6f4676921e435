// Token revocation (RFC 7009). Whatever token of a grant a client gives back, the grant ends: an access token that
// lived on beside a revoked refresh token, or the other way round, is not what anyone means by signing out.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { readForm } from '../../http/parameters.ts'
import { identifiersOf } from '../../settings/resources.ts'
import { authenticateClient } from '../clients/authentication.ts'
import { lookupFor } from '../clients/client.ts'
import { logRevoked } from '../grants/logged.ts'
import { giveBack, revokeGrant } from '../grants/store.ts'
import { verifyAccessToken } from '../tokens/access-token.ts'
import { parseHandle } from '../tokens/handle.ts'

export async function revoke(c: Context<AppEnv>): Promise<Response> {
  const parameters = (await readForm(c.req.raw)).refuseRepeated()
  const lookup = lookupFor(c)
  const client = await authenticateClient(lookup, c.req.raw.headers, parameters)
  // RFC 7009 §2.1: another client's token is refused, and stays as it is.
  if (!(await end(c, parameters.require('token'), client.id))) {
    throw new OAuthError('invalid_request', 'This token belongs to another client.')
  }
  // RFC 7009 §2.2: 200 also for a token that is unknown or over already.
  return new Response(null, { status: 200, headers: { 'Cache-Control': 'no-store' } })
}

/** Ends the grant that a token stands for, if there is one. Returns whether this client may. */
async function end(c: Context<AppEnv>, token: string, clientId: string): Promise<boolean> {
  const handle = parseHandle(token)
  if (handle) {
    // The grant compares and ends in one step.
    const ended = await giveBack(c.env, handle, clientId)
    if (typeof ended === 'object') logRevoked(ended, 'revoked_by_client')
    return ended !== 'not_yours'
  }
  const issuer = c.get('issuer')
  const accessToken = await verifyAccessToken(c.get('settings'), issuer, identifiersOf(c.var), token).catch(
    () => undefined,
  )
  if (!accessToken?.grant) return true
  if (accessToken.clientId !== clientId) return false
  await revokeGrant(c.env, accessToken.grant.id, 'revoked_by_client')
  return true
}
