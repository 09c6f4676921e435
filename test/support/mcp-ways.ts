// The three ways in which a message comes to /mcp: in the 2026-07-28 protocol, in the `initialize` era without a session,
// and in a session of it.
import { EventStream, McpSession, type Message, sendLegacy } from './mcp-session.ts'
import { MCP_URL, send } from './worker.ts'

/** Sends a request. Without a token: none. */
export type Ask = (method: string, params?: object, token?: string) => Promise<Response>

/** A request of the 2026-07-28 protocol, with the headers that it needs. */
export function askModern(
  token: string | undefined,
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
  capabilities: object = {},
): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
  const { name, uri } = params as { name?: unknown; uri?: unknown }
  const named = name ?? uri
  return send(MCP_URL, {
    method: 'POST',
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof named === 'string' && { 'Mcp-Name': named }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  })
}

/** A request of the `initialize` era outside of a session. */
export function askLegacy(
  token: string | undefined,
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const message = { jsonrpc: '2.0', id: 1, method, params }
  return sendLegacy({
    token: token ?? '',
    message,
    headers: { ...(token ? {} : { Authorization: undefined }), ...headers },
  })
}

async function inSession(token: string): Promise<Ask> {
  const session = await McpSession.open(token)
  return (method, params = {}, other = token) =>
    session.as(other).post({ jsonrpc: '2.0', id: crypto.randomUUID(), method, params })
}

/** What opens each way for a token. */
export const WAYS: readonly [string, (token: string) => Promise<Ask>][] = [
  [
    'in the 2026-07-28 protocol',
    async (token) =>
      (method, params, other = token) =>
        askModern(other, method, params),
  ],
  [
    'in the initialize era',
    async (token) =>
      (method, params, other = token) =>
        askLegacy(other, method, params),
  ],
  ['in a session', inSession],
]

type Answer = Message & { result?: Record<string, unknown> }

/** The one message that answers, whatever its form. */
export async function messageOf(response: Promise<Response> | Response): Promise<Answer> {
  const answer = await response
  if (answer.status !== 200) return answer.json<Answer>()
  return (await new EventStream(answer).rest()).at(-1) as Answer
}

/** The result. Throws what else came. */
export async function resultOf<Result = Record<string, unknown>>(
  response: Promise<Response> | Response,
): Promise<Result> {
  const message = await messageOf(response)
  if (!message.result) throw new Error(JSON.stringify(message))
  return message.result as Result
}
