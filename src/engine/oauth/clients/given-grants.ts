// The part of a client's object that remembers which grants it was given, so that the owner can end them all. Bounded: a
// row for each approval, until the grant must be over.

const TABLE = `
  CREATE TABLE IF NOT EXISTS given (id TEXT PRIMARY KEY, ends_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS given_until ON given (ends_at)`

export class GivenGrants {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    sql.exec(TABLE)
    this.#sql = sql
  }

  /** @param endsAt in milliseconds since the epoch */
  add(id: string, endsAt: number): void {
    this.#sql.exec('DELETE FROM given WHERE ends_at <= ?', Date.now())
    this.#sql.exec('INSERT OR IGNORE INTO given VALUES (?, ?)', id, endsAt)
  }

  list(limit: number): string[] {
    const rows = this.#sql.exec<{ id: string }>('SELECT id FROM given LIMIT ?', limit)
    return rows.toArray().map(({ id }) => id)
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#sql.exec('DELETE FROM given WHERE id = ?', id)
  }
}
