// Identity assertion grants (draft-ietf-oauth-identity-assertion-authz-grant, MCP enterprise-managed authorization): an
// enterprise's identity provider says that one of its people may use this client here. No consent page: the enterprise
// has decided. No refresh token: it decides again each time. The client proves who it is, unless the configuration names
// it for this issuer: managed Claude is known by its metadata document, and is public.
import { decodeJwt } from 'jose'
import { OAuthError, orUnavailable, tooOften } from '../../http/errors.ts'
import { withinLimit } from '../../http/limits.ts'
import { log } from '../../log/log.ts'
import { accountOf } from '../../people/account-store.ts'
import { holderOf } from '../../people/addresses-store.ts'
import { withinCeiling } from '../../people/ceiling.ts'
import { type Identity, nameOf, rulesOfSubject, userIdOf } from '../../people/identity.ts'
import type { AssertionIssuer } from '../../settings/assertion-issuers.ts'
import type { Settings } from '../../settings/load.ts'
import { identifierOf, type Resource } from '../../settings/resources.ts'
import { type AssertionClaims, requireCompact, verifyAssertion } from '../assertions/assertion.ts'
import { remoteKeys } from '../assertions/remote-keys.ts'
import { isFirstUse } from '../assertions/seen-store.ts'
import type { Client } from '../clients/client.ts'
import { requireResource } from '../resource.ts'
import { ofResource, parseScope, withinScopes } from '../scopes.ts'
import type { AuthenticatedTokenRequest, Exchanged } from './grant-type.ts'

const ID_JAG_TYPE = 'oauth-id-jag+jwt'
/** Short, because only the removal of the client revokes such a token. */
const LIFETIME_MS = 10 * 60 * 1000

type Claims = AssertionClaims & {
  client_id?: unknown
  resource?: unknown
  scope?: unknown
  tenant?: unknown
  cnf?: unknown
  authorization_details?: unknown
  name?: unknown
  email?: unknown
  email_verified?: unknown
}

/** Whether the configuration names an unregistered client. */
export function isNamedForAssertions({ assertionIssuers }: Settings, { id }: Client): boolean {
  return assertionIssuers.some(({ clients }) => clients.includes(id))
}

export async function identityAssertion(request: AuthenticatedTokenRequest): Promise<Exchanged> {
  const { env, settings, issuer, client, parameters } = request
  const assertion = requireCompact(parameters.require('assertion'), 'invalid_grant')
  const trusted = issuerOf(settings, assertion)
  const isRegistered = client.scopes !== undefined && client.metadata.token_endpoint_auth_method !== 'none'
  if (!isRegistered && !isNamedForAssertions(settings, client)) throw unauthorized()
  const named = requireResource(request, parameters.all('resource'))
  if (!trusted) throw wrong('Its issuer is not trusted for this.')
  // One organization's choice of apps is not another's.
  const isNamed = trusted.clients.includes(client.id)
  if (!isRegistered && !isNamed) throw unauthorized()
  const claims = await verify(request, named, trusted, assertion)
  const identity = await identityOf(env, trusted, claims)
  const userId = await userIdOf(settings, identity)
  if (await orUnavailable(accountOf(env, userId).isDisabled())) throw wrong('The person is disabled here.')
  // Per person: anyone can claim to be a public client, and a whole company shares it.
  if (isNamed && !(await withinLimit(env.TOKEN_LIMIT, `${client.id} ${userId}`))) throw tooOften()
  const most = ofResource(named, (isNamed ? trusted.scopes : client.scopes) ?? [])
  const scopes = allowedScopes(request, identity, claims.scope, most)
  // Last: what is refused for another reason can be presented again.
  if (!(await isFirstUse(env, `id-jag ${claims.iss}`, claims.jti, claims.exp)))
    throw wrong('It was used before.')
  log('token.issued', { user: userId, client: client.id, grant_type: 'identity_assertion', scopes })
  const endsAt = Date.now() + LIFETIME_MS
  const resource = identifierOf(issuer, named)
  return {
    authorized: { issuer, resource, endsAt, userId, userName: identity.name, clientId: client.id, scopes },
  }
}

/** §4.4 of the draft: each of its processing rules. */
async function verify(
  { issuer, resources, client }: AuthenticatedTokenRequest,
  named: Resource,
  trusted: AssertionIssuer,
  assertion: string,
): Promise<Claims> {
  const expected = { issuer: trusted.issuer, audience: issuer, typ: ID_JAG_TYPE }
  const claims: Claims = await verifyAssertion(assertion, remoteKeys(trusted.jwks_uri), expected).catch(
    (error: unknown) => {
      throw error instanceof OAuthError ? error : wrong('It is not valid, or not any more.', error)
    },
  )
  if (claims.iat === undefined) throw wrong('It does not say when it was made.')
  if (claims.client_id !== client.id) throw wrong('It was made for another client.')
  for (const refuses of REFUSALS) {
    const why = refuses(claims)
    if (why !== undefined) throw wrong(why)
  }
  // For this resource, or for none in particular.
  const meant = claims.resource === undefined ? [] : [claims.resource].flat().map(String)
  requireResource({ issuer, resources }, [identifierOf(issuer, named), ...meant])
  return claims
}

// Restrictions of an assertion. A server that ignores one would grant more than the issuer allowed.
const REFUSALS: readonly ((claims: Claims) => string | undefined)[] = [
  ({ cnf }) =>
    cnf === undefined ? undefined : 'It is bound to a key (cnf), and nothing was proven of that key.',
  ({ authorization_details: details }) =>
    details === undefined ? undefined : 'It names authorization_details, which this server does not know.',
  ({ scope }) => (scope === undefined || typeof scope === 'string' ? undefined : 'Its scope is no text.'),
]

// The same person as by their own sign-in: by the subject, where the same issuer signs them in, or by an address that the
// issuer hands out and has verified.
async function identityOf(
  env: Env,
  { issuer, tenant, login, domains }: AssertionIssuer,
  { sub, name, email, email_verified }: Claims,
): Promise<Identity> {
  // Subjects are unique within a tenant only.
  const own = { method: login, issuer: tenant === undefined ? issuer : `${issuer} ${tenant}`, subject: sub }
  const address = email_verified === true && typeof email === 'string' ? email.toLowerCase() : ''
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const isProven = address.includes('@') && domains.includes(domain)
  const person = (isProven && (await holderOf(env, address, [own.issuer, sub]))) || own
  return {
    ...person,
    name: nameOf(name, email, sub),
    knownAs: [
      ...(isProven ? [address, `@${domain}`] : []),
      ...new Set([person, own].flatMap(({ method, subject }) => rulesOfSubject(method, subject))),
    ],
    // An assertion vouches for no group, and for an address only if it proves one.
    open: [...(isProven ? [] : ['@']), ...new Set([person, own].map(({ method }) => `${method}:group/`))],
  }
}

// What was asked for, of what the assertion allows, of what this client and this person may have at all.
function allowedScopes(
  { settings, parameters }: AuthenticatedTokenRequest,
  identity: Identity,
  scope: unknown,
  most: readonly string[],
) {
  const ofAssertion = typeof scope === 'string' ? parseScope(scope).filter((one) => most.includes(one)) : most
  const allowed = withinCeiling(settings, identity, ofAssertion)
  return withinScopes(allowed, parameters.get('scope'))
}

/** The issuer, and its tenant, that an assertion claims to be of. An issuer that serves several has one entry for each. */
function issuerOf({ assertionIssuers }: Settings, assertion: string): AssertionIssuer | undefined {
  try {
    const { iss, tenant } = decodeJwt(assertion)
    return assertionIssuers.find((one) => one.issuer === iss && one.tenant === tenant)
  } catch {
    return undefined
  }
}

function unauthorized(): OAuthError {
  return new OAuthError('unauthorized_client', 'A client that anyone can claim to be cannot act for others.')
}

function wrong(why: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_grant', `The assertion is refused. ${why}`, { cause })
}
