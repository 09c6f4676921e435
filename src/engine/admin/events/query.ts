// Which events the owner asks for: by the address of the page, in the words of its form.
import { displayable } from '../../http/displayable.ts'
import { PageError } from '../../http/page-error.ts'
import type { KeptRow, Wanted } from '../../log/audit-object.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** As the form has it. */
export interface Query {
  readonly event: string
  readonly person: string
  readonly app: string
  /** Days, `2026-11-29`, in UTC; both are part of the range. */
  readonly from: string
  readonly to: string
}

export function readQuery({ event, person, app, from, to }: Readonly<Record<string, string>>): Query {
  // SQLite ends a text at its first NUL.
  const text = (value = '') => displayable(value) ?? ''
  return { event: text(event), person: text(person), app: text(app), from: text(from), to: text(to) }
}

/** @throws PageError 400 for what is no day: a range that is misread would leave events out */
export function wanted({ event, person, app, from, to }: Query): Wanted {
  return {
    event,
    person: person.toLowerCase(),
    app: app.toLowerCase(),
    from: from === '' ? 0 : dayOf(from),
    until: to === '' ? Number.MAX_SAFE_INTEGER : dayOf(to) + DAY_MS,
  }
}

/** The same for the few rows that no object keeps. */
export function fits({ event, person, app, from, until }: Wanted, row: KeptRow): boolean {
  const fields = JSON.parse(row.fields) as Readonly<Record<string, unknown>>
  const has = (text: unknown, part: string) =>
    String(text ?? '')
      .toLowerCase()
      .includes(part)
  const isTheirs = has(row.person, person) || has(fields.user, person) || has(fields.actor, person)
  return (
    (event === '' || row.event === event) &&
    isTheirs &&
    (has(row.app, app) || has(fields.client, app)) &&
    row.at >= from &&
    row.at < until
  )
}

function dayOf(text: string): number {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw new PageError(400, 'That is not a day', 'A day is written as 2026-11-29.', {
    href: '/admin/events',
    text: 'Events',
  })
}
