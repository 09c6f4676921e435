// The part of the owner's account object that keeps the invitations they have made, until each is redeemed, withdrawn
// or over. It is redeemed once: from read to write nothing comes in between.
import { LIFETIME } from '#config'
import type { Note } from './activity.ts'

const MAX_OPEN = 20

export const INVITATION_TABLES =
  'CREATE TABLE IF NOT EXISTS invitations (id TEXT PRIMARY KEY, name TEXT NOT NULL, expires_at INTEGER NOT NULL)'

// A type, not an interface: rows of SQL are read into it.
export type Invitation = {
  id: string
  /** Whom the owner meant. */
  name: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export class Invitations {
  readonly #sql: SqlStorage
  readonly #note: Note

  constructor(sql: SqlStorage, note: Note) {
    this.#sql = sql
    this.#note = note
  }

  /** Those that can still be redeemed, the oldest first. */
  list(): Invitation[] {
    this.#sql.exec('DELETE FROM invitations WHERE expires_at <= ?', Date.now())
    return this.#sql
      .exec<Invitation>('SELECT id, name, expires_at AS expiresAt FROM invitations ORDER BY expires_at')
      .toArray()
  }

  find(id: string): Invitation | undefined {
    return this.list().find((one) => one.id === id)
  }

  /** Undefined when too many are open. */
  add(name: string): Invitation | undefined {
    if (this.list().length >= MAX_OPEN) return undefined
    const id = crypto.randomUUID()
    const expiresAt = Date.now() + LIFETIME.invitation * 1000
    this.#sql.exec('INSERT INTO invitations VALUES (?, ?, ?)', id, name, expiresAt)
    return { id, name, expiresAt }
  }

  /** Whether it was open. */
  withdraw(id: string): boolean {
    return this.#sql.exec('DELETE FROM invitations WHERE id = ?', id).rowsWritten > 0
  }

  /**
   * Whether it was open; from now on it is not.
   * @param name what the one who came in calls themselves
   */
  redeem(id: string, name: string): boolean {
    if (!this.find(id)) return false
    this.withdraw(id)
    this.#note('invitation_redeemed', name, '')
    return true
  }
}
