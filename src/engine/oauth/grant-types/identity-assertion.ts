// Identity assertion grants (draft-ietf-oauth-identity-assertion-authz-grant, MCP enterprise-managed authorization): an
// enterprise's identity provider says that one of its people may use this client here. No consent page: the enterprise
// has decided. No refresh token: it decides again each time.
import { decodeJwt } from 'jose'
import { OAuthError } from '../../http/errors.ts'
import { log } from '../../log/log.ts'
import { withinCeiling } from '../../people/ceiling.ts'
import { type Identity, nameOf, rulesOfSubject, userIdOf } from '../../people/identity.ts'
import type { Settings } from '../../settings/load.ts'
import { type AssertionClaims, requireCompact, verifyAssertion } from '../assertions/assertion.ts'
import { remoteKeys } from '../assertions/remote-keys.ts'
import { isFirstUse } from '../assertions/seen-store.ts'
import { requireResource } from '../resource.ts'
import { parseScope, withinScopes } from '../scopes.ts'
import type { AuthenticatedTokenRequest, Exchanged } from './grant-type.ts'

const ID_JAG_TYPE = 'oauth-id-jag+jwt'
/** Short, since nobody can take such a token back but by removing the client. */
const LIFETIME_MS = 10 * 60 * 1000

type Claims = AssertionClaims & {
  client_id?: unknown
  resource?: unknown
  scope?: unknown
  name?: unknown
  email?: unknown
}

export async function identityAssertion(request: AuthenticatedTokenRequest): Promise<Exchanged> {
  const { env, settings, issuer, client, parameters } = request
  if (client.metadata.token_endpoint_auth_method === 'none') {
    throw new OAuthError('unauthorized_client', 'A client that anyone can claim to be cannot act for others.')
  }
  const resource = requireResource(issuer, parameters.all('resource'))
  const claims = await verify(request, requireCompact(parameters.require('assertion'), 'invalid_grant'))
  const identity = identityOf(settings, claims)
  const userId = await userIdOf(settings, identity)
  const scopes = allowedScopes(request, identity, claims.scope)
  // Last: what is refused for another reason can be presented again.
  if (!(await isFirstUse(env, `id-jag ${claims.iss}`, claims.jti, claims.exp)))
    throw wrong('It was used before.')
  log('token.issued', { user: userId, client: client.id, grant_type: 'identity_assertion', scopes })
  const endsAt = Date.now() + LIFETIME_MS
  return {
    authorized: { issuer, resource, endsAt, userId, userName: identity.name, clientId: client.id, scopes },
  }
}

/** §4.4 of the draft: each of its processing rules. */
async function verify(
  { settings, issuer, client }: AuthenticatedTokenRequest,
  assertion: string,
): Promise<Claims> {
  const trusted = settings.assertionIssuers.find((one) => one.issuer === issuerOf(assertion))
  if (!trusted) throw wrong('Its issuer is not trusted for this.')
  const expected = { issuer: trusted.issuer, audience: issuer, typ: ID_JAG_TYPE }
  const claims: Claims = await verifyAssertion(assertion, remoteKeys(trusted.jwks_uri), expected).catch(
    (error: unknown) => {
      throw error instanceof OAuthError ? error : wrong('It is not valid, or not any more.', error)
    },
  )
  if (claims.iat === undefined) throw wrong('It does not say when it was made.')
  if (claims.client_id !== client.id) throw wrong('It was made for another client.')
  // For this resource, or for none in particular.
  requireResource(issuer, claims.resource === undefined ? [] : [claims.resource].flat().map(String))
  return claims
}

function identityOf(settings: Settings, { iss, sub, name, email }: Claims): Identity {
  const method = settings.assertionIssuers.find((one) => one.issuer === iss)?.login as string
  return {
    method,
    issuer: iss as string,
    subject: sub,
    name: nameOf(name, email, sub),
    knownAs: rulesOfSubject(method, sub),
    // An assertion vouches for no address and no group.
    open: ['@', `${method}:group/`],
  }
}

// What was asked for, of what the assertion allows, of what this client and this person may have at all.
function allowedScopes(
  { settings, client, parameters }: AuthenticatedTokenRequest,
  identity: Identity,
  scope: unknown,
) {
  const ofClient = client.scopes ?? []
  const ofAssertion =
    typeof scope === 'string' ? parseScope(scope).filter((one) => ofClient.includes(one)) : ofClient
  const allowed = withinCeiling(settings, identity, ofAssertion)
  return withinScopes(allowed, parameters.get('scope'))
}

function issuerOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).iss
  } catch {
    return undefined
  }
}

function wrong(why: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_grant', `The assertion is refused. ${why}`, { cause })
}
