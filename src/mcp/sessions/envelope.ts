// How a request travels from the Worker, which has authenticated it, to the object of its session.
import type { AccessToken } from '../../oauth/tokens/access-token.ts'

/** The headers of a request that mean something to a session. Its Authorization is not one of them. */
const CARRIED = ['Accept', 'Content-Type', 'MCP-Protocol-Version', 'Mcp-Session-Id', 'Last-Event-ID']
const CALLER = 'Gatehouse-Caller'

export interface Envelope {
  readonly issuer: string
  readonly accessToken: AccessToken
  readonly message: object | undefined
  readonly initializes: boolean
}

/** Only the Worker can reach an object, and it names the caller itself: no header of the client gets here unasked. */
export function sealEnvelope(
  { method, headers }: Request,
  caller: Pick<Envelope, 'issuer' | 'accessToken'>,
  message: object | undefined,
): Request {
  const carried = new Headers({ [CALLER]: encodeURIComponent(JSON.stringify(caller)) })
  for (const name of CARRIED) {
    const value = headers.get(name)
    if (value !== null) carried.set(name, value)
  }
  return new Request(`${caller.issuer}/`, {
    method,
    headers: carried,
    ...(message && { body: JSON.stringify(message) }),
  })
}

export async function readEnvelope(request: Request): Promise<Envelope> {
  const caller = JSON.parse(decodeURIComponent(request.headers.get(CALLER) ?? ''))
  const message = request.method === 'POST' ? await request.json<{ method?: unknown }>() : undefined
  return { ...caller, message, initializes: message !== undefined && isInitialize(message) }
}

export function isInitialize(message: { method?: unknown }): boolean {
  return message.method === 'initialize'
}

/** MCP 2025-11-25 transports, "Session Management": the client then begins a new session. */
export function sessionNotFound(): Response {
  const error = { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }
  return Response.json(error, { status: 404 })
}
