// One Durable Object per issuer or client whose assertions count once (RFC 7523 §3, `jti`): it knows which it has seen.
// Bounded by time and size: an id is forgotten two to three minutes after its assertion, and a full object says 503.
import { DurableObject } from 'cloudflare:workers'

const SWEEP_MS = 60_000
/** Over a hundred thousand ids. */
const MAX_BYTES = 32 * 1024 * 1024

export class SeenObject extends DurableObject<Env> {
  /** When the sweep is due, in milliseconds since the epoch; infinity: there is none. */
  #sweepAt = Number.POSITIVE_INFINITY

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.blockConcurrencyWhile(async () => {
      this.#sweepAt = (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY
    })
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL)')
  }

  /**
   * Whether this is the first sight of an id. Synchronous from read to write: of fifty at once, one is first.
   * Throws while there is no room: what cannot be remembered must not be taken.
   * @param expiresAt until when the id is remembered, in milliseconds since the epoch
   */
  isFirst(id: string, expiresAt: number): boolean {
    const { sql } = this.ctx.storage
    if (sql.databaseSize > MAX_BYTES) throw new Error('Too many ids were seen lately.')
    const { rowsWritten } = sql.exec('INSERT OR IGNORE INTO seen VALUES (?, ?)', id, expiresAt)
    if (rowsWritten > 0) this.#sweepBy(expiresAt)
    return rowsWritten > 0
  }

  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage
    sql.exec('DELETE FROM seen WHERE expires_at <= ?', Date.now())
    const { next } = sql.exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM seen').one()
    this.#sweepAt = Number.POSITIVE_INFINITY
    if (next !== null) this.#sweepBy(next)
  }

  // Never later than it was: a new id must not put off the sweep of the old ones. And not for each of them.
  #sweepBy(expiresAt: number): void {
    if (expiresAt >= this.#sweepAt) return
    this.#sweepAt = Math.max(expiresAt, Date.now() + SWEEP_MS)
    this.ctx.storage.setAlarm(this.#sweepAt)
  }
}
