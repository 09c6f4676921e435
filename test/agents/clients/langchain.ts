import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import type { Agent } from '../agent.ts'
import { newProvider } from '../memory.ts'

export const agent: Agent = {
  name: 'LangChain adapters',
  package: '@langchain/mcp-adapters',
  writes: 'if ticked',
  connect: async ({ mcpUrl, person }) => {
    const { provider, answer, stop } = await newProvider(person, 'LangChain adapters')
    const server = { transport: 'http', url: mcpUrl.href, authProvider: provider }
    const newClient = () => new MultiServerMCPClient({ mcpServers: { gatehouse: server } })
    await newClient()
      .getTools()
      .catch((error: Error) => {
        if (answer() === undefined) throw error
      })
    await auth(provider, { serverUrl: mcpUrl, authorizationCode: answer().get('code') as string })
    const client = newClient()
    const tools = await client.getTools()
    return {
      call: async (name, args = {}) => {
        const tool = tools.find((one: { name: string }) => one.name === name)
        return JSON.stringify(await tool.invoke(args))
      },
      close: async () => {
        await client.close()
        stop()
      },
    }
  },
}
