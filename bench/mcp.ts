// MCP messages of the 2026-07-28 protocol.
import type { Sent } from './load.ts'

const VERSION = '2026-07-28'

export function toolCall(name: string, args: object = {}, token?: string): Sent {
  return message('tools/call', { name, arguments: args }, { 'Mcp-Name': name }, token)
}

export function toolsList(token?: string): Sent {
  return message('tools/list', {}, {}, token)
}

function message(
  method: string,
  params: object,
  headers: Record<string, string>,
  token: string | undefined,
): Sent {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': VERSION,
      'Mcp-Method': method,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  }
}
