// Lines of the log, held against the table of events.
import { EVENTS } from '#engine/log/events.ts'

/** Whether a line is as the table of events has it. */
export function hasItsFields({ event, ...fields }: Record<string, unknown>): boolean {
  const names: readonly string[] = EVENTS[event as keyof typeof EVENTS] ?? ['no such event']
  const has = (name: string) => Object.hasOwn(fields, name)
  const known = names.map((name) => name.replace('?', ''))
  return (
    names.every((name) => name.endsWith('?') || has(name)) &&
    Object.keys(fields).every((name) => known.includes(name))
  )
}
