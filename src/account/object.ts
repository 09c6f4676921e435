// One Durable Object per user: which grants they gave, since when their sessions count, and what happened lately.
import { DurableObject } from 'cloudflare:workers'
import type { Activity, ActivityKind } from './activity.ts'

const KEEP_MS = 90 * 24 * 60 * 60 * 1000

export class AccountObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, client_id TEXT NOT NULL, opened_at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS activity (at INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, place TEXT NOT NULL, times INTEGER NOT NULL);
      CREATE INDEX IF NOT EXISTS activity_at ON activity (at)`)
  }

  /** Notes a sign-in. Returns the epoch that its session carries. */
  signIn({ method, place }: { method: string; place: string }): number {
    this.#note({ at: Date.now(), kind: 'signed_in', about: method, place, times: 1 })
    return this.epoch()
  }

  addGrant(id: string, client: { id: string; name: string }, place: string): void {
    const now = Date.now()
    this.ctx.storage.sql.exec('INSERT OR IGNORE INTO grants VALUES (?, ?, ?)', id, client.id, now)
    this.#note({ at: now, kind: 'allowed', about: client.name, place, times: 1 })
  }

  /** Forgets a grant that is over, and keeps what happened in it. Said twice, it counts once. */
  forgetGrant(id: string, activity: readonly Activity[]): void {
    const { rowsWritten } = this.ctx.storage.sql.exec('DELETE FROM grants WHERE id = ?', id)
    if (rowsWritten > 0) for (const one of activity) this.#note(one)
  }

  /** Ids of the grants that are not known to be over, the newest first. */
  grantIds(): string[] {
    const rows = this.ctx.storage.sql.exec<{ id: string }>('SELECT id FROM grants ORDER BY opened_at DESC')
    return rows.toArray().map((row) => row.id)
  }

  /** What happened in the last 90 days, the newest first, but for what live grants know. */
  activity(limit: number): Activity[] {
    return this.ctx.storage.sql
      .exec<{ [name in keyof Activity]: Activity[name] }>(
        'SELECT * FROM activity WHERE at > ? ORDER BY at DESC LIMIT ?',
        Date.now() - KEEP_MS,
        limit,
      )
      .toArray()
  }

  /** Sessions that carry another epoch are over. */
  epoch(): number {
    return this.ctx.storage.kv.get<number>('epoch') ?? 0
  }

  /** Ends every session of this user, in every browser. */
  signOutEverywhere(): void {
    this.ctx.storage.kv.put('epoch', this.epoch() + 1)
    this.#note({ at: Date.now(), kind: 'signed_out_everywhere', about: '', place: '', times: 1 })
  }

  #note({ at, kind, about, place, times }: Activity): void {
    const { sql } = this.ctx.storage
    sql.exec('DELETE FROM activity WHERE at <= ?', Date.now() - KEEP_MS)
    sql.exec(
      'INSERT INTO activity VALUES (?, ?, ?, ?, ?)',
      at,
      kind satisfies ActivityKind,
      about,
      place,
      times,
    )
  }
}
