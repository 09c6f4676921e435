// MCP as a client writes it, with its token, its session and its headers (MCP transports, "Streamable HTTP").
import { described, expectStatus, objectIn } from './answers.ts'
import { type Client, isStateless, type Member } from './client.ts'
import type { Json, Play } from './play.ts'
import { type Answer, send } from './request.ts'

export interface Sent {
  /** In place of the client's own. */
  readonly token?: string
  readonly id?: number | string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export function initialization({ mcp: { protocolVersion, capabilities, clientInfo } }: Client): Json {
  return { protocolVersion, capabilities, clientInfo }
}

export function call(play: Play, method: string, params?: Json, sent: Sent = {}): Promise<Answer> {
  const { id = 1 } = sent
  return post(play, method, isStateless(play.client) ? withMeta(play, params) : params, { ...sent, id })
}

/** MCP 2026-07-28: each request says what a session would have said once. */
function withMeta({ client: { mcp } }: Play, params: Json = {}): Json {
  const prefix = 'io.modelcontextprotocol'
  const meta = {
    [`${prefix}/protocolVersion`]: mcp.protocolVersion,
    [`${prefix}/clientInfo`]: mcp.clientInfo,
    [`${prefix}/clientCapabilities`]: mcp.capabilities,
  }
  return { ...params, _meta: meta }
}

/** Without an id it is a notification. */
export function post(
  play: Play,
  method: string,
  params?: Json,
  { token, id, headers }: Sent = {},
): Promise<Answer> {
  const { client, mcp, session, tokens } = play
  const isFirst = method === 'initialize'
  const name = client.mcp.sendsMethod ? params?.name : undefined
  return send(mcp, {
    method: 'POST',
    headers: {
      ...headersOf(client, method),
      authorization: `Bearer ${token ?? tokens.access_token}`,
      ...(client.mcp.sendsVersion && !isFirst && { 'mcp-protocol-version': client.mcp.protocolVersion }),
      ...(name !== undefined && { 'mcp-name': String(name) }),
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...headers,
    },
    body: messageOf(client, { jsonrpc: '2.0', id, method, params }),
    isEnough: (text) => find(text) !== undefined,
  })
}

/** What a client sends with every message of this method. */
export function headersOf({ headers, mcp }: Client, method: string): Readonly<Record<string, string>> {
  return { ...headers.post, ...(mcp.sendsMethod && { 'mcp-method': method }) }
}

/** As the client writes it. */
export function messageOf({ mcp }: Client, message: Readonly<Record<Member, unknown>>): string {
  return JSON.stringify(Object.fromEntries(mcp.members.map((member) => [member, message[member]])))
}

/** @throws Error with the status or the error that came instead */
export function expectResult(answer: Answer): Json {
  expectStatus(answer, 200)
  const { result, error } = responseOf(answer)
  if (typeof result !== 'object' || result === null)
    throw new Error(`It answers ${JSON.stringify(error) ?? described(answer)}.`)
  return result as Json
}

export function responseOf({ headers, text }: Answer): Json {
  const isStream = headers.get('Content-Type')?.startsWith('text/event-stream')
  return (isStream ? find(text) : objectIn(text)) ?? {}
}

/** The response in a stream of events; undefined while it has not come. */
function find(stream: string): Json | undefined {
  const lines = [...stream.matchAll(/^data: ?(.*)\n/gm)].map(([, data = '']) => objectIn(data))
  return lines.find((message) => message && ('result' in message || 'error' in message))
}

export function callOf(play: Play, name: string, sent: Sent = {}): Promise<Answer> {
  return call(play, 'tools/call', { name, arguments: {} }, sent)
}
