import { auth, createMCPClient } from '@ai-sdk/mcp'
import type { Agent } from '../agent.ts'
import { newProvider } from '../memory.ts'

export const agent: Agent = {
  name: 'Vercel AI SDK',
  package: '@ai-sdk/mcp',
  writes: 'if ticked',
  connect: async ({ mcpUrl, person }) => {
    const { provider, answer, stop } = await newProvider(person, 'Vercel AI SDK')
    const transport = { type: 'http', url: mcpUrl.href, authProvider: provider } as const
    await createMCPClient({ transport }).catch((error) => {
      if (!/unauthorized/i.test(`${error.name} ${error.message}`)) throw error
    })
    await auth(provider, {
      serverUrl: mcpUrl,
      authorizationCode: answer().get('code') as string,
      callbackState: answer().get('state') as string,
      callbackIssuer: answer().get('iss') as string,
    })
    const client = await createMCPClient({ transport })
    const tools = await client.tools()
    return {
      call: async (name, args = {}) => {
        const result = await tools[name].execute(args, { toolCallId: '1', messages: [] })
        if (result.isError) throw new Error(JSON.stringify(result))
        return JSON.stringify(result)
      },
      close: async () => {
        await client.close()
        stop()
      },
    }
  },
}
