import { auth } from '@modelcontextprotocol/client'
import { MCPServerStreamableHttp } from '@openai/agents'
import type { Agent } from '../agent.ts'
import { newProvider } from '../memory.ts'

export const agent: Agent = {
  name: 'OpenAI Agents SDK',
  package: '@openai/agents',
  writes: 'asks again',
  connect: async ({ mcpUrl, person }) => {
    const { provider, answer, stop } = await newProvider(person, 'OpenAI Agents SDK')
    const newServer = () => new MCPServerStreamableHttp({ url: mcpUrl.href, authProvider: provider })
    /** What an app does once the user is back. */
    const finish = async () => {
      await auth(provider as never, {
        serverUrl: mcpUrl,
        authorizationCode: answer().get('code') as string,
        iss: answer().get('iss') as string,
      })
    }
    await newServer()
      .connect()
      .catch((error: Error) => {
        if (answer() === undefined) throw error
      })
    await finish()
    const server = newServer()
    await server.connect()
    const call = async (name: string, args: object) =>
      JSON.stringify(await server.callTool(name, { ...args }))
    return {
      call: async (name, args = {}) => {
        const before = person.asked
        return call(name, args).catch(async (error: Error) => {
          if (person.asked === before) throw error
          await finish()
          return call(name, args)
        })
      },
      close: async () => {
        await server.close()
        stop()
      },
    }
  },
}
