// One Durable Object per deployment: everybody who has an account, for the owner to look up. It decides nothing: whether
// a user is disabled, and which apps they have, only their account knows. Bounded: each user has one row. Of guests,
// it keeps the newest 500 that no rule names.
import { DurableObject } from 'cloudflare:workers'
import type { SignedIn } from '../../http/app-env.ts'

const MAX_GUESTS = 500
/** As much of a user id as the owner's page shows of it, or more. */
const USER_ID = /^user_[\w-]{8,}/
/** More words than this narrow no search that a person makes. */
const MAX_WORDS = 5

const TABLES = `
  CREATE TABLE IF NOT EXISTS people (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, method TEXT NOT NULL, guest INTEGER NOT NULL,
    joined_at INTEGER NOT NULL, seen_at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS people_of_a_kind ON people (guest, number);
  CREATE VIRTUAL TABLE IF NOT EXISTS names USING fts5(name)`
const COLUMNS =
  'number, id AS userId, people.name, method, guest, joined_at AS joinedAt, seen_at AS seenAt FROM people'

// A type, not an interface: rows of SQL are read into it.
export type Entry = {
  /** Grows with each account. */
  number: number
  userId: string
  name: string
  method: string
  guest: number
  /** Milliseconds since the epoch, each: of the first and of the last sign-in. */
  joinedAt: number
  seenAt: number
}

export interface Search {
  /** Beginnings of words of the name, or the beginning of a user id; everybody when empty. */
  readonly text: string
  readonly guests: boolean
  /** Only those with a smaller number. */
  readonly before: number
}

export class DirectoryObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(TABLES)
  }

  signedIn({ userId, name, method, expiresAt }: SignedIn): void {
    const { sql } = this.ctx.storage
    const known = this.find(userId)
    const isGuest = expiresAt !== undefined
    const now = Date.now()
    if (!known) {
      sql.exec(
        'INSERT INTO people (id, name, method, guest, joined_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)',
        ...[userId, name, method, Number(isGuest), now, now],
      )
      sql.exec('INSERT INTO names (rowid, name) SELECT number, name FROM people WHERE id = ?', userId)
      if (isGuest) this.#forgetOldGuests()
      return
    }
    sql.exec('UPDATE people SET name = ?, method = ?, seen_at = ? WHERE id = ?', name, method, now, userId)
    if (known.name !== name) sql.exec('UPDATE names SET name = ? WHERE rowid = ?', name, known.number)
  }

  forget(userId: string): void {
    const { sql } = this.ctx.storage
    sql.exec('DELETE FROM names WHERE rowid = (SELECT number FROM people WHERE id = ?)', userId)
    sql.exec('DELETE FROM people WHERE id = ?', userId)
  }

  find(userId: string): Entry | undefined {
    return this.ctx.storage.sql.exec<Entry>(`SELECT ${COLUMNS} WHERE id = ?`, userId).toArray()[0]
  }

  /** The newest first. Each search reads an index, as far as the `limit`. */
  search({ text, guests, before }: Search, limit: number): Entry[] {
    const found = (where: string, ...values: (string | number)[]) =>
      this.ctx.storage.sql.exec<Entry>(`SELECT ${COLUMNS} ${where}`, ...values, before, limit).toArray()
    if (text === '')
      return found('WHERE guest = ? AND number < ? ORDER BY number DESC LIMIT ?', Number(guests))
    const [id] = USER_ID.exec(text) ?? []
    if (id !== undefined) {
      return found('WHERE id >= ? AND id < ? AND number < ? ORDER BY number DESC LIMIT ?', id, `${id}~`)
    }
    return found(
      `JOIN names ON names.rowid = number
        WHERE names MATCH ? AND guest = ? AND names.rowid < ? ORDER BY names.rowid DESC LIMIT ?`,
      beginnings(text),
      Number(guests),
    )
  }

  #forgetOldGuests(): void {
    const { sql } = this.ctx.storage
    const old = sql.exec<{ id: string }>(
      'SELECT id FROM people WHERE guest = 1 ORDER BY number DESC LIMIT -1 OFFSET ?',
      MAX_GUESTS,
    )
    for (const { id } of old.toArray()) this.forget(id)
  }
}

/** FTS5 §3.2: in quotes every character is a part of a word, or parts words; `*` makes the last word a beginning. */
function beginnings(text: string): string {
  const words = text.split(/\s+/).slice(0, MAX_WORDS)
  return words.map((word) => `"${word.replaceAll('"', '""')}"*`).join(' ')
}
