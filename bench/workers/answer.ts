// The tools of src/tools behind nothing at all: what the twin and the peer have in common.
import { type AuthInfo, createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Caller } from '../../src/engine/mcp/handler.ts'
import { tools } from '../../test/fixture/src/server/index.ts'

export type Who = Pick<Caller, 'user' | 'client' | 'scopes'>

/** Answers an MCP message as the SDK's own examples do: a fresh server with all tools. */
export function answer(request: Request, env: Env, who: Who, authInfo?: AuthInfo): Promise<Response> {
  const caller = { ...who, env, upstream: unavailable, sealState: unavailable }
  const handler = createMcpHandler(() => {
    const server = new McpServer(
      { name: 'Bench', version: '1' },
      { capabilities: { tools: { listChanged: false } } },
    )
    for (const tool of tools) tool.register(server, () => caller)
    return server
  })
  return handler.fetch(request, authInfo && { authInfo })
}

function unavailable(): never {
  throw new Error('No tool of the bench asks for this.')
}
