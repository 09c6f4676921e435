// One Durable Object per issuer or client whose assertions count once (RFC 7523 §3, `jti`): it knows which it has seen.
import { DurableObject } from 'cloudflare:workers'

export class SeenObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL)')
  }

  /**
   * Whether this is the first sight of an id. Synchronous from read to write: of fifty at once, one is first.
   * @param expiresAt until when the id is remembered, in milliseconds since the epoch
   */
  isFirst(id: string, expiresAt: number): boolean {
    const { rowsWritten } = this.ctx.storage.sql.exec(
      'INSERT OR IGNORE INTO seen VALUES (?, ?)',
      id,
      expiresAt,
    )
    if (rowsWritten > 0) this.ctx.storage.setAlarm(expiresAt)
    return rowsWritten > 0
  }

  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage
    sql.exec('DELETE FROM seen WHERE expires_at <= ?', Date.now())
    const { next } = sql.exec<{ next: number | null }>('SELECT min(expires_at) AS next FROM seen').one()
    if (next !== null) this.ctx.storage.setAlarm(next)
  }
}
