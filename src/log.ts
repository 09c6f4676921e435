// One structured line for each security event and each MCP request, for Workers Logs to query.
// A line says who, which client, what and how it ended. It never holds a secret: callers pass ids
// and reasons, no token, code, cookie, passphrase or URL with a query. Time, request and ray are added by Workers Logs.
import type { Event, Fields } from './audit/events.ts'

/** Writes one line. Fields that are undefined are left out. */
export function log<E extends Event>(event: E, fields: Fields<E>): void {
  write('log', event, fields)
}

/**
 * Writes down an unexpected failure: what kind and where, for the operator. Its message stays out, because
 * nobody knows what the code that threw has put into it.
 */
export function logError(error: unknown, fields: Partial<Fields<'error'>> = {}): void {
  const name = error instanceof Error ? error.name : typeof error
  write('error', 'error', { name, at: framesOf(error), ...fields })
}

function write(level: 'log' | 'error', event: Event, fields: object): void {
  console[level](JSON.stringify({ event, ...fields }, withoutQuery))
}

// The id of a client can be an address, and what stands behind its `?` is nothing that we know.
function withoutQuery(field: string, value: unknown): unknown {
  return field === 'client' && typeof value === 'string' ? value.split('?')[0] : value
}

// The stack begins with the message, and a line of that could look like a frame.
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack) return []
  const start = error.stack.indexOf(error.message)
  if (start < 0) return []
  const lines = error.stack.slice(start + error.message.length).split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
}
