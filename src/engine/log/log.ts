// One structured line for each security event and each MCP request, for Workers Logs to query.
// A line says who, which client, what and how it ended. It never holds a secret: callers pass ids
// and reasons, no token, code, cookie, passphrase or URL with a query. Time, request and ray are added by Workers Logs.
import { count } from './counts.ts'
import type { AuditEvent, Event, Fields, Line } from './events.ts'

/** Looks at a line that was written. It must not throw: the request goes on. */
type Watcher = (line: Line) => void

const watchers = new Set<Watcher>()

/** From now on the watcher is given each line. */
export function watchLines(watcher: Watcher): void {
  watchers.add(watcher)
}

/** Writes one line. An event that the owner's page shows, too, takes audit(). @param fields undefined ones are left out */
export function log<E extends Exclude<Event, AuditEvent>>(event: E, fields: Fields<E>): void {
  writeLine('log', { event, ...fields })
}

/**
 * Writes down an unexpected failure: what kind and where, for the operator. Its message stays out, because
 * the code that threw it may have put anything into it.
 */
export function logError(error: unknown, fields: Partial<Fields<'error'>> = {}): void {
  writeLine('error', errorLine(error, fields))
}

/** Writes a line and counts it. Returns it as it was written. */
export function writeLine(level: 'log' | 'error', line: Line): Line {
  const shown = withoutQuery(line)
  console[level](JSON.stringify(shown))
  try {
    count(shown)
  } catch (error) {
    // Not counted in its turn.
    console.error(JSON.stringify(errorLine(error, { part: 'counts' })))
  }
  for (const watcher of watchers) watcher(shown)
  return shown
}

// A client id can be a URL, whose query may contain a secret.
function withoutQuery(line: Line): Line {
  return line.client?.includes('?') ? { ...line, client: line.client.replace(/\?.*/s, '') } : line
}

function errorLine(error: unknown, fields: Partial<Fields<'error'>>): Line {
  const name = error instanceof Error ? error.name : typeof error
  return { event: 'error', name, at: framesOf(error), ...fields }
}

// The stack begins with the message, and a line of that could look like a frame.
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack) return []
  const start = error.stack.indexOf(error.message)
  if (start < 0) return []
  const lines = error.stack.slice(start + error.message.length).split('\n')
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim())
}
