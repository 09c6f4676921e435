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
  readonly #listeners: () => readonly WebSocket[]

  constructor(id: string, listeners: () => readonly WebSocket[]) {
    super({ sessionIdGenerator: () => id, eventStore: recentEvents(), retryInterval: RETRY_MS })
    this.#listeners = listeners
  }

  override async send(message: JSONRPCMessage, options?: { relatedRequestId?: RequestId }): Promise<void> {
    const belongsToRequest = options?.relatedRequestId !== undefined || !('method' in message)
    if (belongsToRequest) return super.send(message, options)
    // To one stream only, the newest (MCP 2025-11-25 transports, "Multiple Connections").
    this.#listeners().at(-1)?.send(JSON.stringify(message))
  }
}
