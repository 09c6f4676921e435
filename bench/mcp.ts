// MCP messages of the 2026-07-28 protocol, and of the one before it.
import type { Sent } from './load.ts'

const VERSION = '2026-07-28'
const LEGACY_VERSION = '2025-11-25'

export function toolCall(name: string, args: object = {}, token?: string): Sent {
  return message('tools/call', { name, arguments: args }, { 'Mcp-Name': name }, token)
}

/** To a server that keeps no session. */
export function legacyToolCall(name: string, token: string | undefined): Sent {
  return post(LEGACY_VERSION, 'tools/call', { name, arguments: {} }, {}, token)
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
  return post(VERSION, method, { ...params, _meta }, { 'Mcp-Method': method, ...headers }, token)
}

function post(
  version: string,
  method: string,
  params: object,
  headers: Record<string, string>,
  token: string | undefined,
): Sent {
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': version,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  }
}
