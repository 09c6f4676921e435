import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Agent } from '../agent.ts'
import { newProvider } from '../memory.ts'

export const agent: Agent = {
  name: 'MCP SDK v1',
  package: '@modelcontextprotocol/sdk',
  writes: 'if ticked',
  connect: async ({ mcpUrl, person }) => {
    const { provider, answer, stop } = await newProvider(person, 'MCP SDK v1')
    const newTransport = () => new StreamableHTTPClientTransport(mcpUrl, { authProvider: provider })
    const newClient = () => new Client({ name: 'sdk-v1', version: '1' })
    const first = newTransport()
    await newClient()
      .connect(first)
      .catch((error) => {
        if (!(error instanceof UnauthorizedError)) throw error
      })
    await first.finishAuth(answer().get('code') as string)
    const client = newClient()
    await client.connect(newTransport())
    return {
      call: async (name, args = {}) =>
        JSON.stringify(await client.callTool({ name, arguments: { ...args } })),
      close: async () => {
        await client.close()
        stop()
      },
    }
  },
}
