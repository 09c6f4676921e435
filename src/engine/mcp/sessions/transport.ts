// The SDK's 2025-era transport, whose stream for messages outside any request is a hibernating WebSocket: a client
// keeps that stream open for hours in which nothing is said, and an object that sleeps costs nothing.
import {
  type HandleRequestOptions,
  isJSONRPCRequest,
  type JSONRPCMessage,
  LATEST_PROTOCOL_VERSION,
  type RequestId,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { recentEvents } from './event-store.ts'

const RETRY_MS = 2_000
/** A call that has said nothing for so long gets a stream, which proxies do not take for dead. */
const PATIENCE_MS = 1_000
/** The first version in which a client may come back to a stream that said nothing yet. */
const RESUMABLE_SINCE = '2025-11-25'

export class SessionTransport extends WebStandardStreamableHTTPServerTransport {
  // The SDK numbers its requests from 0. An object that lost its memory would use ids again, and a late answer to an
  // old question would answer a new one (MCP basic, "Requests": never twice in a session).
  readonly #life = `${crypto.randomUUID()}:`
  readonly #listener: () => WebSocket | undefined
  /** Who waits for the first message that belongs to a request. */
  readonly #waiting = new Map<RequestId, (message: JSONRPCMessage) => void>()
  /** Whether a client can come back to a stream. An older one comes back after each answer, for ever. */
  readonly isResumable: boolean

  /**
   * @param initialize what the session begins with
   * @param listener the stream for what belongs to no request, if the client has one open
   */
  constructor(id: string, initialize: object | undefined, listener: () => WebSocket | undefined) {
    const isResumable = versionOf(initialize) >= RESUMABLE_SINCE
    super({
      sessionIdGenerator: () => id,
      retryInterval: RETRY_MS,
      ...(isResumable && { eventStore: recentEvents() }),
    })
    this.isResumable = isResumable
    this.#listener = listener
  }

  /**
   * The answer to a POST: JSON where the final answer is the first thing to say and a client would come back to its
   * stream for nothing, as older ones do after each answer and others after an error; else the SDK's stream.
   */
  async answer(request: Request, message: object, options: HandleRequestOptions): Promise<Response> {
    if (!isJSONRPCRequest(message)) return this.handleRequest(request, options)
    const { id } = message
    const { promise: first, resolve } = Promise.withResolvers<JSONRPCMessage | undefined>()
    const timer = setTimeout(() => resolve(undefined), PATIENCE_MS)
    this.#waiting.set(id, resolve)
    try {
      const response = await this.handleRequest(request, options)
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) return response
      const said = await first
      if (said === undefined || 'method' in said) return response
      if (this.isResumable && !('error' in said)) return response
      await response.body?.cancel()
      const headers = new Headers(response.headers)
      headers.set('Content-Type', 'application/json')
      return new Response(JSON.stringify(said), { headers })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  override async send(message: JSONRPCMessage, options?: { relatedRequestId?: RequestId }): Promise<void> {
    this.#first(message, options?.relatedRequestId)
    const belongsToRequest = options?.relatedRequestId !== undefined || !('method' in message)
    const sent = this.#withOwnIds(message)
    if (belongsToRequest) return super.send(sent, options)
    this.#listener()?.send(JSON.stringify(sent))
  }

  /** What the client sent, as the SDK knows it: its answers under the ids of this life's requests. */
  received(message: { readonly id?: unknown; readonly method?: unknown }): object {
    const { id, method } = message
    if (method !== undefined || typeof id !== 'string' || !id.startsWith(this.#life)) return message
    return { ...message, id: Number(id.slice(this.#life.length)) }
  }

  #first(message: JSONRPCMessage, related: RequestId | undefined): void {
    const id = related ?? ('method' in message ? undefined : message.id)
    if (id === undefined) return
    this.#waiting.get(id)?.(message)
    this.#waiting.delete(id)
  }

  #withOwnIds(message: JSONRPCMessage): JSONRPCMessage {
    if (!('method' in message)) return message
    if ('id' in message) return { ...message, id: this.#life + message.id }
    const { method, params } = message
    if (method !== 'notifications/cancelled') return message
    return { ...message, params: { ...params, requestId: this.#life + params?.requestId } }
  }
}

/** What server and client have agreed on (MCP lifecycle, "Version Negotiation"). */
function versionOf(initialize: { params?: { protocolVersion?: unknown } } | undefined): string {
  const asked = String(initialize?.params?.protocolVersion)
  return SUPPORTED_PROTOCOL_VERSIONS.includes(asked) ? asked : LATEST_PROTOCOL_VERSION
}
