import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Agent, Connection } from '../agent.ts'
import { type Place, programPath } from '../place.ts'

export const agent: Agent = {
  name: 'mcp-remote',
  package: 'mcp-remote',
  writes: 'asks again',
  connect: (place) => connect(place),
}

/** @param options of mcp-remote */
export async function connect(place: Place, ...options: readonly string[]): Promise<Connection> {
  const transport = new StdioClientTransport({
    command: programPath('mcp-remote'),
    args: [place.mcpUrl.href, ...options],
    env: place.env,
    cwd: place.home,
    stderr: 'pipe',
  })
  let printed = ''
  transport.stderr?.on('data', (chunk) => {
    printed += chunk
    place.person.notice(printed)
  })
  const client = new Client({ name: 'local app', version: '1' })
  await client.connect(transport).catch((error) => {
    throw new Error(`${error}\n${printed}`)
  })
  return {
    call: async (name, args = {}) => JSON.stringify(await client.callTool({ name, arguments: { ...args } })),
    close: () => client.close(),
  }
}
