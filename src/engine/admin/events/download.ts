// The events as a file: CSV (RFC 4180) for spreadsheets, JSON Lines for programs.
import type { KeptRow } from '../../log/audit-object.ts'
import { type AuditEvent, EVENTS, KEPT } from '../../log/events.ts'

export type Listed = KeptRow & {
  /** Whether strangers and guests did it. */
  readonly strangers: boolean
}

const KINDS = Object.keys(KEPT) as AuditEvent[]
/** The fields that a kept event can have; `?` marks those that may be absent. */
const FIELDS = new Set(KINDS.flatMap((event) => EVENTS[event].map((name) => name.replace('?', ''))))
const COLUMNS = ['at', 'event', 'times', 'strangers', 'person', 'app', ...FIELDS]

/** What a spreadsheet takes for a formula, also in the wide forms of East Asian keyboards. */
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/

export function toCsv(rows: readonly Listed[]): string {
  const lines = rows.map((row) => {
    const values: Readonly<Record<string, unknown>> = flat(row)
    return COLUMNS.map((column) => cell(values[column])).join(',')
  })
  return [COLUMNS.join(','), ...lines].map((line) => `${line}\r\n`).join('')
}

export function toJsonLines(rows: readonly Listed[]): string {
  return rows.map((row) => `${JSON.stringify(flat(row))}\n`).join('')
}

function flat({ at, event, times, strangers, person, app, fields }: Listed) {
  return { at: new Date(at).toISOString(), event, times, strangers, person, app, ...JSON.parse(fields) }
}

/** Quoted always, so that no separator counts. An apostrophe keeps a text that a stranger wrote from being a formula. */
function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '')
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}
