// What a person can look back on, and the part of an account object that keeps it. Bounded by kind and by age.

const KEEP_MS = 90 * 24 * 60 * 60 * 1000
/** Lines of one kind: what can be done in a loop pushes out only its like. More than approvals in a day. */
const MAX_OF_A_KIND = 200

export const ACTIVITY_TABLES = `
  CREATE TABLE IF NOT EXISTS activity (at INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, place TEXT NOT NULL, times INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS activity_at ON activity (at)`

type ActivityKind =
  | 'signed_in'
  | 'signed_out_everywhere'
  | 'session_ended'
  | 'signed_out_by_owner'
  | 'disabled_by_owner'
  | 'enabled_by_owner'
  | 'passkey_added'
  | 'passkey_removed'
  | 'passkeys_removed_by_owner'
  | 'personal_token_made'
  | 'personal_token_revoked'
  | 'personal_tokens_revoked_by_owner'
  | 'invitation_redeemed'
  | 'exported'
  | 'allowed'
  | 'refreshed'
  | 'revoked_by_user'
  | 'revoked_by_client'
  | 'revoked_by_owner'
  | 'account_erased'
  | 'not_allowed'
  | 'code_replayed'
  | 'token_replayed'

/** Writes down what has just happened. */
export type Note = (kind: ActivityKind, about: string, place: string) => void

// A type, not an interface: rows of SQL are read into it.
export type Activity = {
  /** Milliseconds since the epoch; of the latest, if there were several. */
  at: number
  kind: ActivityKind
  /** The name of the app, the passkey, the token or the person, or the login method. */
  about: string
  /** A town and a country, where known. */
  place: string
  /** How often on that day, from that place. */
  times: number
}

export class ActivityLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The lines of the last 90 days, the newest first. */
  list(limit: number): Activity[] {
    return this.#sql
      .exec<{ [name in keyof Activity]: Activity[name] }>(
        'SELECT * FROM activity WHERE at > ? ORDER BY at DESC LIMIT ?',
        Date.now() - KEEP_MS,
        limit,
      )
      .toArray()
  }

  /** @param since in milliseconds since the epoch */
  countSince(kind: ActivityKind, since: number): number {
    const query = 'SELECT count(*) AS count FROM activity WHERE at > ? AND kind = ?'
    return this.#sql.exec<{ count: number }>(query, since, kind).one().count
  }

  add({ at, kind, about, place, times }: Activity): void {
    this.#sql.exec('DELETE FROM activity WHERE at <= ?', Date.now() - KEEP_MS)
    this.#sql.exec('INSERT INTO activity VALUES (?, ?, ?, ?, ?)', at, kind, about, place, times)
    this.#sql.exec(
      `DELETE FROM activity WHERE rowid IN
        (SELECT rowid FROM activity WHERE kind = ? ORDER BY at DESC LIMIT -1 OFFSET ${MAX_OF_A_KIND})`,
      kind,
    )
  }
}
