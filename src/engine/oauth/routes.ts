// The endpoints of the authorization server, and the metadata of the resource: path, methods, who may call it from a
// page elsewhere, and how errors are rendered. Middleware is bound to paths, so that what is open to every origin opens
// nothing else.
import type { AppEnv } from '../http/app-env.ts'
import { anyOrigin } from '../http/cors.ts'
import { errorResponse, OAuthError } from '../http/errors.ts'
import { Hono } from '../http/hono.ts'
import { logError } from '../log/log.ts'
import { isMain, type Resources } from '../settings/resources.ts'
import { JWT_BEARER_GRANT } from './clients/metadata.ts'
import { authorize, decide } from './endpoints/authorize.ts'
import { introspect } from './endpoints/introspect.ts'
import { endRegistration, readRegistration, replaceRegistration } from './endpoints/manage-client.ts'
import { authorizationServerMetadata, jwks, protectedResourceMetadata } from './endpoints/metadata.ts'
import { register } from './endpoints/register.ts'
import { revoke } from './endpoints/revoke.ts'
import { tokenEndpoint } from './endpoints/token.ts'
import { authorizationCode } from './grant-types/authorization-code.ts'
import { clientCredentials } from './grant-types/client-credentials.ts'
import type { GrantTypes } from './grant-types/grant-type.ts'
import { jwtBearer } from './grant-types/jwt-bearer.ts'
import { refreshToken } from './grant-types/refresh-token.ts'
import type { Endpoints, Methods, Part } from './part.ts'

/** How a client can get tokens. */
const GRANT_TYPES: GrantTypes = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
  [JWT_BEARER_GRANT]: jwtBearer,
}

/** Where clients learn which authorization servers are in force; it is there whichever they are. */
export function resourceEndpoints(resources: Resources): Hono<AppEnv> {
  const root = '/.well-known/oauth-protected-resource'
  const endpoints = resources
    // A server elsewhere says it itself.
    .filter(({ at }) => at.startsWith('/'))
    .flatMap((resource) => {
      const methods: Methods = { GET: (c) => protectedResourceMetadata(c, resource) }
      return [...(isMain(resource) ? [root] : []), root + resource.at].map((path) => [path, methods] as const)
    })
  return forPrograms(Object.fromEntries(endpoints))
}

export function machineEndpoints(parts: readonly Part[]): Hono<AppEnv> {
  const grantTypes: GrantTypes = Object.assign({}, GRANT_TYPES, ...parts.map((part) => part.grantTypes))
  const endpoints: Endpoints = {
    '/.well-known/oauth-authorization-server': { GET: authorizationServerMetadata(grantTypes, parts) },
    '/jwks': { GET: jwks },
    '/register': { POST: register },
    '/register/:clientId': { GET: readRegistration, PUT: replaceRegistration, DELETE: endRegistration },
    '/token': { POST: tokenEndpoint(grantTypes) },
    '/revoke': { POST: revoke },
    '/introspect': { POST: introspect },
  }
  return forPrograms(Object.assign({}, endpoints, ...parts.map((part) => part.endpoints)))
}

/** Any origin may call, none with cookies; errors are JSON. */
function forPrograms(endpoints: Endpoints): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.onError((error) => {
    if (error instanceof OAuthError) {
      if (error.cause) logError(error.cause, { code: error.code })
      return errorResponse(error)
    }
    logError(error)
    return errorResponse(
      new OAuthError('server_error', 'Something went wrong here. It has been written down.'),
    )
  })
  for (const [path, methods] of Object.entries(endpoints)) {
    app.use(
      path,
      anyOrigin({
        methods: Object.keys(methods),
        headers: ['Authorization', 'Content-Type', 'DPoP', 'MCP-Protocol-Version'],
        exposed: ['WWW-Authenticate', 'DPoP-Nonce', 'Retry-After'],
      }),
    )
    serve(app, path, methods)
  }
  return app
}

/** For a person in a browser: no other origin; errors are pages (index.ts). */
export const authorizationEndpoint = new Hono<AppEnv>()
serve(authorizationEndpoint, '/authorize', { GET: authorize, POST: decide })

// RFC 9110 §15.5.6: the answer to a wrong method names the right ones.
function serve(app: Hono<AppEnv>, path: string, methods: Methods): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
  const allow = Object.keys(methods).join(', ')
  app.all(path, (c) =>
    c.json({ error: 'invalid_request' }, 405, { Allow: allow, 'Cache-Control': 'no-store' }),
  )
}
