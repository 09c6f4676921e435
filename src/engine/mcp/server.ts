// What answers MCP messages: a server of the SDK with this project's tools. Each call is made for whoever its own
// request was authenticated as, never for whom the server was made.
import { McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { NAME } from '#config'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import type { Settings } from '../settings/load.ts'
import { VERSION } from '../version.ts'
import type { Caller, Tool } from './define-tool.ts'
import { requestState } from './request-state.ts'
import { upstreamOf } from './upstream.ts'

/** What the authorization server before it can do beyond MCP itself. */
function extensionsOf({ assertionIssuers }: Settings) {
  return {
    'io.modelcontextprotocol/oauth-client-credentials': {},
    ...(assertionIssuers.length > 0 && { 'io.modelcontextprotocol/enterprise-managed-authorization': {} }),
  }
}

/** Where a server runs. */
interface Surroundings {
  readonly env: Env
  readonly settings: Settings
  readonly issuer: string
}

export function newServer(tools: readonly Tool[], { env, settings, issuer }: Surroundings): McpServer {
  const callerOf = (mcp: ServerContext): Caller => {
    const authInfo = mcp.http?.authInfo
    if (!authInfo?.extra) throw new Error('A message came here unauthenticated.')
    const { clientId, scopes } = authInfo
    const { userId, userName, userExpiresAt } = authInfo.extra as unknown as AccessToken
    const { seal } = requestState(settings, issuer, { userId, clientId })
    return {
      user: { id: userId, name: userName, ...(userExpiresAt !== undefined && { expiresAt: userExpiresAt }) },
      client: { id: clientId },
      scopes,
      env,
      upstream: upstreamOf(env, userId),
      sealState: seal,
    }
  }
  const verify = (state: string, mcp: ServerContext) => {
    const { user, client } = callerOf(mcp)
    return requestState(settings, issuer, { userId: user.id, clientId: client.id }).verify(state)
  }
  const server = new McpServer(
    { name: NAME, version: VERSION },
    // The list changes with a deployment only; nobody would be there to say so.
    {
      capabilities: { tools: { listChanged: false }, extensions: extensionsOf(settings) },
      requestState: { verify },
    },
  )
  for (const tool of tools) tool.register(server, callerOf)
  return server
}
