// One Durable Object per user: which grants they gave, and since when their sessions count.
import { DurableObject } from 'cloudflare:workers'

export class AccountObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, client_id TEXT NOT NULL, opened_at INTEGER NOT NULL)',
    )
  }

  addGrant(id: string, clientId: string): void {
    this.ctx.storage.sql.exec('INSERT OR IGNORE INTO grants VALUES (?, ?, ?)', id, clientId, Date.now())
  }

  forgetGrant(id: string): void {
    this.ctx.storage.sql.exec('DELETE FROM grants WHERE id = ?', id)
  }

  /** Ids of the grants that are not known to be over, the newest first. */
  grantIds(): string[] {
    const rows = this.ctx.storage.sql.exec<{ id: string }>('SELECT id FROM grants ORDER BY opened_at DESC')
    return rows.toArray().map((row) => row.id)
  }

  /** Sessions that carry another epoch are over. */
  epoch(): number {
    return this.ctx.storage.kv.get<number>('epoch') ?? 0
  }

  /** Ends every session of this user, in every browser. */
  raiseEpoch(): void {
    this.ctx.storage.kv.put('epoch', this.epoch() + 1)
  }
}
