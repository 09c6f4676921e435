// The last events of a session's streams, so that a client whose connection broke gets what it missed (MCP 2025-11-25
// transports, "Resumability"). In memory: a session is not forgotten while a call in it runs.
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'
import { BoundedMap } from '../../cache/bounded-map.ts'

const MAX_EVENTS = 200

export function recentEvents(): EventStore {
  const events = new BoundedMap<string, { streamId: string; message: JSONRPCMessage }>(MAX_EVENTS)
  // An id of an earlier life of this session must not name an event of this one.
  const life = crypto.randomUUID()
  let count = 0
  return {
    async storeEvent(streamId, message) {
      const id = `${life}_${count++}`
      events.set(id, { streamId, message })
      return id
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.streamId
    },
    async replayEventsAfter(lastId, { send }) {
      const streamId = events.get(lastId)?.streamId ?? ''
      const kept = [...events.entries()]
      const missed = kept.slice(kept.findIndex(([id]) => id === lastId) + 1)
      for (const [id, event] of missed) {
        if (event.streamId === streamId) await send(id, event.message)
      }
      return streamId
    },
  }
}
