// The part of the owner's account object that keeps the invitations they have made, until each is used, withdrawn or
// over. An invitation leads to one account, whose subject is its id; that account's object admits one first passkey.
// So a redemption that failed on the way can be repeated, and never makes two accounts.
import { LIFETIME } from '#config'
import type { Note } from './activity.ts'

const MAX_OPEN = 20

export const INVITATION_TABLES =
  'CREATE TABLE IF NOT EXISTS invitations (id TEXT PRIMARY KEY, name TEXT NOT NULL, expires_at INTEGER NOT NULL, redeemed INTEGER NOT NULL DEFAULT 0)'

// A type, not an interface: rows of SQL are read into it.
export type Invitation = {
  id: string
  /** The name that the owner gave the invited person. */
  name: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export interface AddedInvitation {
  readonly outcome: 'added' | 'too_many' | 'signed_out'
  readonly invitation?: Invitation
}

/** `again`: by the same user, whose account was not created the first time. */
export type Redemption = 'redeemed' | 'again' | 'over'

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

  add(name: string): AddedInvitation {
    if (this.list().length >= MAX_OPEN) return { outcome: 'too_many' }
    const id = crypto.randomUUID()
    const expiresAt = Date.now() + LIFETIME.invitation * 1000
    this.#sql.exec('INSERT INTO invitations (id, name, expires_at) VALUES (?, ?, ?)', id, name, expiresAt)
    return { outcome: 'added', invitation: { id, name, expiresAt } }
  }

  /** Whether it was open. */
  withdraw(id: string): boolean {
    return this.#sql.exec('DELETE FROM invitations WHERE id = ?', id).rowsWritten > 0
  }

  /**
   * Counts it as accepted. It is gone once withdraw() follows: when the account is there.
   * @param name what the one who came in calls themselves
   */
  redeem(id: string, name: string): Redemption {
    if (!this.find(id)) return 'over'
    const { rowsWritten } = this.#sql.exec(
      'UPDATE invitations SET redeemed = 1 WHERE id = ? AND redeemed = 0',
      id,
    )
    if (rowsWritten === 0) return 'again'
    this.#note('invitation_redeemed', name, '')
    return 'redeemed'
  }
}
