// Answers MCP messages with a server of the SDK and what this project offers. Each call acts for the caller that its own
// request authenticated, never for the caller of another request.
import { type Implementation, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { NAME, SERVER } from '#config'
import { scopeNamesAt } from '../oauth/scope-names.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import type { ServerDescription } from '../settings/description.ts'
import type { Settings } from '../settings/load.ts'
import { identifierOf, isMain, type Resource } from '../settings/resources.ts'
import { VERSION } from '../version.ts'
import { type Catalog, capabilitiesOf, register } from './catalog.ts'
import type { Known, Stranger } from './handler.ts'
import { type Operation, requestState } from './request-state.ts'
import { upstreamOf } from './upstream.ts'

/** What the server, and the authorization server before it, can do beyond MCP itself. */
function extensionsOf({ assertionIssuers }: Settings, { tools }: Catalog) {
  const hasViews = tools.some(({ view }) => view)
  return {
    ...(hasViews && { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } }),
    'io.modelcontextprotocol/oauth-client-credentials': {},
    ...(assertionIssuers.length > 0 && { 'io.modelcontextprotocol/enterprise-managed-authorization': {} }),
  }
}

// The lists change with a deployment, and with what a caller may have: no cache that people share keeps them.
const STEADY = { ttlMs: 5 * 60_000, cacheScope: 'private' } as const
const CACHE_HINTS = { 'tools/list': STEADY, 'prompts/list': STEADY, 'resources/templates/list': STEADY }

/** Where a server runs. */
interface Surroundings {
  readonly env: Env
  readonly settings: Settings
  readonly issuer: string
  readonly resource: Resource
  /** Whether a client asks who this is. Every other result carries the name alone. */
  readonly introduces: boolean
}

const { title, description, websiteUrl, icons }: ServerDescription = SERVER

/** What apps show of the server. */
function introduction(issuer: string, resource: Resource): Implementation {
  const logo = { src: `${issuer}/favicon.svg`, mimeType: 'image/svg+xml', sizes: ['any'] }
  if (!isMain(resource)) return { name: resource.name, version: VERSION, title: resource.name, icons: [logo] }
  return {
    name: NAME,
    version: VERSION,
    title,
    ...(description && { description }),
    ...(websiteUrl && { websiteUrl }),
    icons: icons ? [...icons] : [logo],
  }
}

/** Who sent a message, and what it asks for; see authInfoOf() and forOperation(). */
function authenticated({ http }: ServerContext) {
  if (!http?.authInfo?.extra) throw new Error('A message came here unauthenticated.')
  const { clientId, scopes, extra } = http.authInfo
  const { userId, userName, userExpiresAt, attainable, operation } = extra as unknown as AccessToken & {
    operation: Operation
  }
  return { clientId, scopes, userId, userName, userExpiresAt, attainable, operation }
}

export function newServer(catalog: Catalog, surroundings: Surroundings): McpServer {
  const { env, settings, issuer, resource, introduces } = surroundings
  const { instructions } = resource
  const stateOf = (mcp: ServerContext) => {
    const { clientId, userId, operation } = authenticated(mcp)
    return requestState(settings, identifierOf(issuer, resource), { userId, clientId, operation })
  }
  const callerOf = (mcp: ServerContext): Known | Stranger => {
    if (!mcp.http?.authInfo) return { env }
    const { clientId, scopes, userId, userName, userExpiresAt, attainable } = authenticated(mcp)
    const user = {
      id: userId,
      name: userName,
      ...(userExpiresAt !== undefined && { expiresAt: userExpiresAt }),
    }
    return {
      user,
      client: { id: clientId },
      scopes,
      ...(attainable && { attainable }),
      env,
      upstream: upstreamOf(env, settings, userId),
      origin: issuer,
      sealState: stateOf(mcp).seal,
    }
  }
  const verify = (state: string, mcp: ServerContext) => stateOf(mcp).verify(state)
  const name = isMain(resource) ? NAME : resource.name
  const server = new McpServer(introduces ? introduction(issuer, resource) : { name, version: VERSION }, {
    ...(introduces && instructions && { instructions }),
    capabilities: { ...capabilitiesOf(catalog), extensions: extensionsOf(settings, catalog) },
    cacheHints: CACHE_HINTS,
    requestState: { verify },
  })
  const [first] = settings.authorizationServers
  register(server, catalog, callerOf, first && scopeNamesAt(first))
  return server
}
