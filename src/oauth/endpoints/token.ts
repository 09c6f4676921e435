// The token endpoint (RFC 6749 §3.2): which grant type, which client, may it, then the exchange, then one answer.
import type { Context } from 'hono'
import { withinLimit } from '../../limits.ts'
import { type AppEnv, whereFrom } from '../../origin.ts'
import { authenticateClient } from '../clients/authentication.ts'
import type { Client } from '../clients/client.ts'
import { type ClientGrantType, JWT_BEARER_GRANT } from '../clients/metadata.ts'
import { authenticateWorkload, isWithoutClient } from '../clients/workload.ts'
import { OAuthError, tooOften } from '../errors.ts'
import { authorizationCode } from '../grant-types/authorization-code.ts'
import { clientCredentials } from '../grant-types/client-credentials.ts'
import type { Exchanged, GrantType } from '../grant-types/grant-type.ts'
import { jwtBearer } from '../grant-types/jwt-bearer.ts'
import { refreshToken } from '../grant-types/refresh-token.ts'
import { type Parameters, readForm } from '../parameters.ts'
import { issueAccessToken } from '../tokens/access-token.ts'
import { parseHandle } from '../tokens/secret.ts'

const GRANT_TYPES: { readonly [name in ClientGrantType]: GrantType } = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
  [JWT_BEARER_GRANT]: jwtBearer,
}

export async function token(c: Context<AppEnv>): Promise<Response> {
  const config = c.get('config')
  const issuer = c.get('issuer')
  const parameters = (await readForm(c.req.raw)).refuseRepeated('resource')
  const name = requireGrantType(parameters.require('grant_type'))
  const { headers } = c.req.raw
  const lookup = { env: c.env, config, issuer }
  const client =
    name === JWT_BEARER_GRANT && isWithoutClient(headers, parameters)
      ? await authenticateWorkload(lookup, parameters)
      : await authenticateClient(lookup, headers, parameters)
  if (!client.metadata.grant_types.includes(name)) {
    throw new OAuthError('unauthorized_client', `This client did not register for the grant type ${name}.`)
  }
  await requireWithinLimit(c.env, client, name, parameters)
  return tokenResponse(
    c,
    await GRANT_TYPES[name]({ env: c.env, config, issuer, place: whereFrom(c), client, parameters }),
  )
}

// Per client and grant, not per address: the users of a hosted client share its addresses. Counted once the client is
// who it says, so that nobody else uses up what is its own.
async function requireWithinLimit(
  env: Env,
  client: Client,
  grantType: ClientGrantType,
  parameters: Parameters,
): Promise<void> {
  const presented = parameters.get(grantType === 'refresh_token' ? 'refresh_token' : 'code') ?? ''
  const key = `${client.id} ${parseHandle(presented)?.grantId ?? ''}`
  if (!(await withinLimit(env.TOKEN_LIMIT, key))) throw tooOften()
}

function requireGrantType(name: string): ClientGrantType {
  if (Object.hasOwn(GRANT_TYPES, name)) return name as ClientGrantType
  throw new OAuthError('unsupported_grant_type', `Supported: ${Object.keys(GRANT_TYPES).join(', ')}`)
}

// RFC 6749 §5.1. `scope` is always there: it may be less than was asked for.
async function tokenResponse(c: Context<AppEnv>, exchanged: Exchanged): Promise<Response> {
  const { authorized, refreshToken } = exchanged
  const accessToken = await issueAccessToken(c.get('config'), authorized)
  return Response.json(
    {
      access_token: accessToken.token,
      token_type: 'Bearer',
      expires_in: accessToken.expiresIn,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      scope: authorized.scopes.join(' '),
    },
    { headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } },
  )
}
