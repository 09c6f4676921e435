// A line of the server's log, as a person reads it at a terminal.
import { styleText } from 'node:util'

const LONGEST_ID = 14

/** @param line as the Worker prints it @param time such as 09:41:07. Undefined for a line that is no event. */
export function readableLog(line: string, time: string): string | undefined {
  const fields = eventIn(line)
  if (fields === undefined) return undefined
  const { event, user, client, ms, ...others } = fields
  const rest = Object.entries(others).map(([name, value]) => `${name}=${[value].flat().join(' ')}`)
  const columns = [
    styleText('dim', time),
    styleText(colorOf(String(event), others.outcome), String(event).padEnd(18)),
    ...[user, client].filter((id) => id !== undefined).map((id) => shortened(String(id))),
    ...rest,
    ...(ms === undefined ? [] : [styleText('dim', `${ms} ms`)]),
  ]
  return columns.join('  ')
}

function eventIn(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"event":')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function colorOf(event: string, outcome: unknown): 'red' | 'yellow' | 'green' {
  if (event === 'error' || outcome === 'failed') return 'red'
  return /refused|failed|replayed|denied|unavailable/.test(`${event} ${outcome}`) ? 'yellow' : 'green'
}

function shortened(id: string): string {
  return id.length > LONGEST_ID ? `${id.slice(0, LONGEST_ID - 1)}…` : id
}
