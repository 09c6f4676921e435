// The peer as Cloudflare's templates put it together: a McpAgent, of `agents`, behind it, here with a single tool.
// It needs more than workerd alone has, and speaks an older protocol: so it is weighed, not run.
import { OAuthProvider } from '@cloudflare/workers-oauth-provider'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpAgent } from 'agents/mcp'
import * as z from 'zod'
import { consent, ENDPOINTS } from './peer.ts'

export class ToolAgent extends McpAgent {
  server = new McpServer({ name: 'Bench', version: '1' })

  async init(): Promise<void> {
    const tool = { description: 'Adds two numbers.', inputSchema: { a: z.number(), b: z.number() } }
    this.server.registerTool('add', tool, ({ a, b }) => ({
      content: [{ type: 'text', text: String(a + b) }],
    }))
  }
}

export default new OAuthProvider({
  ...ENDPOINTS,
  apiHandler: ToolAgent.serve('/mcp', { binding: 'AGENTS' }),
  defaultHandler: { fetch: consent },
})
