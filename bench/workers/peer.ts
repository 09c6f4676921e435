// What one would pick instead: @cloudflare/workers-oauth-provider before the same MCP tools, as its README sets it up.
// Its consent page is the minimum: it signs no user in, guards no form, and looks nothing up.
import { type OAuthHelpers, OAuthProvider } from '@cloudflare/workers-oauth-provider'
import { answer } from './answer.ts'

export { Notebook } from '../../test/fixture/src/server/notebook.ts'

interface PeerEnv extends Env {
  readonly OAUTH_PROVIDER: OAuthHelpers
}

interface Props {
  readonly userId: string
  readonly name: string
}

const ISSUER = 'https://mcp.example.com'

export const ENDPOINTS = {
  apiRoute: '/mcp',
  authorizeEndpoint: '/authorize',
  tokenEndpoint: '/token',
  clientRegistrationEndpoint: '/register',
  scopesSupported: ['notes:read', 'notes:write', 'offline_access'],
  resourceMetadata: { resource: `${ISSUER}/mcp`, authorization_servers: [ISSUER] },
  clientIdMetadataDocumentEnabled: true,
}

export default new OAuthProvider<PeerEnv>({
  ...ENDPOINTS,
  apiHandler: {
    fetch(request: Request, env: PeerEnv, ctx: ExecutionContext) {
      const { props, auth } = ctx as ExecutionContext & {
        props: Props
        auth: { clientId: string; scope: string[] }
      }
      const who = {
        user: { id: props.userId, name: props.name },
        client: { id: auth.clientId },
        scopes: auth.scope,
      }
      return answer(request, env, who, { token: '', clientId: auth.clientId, scopes: auth.scope })
    },
  },
  defaultHandler: { fetch: consent },
})

export async function consent(request: Request, env: PeerEnv): Promise<Response> {
  const oauth = env.OAUTH_PROVIDER
  const authRequest = await oauth.parseAuthRequest(request)
  if (request.method === 'GET') {
    return new Response('<!doctype html><form method="post"><button>Allow</button></form>', {
      headers: { 'Content-Type': 'text/html' },
    })
  }
  const { redirectTo } = await oauth.completeAuthorization({
    request: authRequest,
    userId: 'anyone',
    metadata: {},
    scope: authRequest.scope,
    props: { userId: 'anyone', name: 'Anyone' },
  })
  return new Response(null, { status: 302, headers: { Location: redirectTo } })
}
