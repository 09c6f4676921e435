// The part of an account object that keeps the passkeys of its user. Signatures are verified in the Worker, before; here
// it is decided, synchronously, whether what they sign still counts.
import { LIFETIME } from '#config'
import type { Note } from './activity.ts'
import type { Identity } from './identity.ts'

const MAX_PASSKEYS = 20

export const PASSKEY_TABLES = `
  CREATE TABLE IF NOT EXISTS passkeys (
    id TEXT PRIMARY KEY, public_key TEXT NOT NULL, algorithm TEXT NOT NULL, counter INTEGER NOT NULL,
    name TEXT NOT NULL, identity TEXT NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER);
  CREATE TABLE IF NOT EXISTS used_challenges (challenge TEXT PRIMARY KEY, until INTEGER NOT NULL)`

type Algorithm = 'ES256' | 'RS256'

/** What signatures of a passkey are verified with. Binary values are base64url, here and below. */
export interface Credential {
  /** Chosen by the authenticator (WebAuthn §4, "Credential ID"). */
  readonly id: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey: string
  readonly algorithm: Algorithm
}

export interface Passkey extends Credential {
  /** How often the authenticator has signed; always 0 where it does not count. */
  readonly counter: number
  readonly name: string
  /** Who the person was when they added it, and is again whenever they sign in with it. */
  readonly identity: Identity
}

// A type, not an interface: rows of SQL are read into it.
export type PasskeyDescription = {
  id: string
  name: string
  /** Milliseconds since the epoch, each. */
  createdAt: number
  lastUsedAt: number | null
}

export type AddOutcome = 'added' | 'replayed' | 'known' | 'too_many' | 'signed_out'
export type UseOutcome = 'used' | 'replayed' | 'counted_back' | 'unknown'
export type RemoveOutcome = 'removed' | 'only_way_in' | 'unknown'

export class Passkeys {
  readonly #sql: SqlStorage
  readonly #note: Note

  constructor(sql: SqlStorage, note: Note) {
    this.#sql = sql
    this.#note = note
  }

  /** The oldest first. */
  list(): PasskeyDescription[] {
    return this.#sql
      .exec<PasskeyDescription>(
        'SELECT id, name, created_at AS createdAt, last_used_at AS lastUsedAt FROM passkeys ORDER BY created_at',
      )
      .toArray()
  }

  find(id: string): Passkey | undefined {
    const [row] = this.#sql
      .exec<Omit<Passkey, 'identity'> & { identity: string }>(
        'SELECT id, public_key AS publicKey, algorithm, counter, name, identity FROM passkeys WHERE id = ?',
        id,
      )
      .toArray()
    return row && { ...row, identity: JSON.parse(row.identity) }
  }

  /** @param challenge the one that was answered */
  add(
    { id, publicKey, algorithm, counter, name, identity }: Passkey,
    challenge: string,
    place: string,
  ): AddOutcome {
    if (this.find(id)) return 'known'
    if (this.list().length >= MAX_PASSKEYS) return 'too_many'
    if (!this.#useUp(challenge)) return 'replayed'
    this.#sql.exec(
      'INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, ?, NULL)',
      id,
      publicKey,
      algorithm,
      counter,
      name,
      JSON.stringify(identity),
      Date.now(),
    )
    this.#note('passkey_added', name, place)
    return 'added'
  }

  /**
   * Counts a sign-in.
   * @param challenge the one that was signed
   * @param counter what the authenticator says (WebAuthn §7.2 step 22): it grows with each signature, unless it does
   *   not count at all, and a copy of the key would fall behind
   */
  use(id: string, challenge: string, counter: number): UseOutcome {
    const passkey = this.find(id)
    if (!passkey) return 'unknown'
    if (!this.#useUp(challenge)) return 'replayed'
    if ((counter !== 0 || passkey.counter !== 0) && counter <= passkey.counter) return 'counted_back'
    this.#sql.exec('UPDATE passkeys SET counter = ?, last_used_at = ? WHERE id = ?', counter, Date.now(), id)
    return 'used'
  }

  /** Whether there is such a passkey. */
  rename(id: string, name: string): boolean {
    return this.#sql.exec('UPDATE passkeys SET name = ? WHERE id = ?', name, id).rowsWritten > 0
  }

  /**
   * The last one that opens the account stays, where nothing else does.
   * @param otherWay whether something else does
   * @param opens whether a passkey does
   */
  remove(id: string, place: string, otherWay: boolean, opens: (passkey: Passkey) => boolean): RemoveOutcome {
    const passkey = this.find(id)
    if (!passkey) return 'unknown'
    const others = this.list().flatMap((one) => (one.id === id ? [] : (this.find(one.id) ?? [])))
    if (!otherWay && !others.some(opens)) return 'only_way_in'
    this.#sql.exec('DELETE FROM passkeys WHERE id = ?', id)
    this.#note('passkey_removed', passkey.name, place)
    return 'removed'
  }

  /** Returns whether there were any. */
  removeAll(): boolean {
    const { rowsWritten } = this.#sql.exec('DELETE FROM passkeys')
    if (rowsWritten > 0) this.#note('passkeys_removed_by_owner', '', '')
    return rowsWritten > 0
  }

  /** Whether this is the first use. Remembered for as long as the challenge could come back. */
  #useUp(challenge: string): boolean {
    const now = Date.now()
    this.#sql.exec('DELETE FROM used_challenges WHERE until <= ?', now)
    const { rowsWritten } = this.#sql.exec(
      'INSERT OR IGNORE INTO used_challenges VALUES (?, ?)',
      challenge,
      now + LIFETIME.passkeyChallenge * 1000,
    )
    return rowsWritten > 0
  }
}
