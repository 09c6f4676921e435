// What this server says about itself: RFC 8414 (authorization server), RFC 9728 (protected resource), RFC 7517 (keys).
import type { Context } from 'hono'
import { SERVER } from '#config'
import type { AppEnv } from '../../http/app-env.ts'
import { DPOP_ALGORITHMS } from '../../settings/algorithms.ts'
import type { ServerDescription } from '../../settings/description.ts'
import { identifierOf, type Resource } from '../../settings/resources.ts'
import { ASSERTION_ALGORITHMS } from '../assertions/assertion.ts'
import { isAllowedHost } from '../clients/document-url.ts'
import { AUTH_METHODS } from '../clients/metadata.ts'
import { type GrantTypes, grantTypesOn } from '../grant-types/grant-type.ts'
import type { Part } from '../part.ts'
import { announcedScopes } from '../scope-names.ts'
import { OFFLINE_ACCESS, RESOURCE_SCOPES } from '../scopes.ts'
import { publicKeySet } from '../tokens/signing-keys.ts'

const { websiteUrl, privacy, terms }: ServerDescription = SERVER

export function authorizationServerMetadata(grantTypes: GrantTypes, parts: readonly Part[]) {
  return ({ var: { issuer, settings } }: Context<AppEnv>): Response =>
    cached({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      ...(settings.registration !== 'off' && { registration_endpoint: `${issuer}/register` }),
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
      jwks_uri: `${issuer}/jwks`,
      scopes_supported: [...RESOURCE_SCOPES, OFFLINE_ACCESS],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: [...grantTypesOn(grantTypes, settings).keys()],
      token_endpoint_auth_methods_supported: AUTH_METHODS,
      token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      revocation_endpoint_auth_methods_supported: AUTH_METHODS,
      revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      introspection_endpoint_auth_methods_supported: AUTH_METHODS.filter((method) => method !== 'none'),
      introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      code_challenge_methods_supported: ['S256'],
      // RFC 9449 §5.1
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      // draft-ietf-oauth-identity-assertion-authz-grant §6
      ...(settings.assertionIssuers.length > 0 && {
        authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
      }),
      client_id_metadata_document_supported: isAllowedHost(settings),
      authorization_response_iss_parameter_supported: true,
      ...Object.assign({}, ...parts.map(({ metadata }) => metadata?.(issuer, settings))),
      ...addresses({ service_documentation: websiteUrl, op_policy_uri: privacy, op_tos_uri: terms }),
    })
}

// RFC 9728 §2: the servers whose tokens are accepted, as they call themselves; clients take the first that they can.
// All scopes, not only those of the first challenge: a client that reads scopes from here does so because it is too
// old to read a challenge, and so too old to step up.
export function protectedResourceMetadata(c: Context<AppEnv>, resource: Resource): Response {
  const settings = c.get('settings')
  const issuer = c.get('issuer')
  const own = settings.ownAuthorizationServer ? [issuer] : []
  const scopes = announcedScopes(settings, resource.scopes)
  return cached({
    resource: identifierOf(issuer, resource),
    authorization_servers: [...settings.authorizationServers.map((server) => server.issuer), ...own],
    // RFC 9728 §3.2: a list without an entry is left out.
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    resource_name: resource.name,
    ...addresses({
      resource_documentation: websiteUrl,
      resource_policy_uri: privacy,
      resource_tos_uri: terms,
    }),
  })
}

export function jwks(c: Context<AppEnv>): Response {
  return cached(publicKeySet(c.get('settings')))
}

/** Those that there are: no metadata has an empty address. */
function addresses(all: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(all).filter(([, address]) => address !== undefined))
}

// A minute: long enough to spare most requests, short enough for a key rotation to wait for.
function cached(body: object): Response {
  return Response.json(body, { headers: { 'Cache-Control': 'public, max-age=60' } })
}
