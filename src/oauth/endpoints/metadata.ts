// What this server says about itself: RFC 8414 (authorization server), RFC 9728 (protected resource), RFC 7517 (keys).
import type { Context } from 'hono'
import { NAME } from '../../config.ts'
import type { AppEnv } from '../../origin.ts'
import { ASSERTION_ALGORITHMS } from '../assertions/assertion.ts'
import { isAllowedHost } from '../clients/document-url.ts'
import { AUTH_METHODS, CLIENT_GRANT_TYPES } from '../clients/metadata.ts'
import { resourceOf } from '../resource.ts'
import { announcedScopes, OFFLINE_ACCESS, RESOURCE_SCOPES } from '../scopes.ts'
import { publicKeySet } from '../tokens/signing-keys.ts'

export function authorizationServerMetadata(c: Context<AppEnv>): Response {
  const issuer = c.get('issuer')
  return cached({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    ...(c.get('config').registration !== 'off' && { registration_endpoint: `${issuer}/register` }),
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    jwks_uri: `${issuer}/jwks`,
    scopes_supported: [...RESOURCE_SCOPES, OFFLINE_ACCESS],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: CLIENT_GRANT_TYPES,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint_auth_methods_supported: AUTH_METHODS.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    // draft-ietf-oauth-identity-assertion-authz-grant §6
    ...(c.get('config').assertionIssuers.length > 0 && {
      authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
    }),
    client_id_metadata_document_supported: isAllowedHost(c.get('config')),
    authorization_response_iss_parameter_supported: true,
  })
}

// RFC 9728 §2: the servers whose tokens are accepted, as they call themselves; clients take the first that they can.
// All scopes, not only those of the first challenge: a client that reads scopes from here does so because it is too
// old to read a challenge, and so too old to step up.
export function protectedResourceMetadata(c: Context<AppEnv>): Response {
  const config = c.get('config')
  const issuer = c.get('issuer')
  const own = config.ownAuthorizationServer ? [issuer] : []
  return cached({
    resource: resourceOf(issuer),
    authorization_servers: [...config.authorizationServers.map((server) => server.issuer), ...own],
    scopes_supported: announcedScopes(config, RESOURCE_SCOPES),
    bearer_methods_supported: ['header'],
    resource_name: NAME,
  })
}

export function jwks(c: Context<AppEnv>): Response {
  return cached(publicKeySet(c.get('config')))
}

// A minute: long enough to spare most requests, short enough for a key rotation to wait for.
function cached(body: object): Response {
  return Response.json(body, { headers: { 'Cache-Control': 'public, max-age=60' } })
}
