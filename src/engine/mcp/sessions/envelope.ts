// How a request travels from the Worker, which has authenticated it, to the object of its session.
import type { RequestId } from '@modelcontextprotocol/server'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'
import { SESSION_ID } from '../headers.ts'

/** The headers of a request that mean something to a session. Its Authorization is not one of them. */
const CARRIED = ['Accept', 'Content-Type', 'MCP-Protocol-Version', SESSION_ID, 'Last-Event-ID']
const CALLER = 'Gatehouse-Caller'

interface Message {
  readonly method?: unknown
  readonly params?: { readonly requestId?: RequestId }
}

export interface Envelope {
  readonly issuer: string
  readonly accessToken: AccessToken
  readonly message: object | undefined
  /** It begins a session. One that names a session never does, not even a session that is over. */
  readonly initializes: boolean
  /** The request that the client no longer wants answered. */
  readonly cancels: RequestId | undefined
}

/** Only the Worker can reach an object, and it names the caller itself: no header of the client gets here unasked. */
export function envelopeFor(
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
  const message = request.method === 'POST' ? await request.json<Message>() : undefined
  return {
    ...caller,
    message,
    initializes: message !== undefined && isInitialize(message) && !request.headers.has(SESSION_ID),
    cancels: message?.method === 'notifications/cancelled' ? message.params?.requestId : undefined,
  }
}

export function isInitialize(message: { method?: unknown }): boolean {
  return message.method === 'initialize'
}
