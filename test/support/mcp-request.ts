// Requests to /mcp, right in every way until a test changes one thing.
interface Message {
  jsonrpc: '2.0'
  id: number
  method: string
  params: Record<string, unknown>
}

/** What `send(MCP_URL, …)` takes. */
export interface McpRequest {
  method: 'POST'
  headers: Headers
  body: string
}

type Changes = Record<string, string | undefined>

/** Calls a tool in the 2026-07-28 protocol. `headers` replace or, when undefined, remove; so does `body`. */
export function modernCall(
  token: string,
  name: string,
  args: object = {},
  { headers = {}, body }: { headers?: Changes; body?: string } = {},
): McpRequest {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const own = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name }
  const { params, ...message } = toolCall(name, args)
  return post(
    token,
    { ...own, ...headers },
    body ?? JSON.stringify({ ...message, params: { ...params, _meta } }),
  )
}

/** Calls a tool as clients of the `initialize` era do. */
export function legacyCall(
  token: string,
  name: string,
  args: object = {},
  { headers = {}, body }: { headers?: Changes; body?: string } = {},
): McpRequest {
  const own = { 'MCP-Protocol-Version': '2025-06-18' }
  return post(token, { ...own, ...headers }, body ?? JSON.stringify(toolCall(name, args)))
}

export function toolCall(name: string, args: object = {}, id = 1): Message {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }
}

function post(token: string, changes: Changes, body: string): McpRequest {
  const headers = new Headers({
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  })
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) headers.delete(name)
    else headers.set(name, value)
  }
  return { method: 'POST', headers, body }
}
