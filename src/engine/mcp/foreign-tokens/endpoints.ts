// Hosted clients have been seen to open /authorize and /token on our origin although our metadata names another server
// (claude-ai-mcp#706, #900). While our own server is off, both lead to the first server that the metadata names.
import type { Context, MiddlewareHandler } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { anyOrigin } from '../../http/cors.ts'
import { errorResponse, OAuthError } from '../../http/errors.ts'
import { Hono } from '../../http/hono.ts'
import { PageError } from '../../http/page-error.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import { discover, requireEndpoint } from './discovery.ts'
import { unavailable } from './fetch-json.ts'
import { Remembered } from './remembered.ts'

interface Endpoints {
  readonly authorization: string
  readonly token: string
}

const published = new WeakMap<ForeignServer, Remembered<Endpoints>>()

export const foreignEndpoints = new Hono<AppEnv>()

foreignEndpoints.get(
  '/authorize',
  whileOursIsOff(async (c) => {
    const endpoint = await endpointsOf(c).catch(() => {
      throw new PageError(
        503,
        'One moment',
        'The server where you sign in does not answer. Try again shortly.',
      )
    })
    const url = new URL(endpoint.authorization)
    // As the client wrote it, behind what the endpoint has of its own (RFC 6749 §3.1).
    url.search = [url.search, new URL(c.req.url).search]
      .map((query) => query.slice(1))
      .filter(Boolean)
      .join('&')
    return c.redirect(url.href, 302)
  }),
)

foreignEndpoints.on(
  ['POST', 'OPTIONS'],
  '/token',
  whileOursIsOff(
    anyOrigin({ methods: ['POST'], headers: ['Content-Type', 'MCP-Protocol-Version'], exposed: [] }),
  ),
  whileOursIsOff(async (c) => {
    const answer = await endpointsOf(c).then(({ token }) => tokenIsAt(token, c.req.raw.headers), unavailable)
    return errorResponse(answer)
  }),
)

/**
 * A redirect for clients that follow one, and an error in words for those that do not, as the official client.
 *
 * It is safe to send a code and a secret on: they go to the server that they are for, over https. The operator chose it,
 * our metadata names it, and nothing in the request can change it. RFC 9700 §4.12 is about something else, a user's
 * password that would get to a client. 307 keeps method and body (RFC 9110 §15.4.8), which is not read here; a cached 308
 * would outlive the setting.
 */
function tokenIsAt(endpoint: string, headers: Headers): OAuthError {
  // Clients drop the header on the way to another origin (Fetch, "HTTP-redirect fetch"): the server there would see a
  // client without its secret, and call it unknown.
  const redirect = headers.has('Authorization') ? {} : { status: 307, headers: { Location: endpoint } }
  return new OAuthError('invalid_request', `The token endpoint is not here but at ${endpoint}`, redirect)
}

function whileOursIsOff(handler: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> {
  return (c, next) => (c.get('settings').ownAuthorizationServer ? next() : handler(c, next))
}

/** @throws Unanswered, which is logged */
function endpointsOf(c: Context<AppEnv>): Promise<Endpoints> {
  const [server] = c.get('settings').authorizationServers as [ForeignServer]
  const endpoints = published.get(server) ?? new Remembered(server, () => fetchEndpoints(server))
  published.set(server, endpoints)
  return endpoints.current(c)
}

async function fetchEndpoints(server: ForeignServer): Promise<Endpoints> {
  const metadata = await discover(server)
  return {
    authorization: requireEndpoint(server, metadata, 'authorization_endpoint'),
    token: requireEndpoint(server, metadata, 'token_endpoint'),
  }
}
