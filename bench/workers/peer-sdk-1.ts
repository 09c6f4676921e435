// The peer before a server of the MCP SDK's first major version, which Cloudflare's templates have, without their McpAgent:
// the least that one can deploy of them. With a single tool, and a protocol of its own: it is weighed and started, no more.
import { OAuthProvider } from '@cloudflare/workers-oauth-provider'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { consent, ENDPOINTS } from './peer.ts'

export { Notebook } from '../../test/fixture/src/server/notebook.ts'

async function answer(request: Request): Promise<Response> {
  const server = new McpServer({ name: 'Bench', version: '1' })
  server.registerTool('whoami', { description: 'Says who is signed in.' }, () => ({
    content: [{ type: 'text', text: 'Anyone' }],
  }))
  const transport = new WebStandardStreamableHTTPServerTransport()
  await server.connect(transport)
  return transport.handleRequest(request)
}

export default new OAuthProvider({
  ...ENDPOINTS,
  apiHandler: { fetch: answer },
  defaultHandler: { fetch: consent },
})
