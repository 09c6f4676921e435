// The SDK's 2025-era transport, whose stream for messages outside any request is a hibernating WebSocket: a client
// keeps that stream open for hours in which nothing is said, and an object that sleeps costs nothing.
import {
  type JSONRPCMessage,
  type RequestId,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { recentEvents } from './event-store.ts'

const RETRY_MS = 2_000

export class SessionTransport extends WebStandardStreamableHTTPServerTransport {
  // The SDK numbers its requests from 0. An object that lost its memory would use ids again, and a late answer to an
  // old question would answer a new one (MCP basic, "Requests": never twice in a session).
  readonly #life = `${crypto.randomUUID()}:`
  readonly #listener: () => WebSocket | undefined

  /** @param listener the stream for what belongs to no request, if the client has one open */
  constructor(id: string, listener: () => WebSocket | undefined) {
    super({ sessionIdGenerator: () => id, eventStore: recentEvents(), retryInterval: RETRY_MS })
    this.#listener = listener
  }

  override async send(message: JSONRPCMessage, options?: { relatedRequestId?: RequestId }): Promise<void> {
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

  #withOwnIds(message: JSONRPCMessage): JSONRPCMessage {
    if (!('method' in message)) return message
    if ('id' in message) return { ...message, id: this.#life + message.id }
    const { method, params } = message
    if (method !== 'notifications/cancelled') return message
    return { ...message, params: { ...params, requestId: this.#life + params?.requestId } }
  }
}
