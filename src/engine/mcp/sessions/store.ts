// The Worker's way to the sessions of clients that begin with `initialize`.
import { isLegacyRequest, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server'
import { orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import { SESSION_ID } from '../headers.ts'
import { errorAnswer, sessionNotFound } from '../message.ts'
import { type Envelope, envelopeFor, isInitialize } from './envelope.ts'
import { eventStream } from './event-stream.ts'

const VERSION = 'MCP-Protocol-Version'
const STATELESS = '2026-07-28'
/** In characters: a session stores it for days. */
const MAX_INITIALIZE = 64 * 1024

/** Whether a request begins a session or belongs to one. One of the stateless protocol never does. */
export async function isOfSession(request: Request, message: object | undefined): Promise<boolean> {
  const named = request.headers.has(SESSION_ID) || (message !== undefined && isInitialize(message))
  const stateless = request.method !== 'POST' && request.headers.get(VERSION) === STATELESS
  return named && !stateless && isLegacyRequest(request, message)
}

/** Has the session answer, or a new one. @throws OAuthError 503 */
export async function askSession(
  env: Env,
  request: Request,
  caller: Pick<Envelope, 'issuer' | 'accessToken'>,
  message: object | undefined,
): Promise<Response> {
  const version = request.headers.get(VERSION)
  if (version !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) {
    return errorAnswer(400, -32000, 'This protocol version is not supported.')
  }
  if (message && isInitialize(message) && JSON.stringify(message).length > MAX_INITIALIZE) {
    return errorAnswer(413, -32600, `An initialize message has at most ${MAX_INITIALIZE / 1024} KiB.`)
  }
  const session = sessionOf(env, request.headers.get(SESSION_ID))
  if (!session) return sessionNotFound()
  const envelope = envelopeFor(request, caller, message)
  // The transport resends what a broken connection missed. Unrequested messages come by a socket.
  const listens = request.method === 'GET' && !request.headers.get('Last-Event-ID')
  if (!listens) return own(await orUnavailable(session.fetch(envelope)))
  if (!request.headers.get('Accept')?.includes('text/event-stream')) {
    return errorAnswer(406, -32000, 'A client must accept text/event-stream.')
  }
  envelope.headers.set('Upgrade', 'websocket')
  const answer = await orUnavailable(session.fetch(envelope))
  return answer.webSocket ? eventStream(answer.webSocket) : own(answer)
}

// Headers that came with an answer cannot be changed.
function own(answer: Response): Response {
  return new Response(answer.body, answer)
}

// An id that is not one of ours is refused here, without I/O.
function sessionOf(env: Env, id: string | null): DurableObjectStub | undefined {
  try {
    const sessions = inJurisdiction(env, env.SESSIONS)
    return sessions.get(id === null ? sessions.newUniqueId() : sessions.idFromString(id))
  } catch {
    return undefined
  }
}
