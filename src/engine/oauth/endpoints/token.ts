// The token endpoint (RFC 6749 §3.2): which grant type, which client, may it, then the exchange, then one answer.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError, tooOften } from '../../http/errors.ts'
import { withinLimit } from '../../http/limits.ts'
import { type Parameters, readForm } from '../../http/parameters.ts'
import { whereFrom } from '../../http/requester.ts'
import type { Settings } from '../../settings/load.ts'
import { authenticateClient } from '../clients/authentication.ts'
import { type Client, lookupFor } from '../clients/client.ts'
import { provenKey } from '../dpop/proof.ts'
import { type Exchanged, type GrantType, type GrantTypes, grantTypesOn } from '../grant-types/grant-type.ts'
import { requireResource } from '../resource.ts'
import { issueAccessToken } from '../tokens/access-token.ts'
import { parseHandle } from '../tokens/handle.ts'

export function tokenEndpoint(grantTypes: GrantTypes) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const parameters = (await readForm(c.req.raw)).refuseRepeated('resource')
    const lookup = lookupFor(c)
    const name = parameters.require('grant_type')
    const { authenticate, admits, exchange } = requireGrantType(grantTypes, lookup.settings, name)
    const { headers } = c.req.raw
    const client = await (authenticate?.(lookup, { headers, parameters }) ??
      authenticateClient(lookup, headers, parameters))
    // A client that the configuration admits may have proven nothing: its grant type counts, once the person is known.
    if (!admits?.(lookup.settings, client)) {
      requireRegistered(client, name)
      await requireWithinLimit(c.env, client, parameters)
    }
    const jkt = await provenKey(c)
    const request = { ...lookup, resources: c.get('resources'), place: whereFrom(c), client, parameters, jkt }
    return tokenResponse(c, await exchange(request), jkt)
  }
}

function requireGrantType(grantTypes: GrantTypes, settings: Settings, name: string): GrantType {
  const supported = grantTypesOn(grantTypes, settings)
  const grantType = supported.get(name)
  if (grantType) return grantType
  throw new OAuthError('unsupported_grant_type', `Supported: ${[...supported.keys()].join(', ')}`)
}

function requireRegistered({ metadata }: Client, name: string): void {
  if (metadata.grant_types.some((one) => one === name)) return
  throw new OAuthError('unauthorized_client', `This client did not register for the grant type ${name}.`)
}

// Per client and grant, not per address: the users of a hosted client share its addresses. Counted after the client has
// authenticated, so that a stranger cannot use up what belongs to a client.
async function requireWithinLimit(env: Env, client: Client, parameters: Parameters): Promise<void> {
  const [presented = ''] = ['refresh_token', 'code', 'device_code'].flatMap((name) => parameters.all(name))
  const key = `${client.id} ${parseHandle(presented)?.grantId ?? ''}`
  if (!(await withinLimit(env.TOKEN_LIMIT, key))) throw tooOften()
}

// RFC 6749 §5.1. `scope` is always there: it may be less than the client asked for.
async function tokenResponse(c: Context<AppEnv>, { authorized, refreshToken }: Exchanged, jkt?: string) {
  // A resource may have been taken out since. What was consumed is forgiven: nothing that replaces it was sent.
  requireResource(c.var, [authorized.resource])
  const accessToken = await issueAccessToken(c.get('settings'), { ...authorized, jkt })
  return Response.json(
    {
      access_token: accessToken.token,
      token_type: jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: accessToken.expiresIn,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      scope: authorized.scopes.join(' '),
    },
    { headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } },
  )
}
