// One Durable Object per deployment: the security events of the last 90 days, for the owner to look at. Each kind of
// event has a ring of its own, one for people who are known and one for strangers, so that a flood of one pushes out
// nothing but itself. What is the same and happens again on the same day is one row.
import { DurableObject } from 'cloudflare:workers'
import { type Event, KEPT } from './events.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const KEEP_MS = 90 * DAY_MS
const MAX_OF_A_KIND = 200
/** The most events of one user, so that no user can push out the events of others. */
const MAX_OF_A_PERSON = 20
const KINDS = JSON.stringify(Object.keys(KEPT))

const TABLE = `
  CREATE TABLE IF NOT EXISTS events (
    at INTEGER NOT NULL, event TEXT NOT NULL, strangers INTEGER NOT NULL, fields TEXT NOT NULL, person TEXT, app TEXT,
    times INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS events_of_a_kind ON events (event, strangers, at)`

// Types, not interfaces: rows of SQL are read into them.
export type KeptRow = {
  /** Milliseconds since the epoch; of the latest, if there were several. */
  at: number
  event: Event
  /** As the log has them, in JSON. */
  fields: string
  /** Names, as they were then. */
  person: string | null
  app: string | null
  /** How often on that day. */
  times: number
}

export type KeptEvent = Omit<KeptRow, 'at' | 'times'> & {
  /** Whether a stranger can cause it. */
  strangers: boolean
}

/** Which events are wanted; an empty text stands for all. */
export interface Wanted {
  readonly event: string
  /** A part of the name, or of the id of the user or of the owner who acted; in lower case, as `app` is. */
  readonly person: string
  /** A part of the name of the app, or of its id. */
  readonly app: string
  /** Milliseconds since the epoch, the second not included. */
  readonly from: number
  readonly until: number
}

const ANY: Wanted = { event: '', person: '', app: '', from: 0, until: Number.MAX_SAFE_INTEGER }

export interface RecentEvents {
  /** The newest first, both. */
  readonly known: readonly KeptRow[]
  readonly strangers: readonly KeptRow[]
}

export class AuditObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(TABLE)
  }

  keep({ event, fields, person, app, strangers }: KeptEvent): void {
    const { sql } = this.ctx.storage
    const now = Date.now()
    const kind = [event, Number(strangers)] as const
    const today = now - (now % DAY_MS)
    const again = sql.exec(
      'UPDATE events SET at = ?, times = times + 1 WHERE event = ? AND strangers = ? AND at >= ? AND fields = ?',
      ...[now, ...kind, today, fields],
    )
    if (again.rowsWritten > 0) return
    sql.exec('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, 1)', now, ...kind, fields, person, app)
    sql.exec(
      `DELETE FROM events WHERE rowid IN
        (SELECT rowid FROM events WHERE event = ?1 AND strangers = ?2 ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?3)`,
      ...[...kind, MAX_OF_A_KIND],
    )
    sql.exec(
      `DELETE FROM events WHERE rowid IN
        (SELECT rowid FROM events WHERE event = ?1 AND strangers = ?2 AND json_extract(fields, '$.user') = ?3
          ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?4)`,
      ...[...kind, JSON.parse(fields).user ?? null, MAX_OF_A_PERSON],
    )
    // For each kind, because some happen once in years. By name, so that SQLite uses the index.
    sql.exec(
      'DELETE FROM events WHERE event IN (SELECT value FROM json_each(?)) AND strangers IN (0, 1) AND at <= ?',
      ...[KINDS, now - KEEP_MS],
    )
  }

  /** @param limit of each of the two lists */
  recent(limit: number, wanted: Wanted = ANY): RecentEvents {
    return { known: this.#newest(false, limit, wanted), strangers: this.#newest(true, limit, wanted) }
  }

  /** Every event of this user, the newest first. */
  of(userId: string): KeptRow[] {
    return this.ctx.storage.sql
      .exec<KeptRow>(
        `SELECT at, event, fields, person, app, times FROM events
          WHERE json_extract(fields, '$.user') = ? AND at > ? ORDER BY at DESC, rowid DESC`,
        ...[userId, Date.now() - KEEP_MS],
      )
      .toArray()
  }

  /** Deletes every event of this user, except the deletions. */
  erase(userId: string): void {
    this.ctx.storage.sql.exec(
      "DELETE FROM events WHERE json_extract(fields, '$.user') = ? AND event <> 'account.erased'",
      userId,
    )
  }

  #newest(strangers: boolean, limit: number, { event, person, app, from, until }: Wanted): KeptRow[] {
    const since = Math.max(from, Date.now() - KEEP_MS + 1)
    return this.ctx.storage.sql
      .exec<KeptRow>(
        `SELECT at, event, fields, person, app, times FROM events
          WHERE strangers = ?1 AND at >= ?2 AND at < ?3 AND (?4 = '' OR event = ?4)
            AND (?5 = '' OR ${hasPart('person', 5)} OR ${hasPart("json_extract(fields, '$.user')", 5)}
              OR ${hasPart("json_extract(fields, '$.actor')", 5)})
            AND (?6 = '' OR ${hasPart('app', 6)} OR ${hasPart("json_extract(fields, '$.client')", 6)})
          ORDER BY at DESC, rowid DESC LIMIT ?7`,
        ...[Number(strangers), since, until, event, person, app, limit],
      )
      .toArray()
  }
}

/** SQL: whether a text has the parameter of this number in it. ASCII letters match in both cases. */
function hasPart(text: string, parameter: number): string {
  return `instr(lower(${text}), ?${parameter}) > 0`
}
