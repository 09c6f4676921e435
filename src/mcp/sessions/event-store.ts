// The last events of a session's streams, so that a client whose connection broke gets what it missed (MCP 2025-11-25
// transports, "Resumability"). In memory: a session is not forgotten while a call in it runs.
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'

const MAX_EVENTS = 200

export function recentEvents(): EventStore {
  const events = new Map<string, { streamId: string; message: JSONRPCMessage }>()
  // An id of an earlier life of this session must not name an event of this one.
  const life = crypto.randomUUID()
  let count = 0
  return {
    async storeEvent(streamId, message) {
      const id = `${life}_${count++}`
      events.set(id, { streamId, message })
      const oldest = events.keys().next().value
      if (events.size > MAX_EVENTS && oldest !== undefined) events.delete(oldest)
      return id
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.streamId
    },
    async replayEventsAfter(lastId, { send }) {
      const streamId = events.get(lastId)?.streamId ?? ''
      const ids = [...events.keys()]
      for (const id of ids.slice(ids.indexOf(lastId) + 1)) {
        const event = events.get(id)
        if (event?.streamId === streamId) await send(id, event.message)
      }
      return streamId
    },
  }
}
