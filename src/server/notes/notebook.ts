// The notes of one user: a Durable Object with one SQLite table.
import { DurableObject } from 'cloudflare:workers'
import { inJurisdiction } from '#engine/settings/jurisdiction.ts'

export type Note = {
  id: number
  text: string
  /** ISO 8601, UTC. */
  createdAt: string
}

const COLUMNS = "id, text, strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000, 'unixepoch') AS createdAt"

export class Notebook extends DurableObject<Env> {
  /** Creates the table on first use, and again after erase(). */
  get #sql(): SqlStorage {
    const { sql } = this.ctx.storage
    sql.exec(
      'CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, created_at INTEGER NOT NULL)',
    )
    return sql
  }

  /** @param expiresAt for guests: when to delete all notes, in milliseconds since the epoch */
  add(text: string, expiresAt?: number): Note {
    if (expiresAt !== undefined) this.ctx.storage.setAlarm(expiresAt)
    return this.#sql
      .exec<Note>(`INSERT INTO notes (text, created_at) VALUES (?, ?) RETURNING ${COLUMNS}`, text, Date.now())
      .one()
  }

  /** The newest notes first. `before` pages: only older notes than this one. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): Note[] {
    return this.#sql
      .exec<Note>(`SELECT ${COLUMNS} FROM notes WHERE id < ? ORDER BY id DESC LIMIT ?`, before, limit)
      .toArray()
  }

  get(id: number): Note | undefined {
    return this.#sql.exec<Note>(`SELECT ${COLUMNS} FROM notes WHERE id = ?`, id).toArray()[0]
  }

  /** Notes that contain `text`, the newest first. ASCII letters match in both cases. */
  search(text: string, limit: number): Note[] {
    return this.#sql
      .exec<Note>(
        `SELECT ${COLUMNS} FROM notes WHERE instr(lower(text), lower(?)) > 0 ORDER BY id DESC LIMIT ?`,
        text,
        limit,
      )
      .toArray()
  }

  /** Returns whether the note existed. */
  remove(id: number): boolean {
    return this.#sql.exec('DELETE FROM notes WHERE id = ?', id).rowsWritten > 0
  }

  /** Deletes all notes. */
  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }

  override alarm(): Promise<void> {
    return this.erase()
  }
}

/** The notes of a user. */
export function notebookOf({ env, user }: { env: Env; user: { id: string } }): DurableObjectStub<Notebook> {
  return inJurisdiction(env, env.NOTEBOOKS).getByName(user.id)
}
