// The part of an account object that keeps the personal access tokens of its user: hashes, and what each may do.
import type { Note } from './activity.ts'
import type { Identity } from './identity.ts'

/** What every one of them begins with. Without the part that takes them, too, they are no other server's business. */
export const PERSONAL_TOKEN_PREFIX = 'gatehouse_pat_'

const MAX_TOKENS = 20
/** How exact "last used" is: each change is a write. */
const USE_MS = 60 * 60 * 1000

export const PERSONAL_TOKEN_TABLES = `
  CREATE TABLE IF NOT EXISTS personal_tokens (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL, issuer TEXT NOT NULL,
    identity TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, last_used_at INTEGER)`

/** What a token may do, and its user. */
export interface KeptToken {
  /** What people and logs call it by. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  /** Where it was made; it works nowhere else. */
  readonly issuer: string
  /** Who the person was when they made it. */
  readonly identity: Identity
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export interface PersonalTokenDescription {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch, each. */
  readonly createdAt: number
  readonly expiresAt: number
  /** To the hour. */
  readonly lastUsedAt: number | null
}

/** A row of the table, with its lists as JSON. */
type Row = {
  id: string
  name: string
  scopes: string
  issuer: string
  identity: string
  createdAt: number
  expiresAt: number
  lastUsedAt: number | null
}

const COLUMNS =
  'id, name, scopes, issuer, identity, created_at AS createdAt, expires_at AS expiresAt, last_used_at AS lastUsedAt'

export class PersonalTokens {
  readonly #sql: SqlStorage
  readonly #note: Note

  constructor(sql: SqlStorage, note: Note) {
    this.#sql = sql
    this.#note = note
  }

  /** Those that are not over, the newest first. */
  list(): PersonalTokenDescription[] {
    const query = `SELECT ${COLUMNS} FROM personal_tokens WHERE expires_at > ? ORDER BY created_at DESC`
    const rows = this.#sql.exec<Row>(query, Date.now()).toArray()
    return rows.map(({ issuer, identity, ...row }) => ({ ...row, scopes: JSON.parse(row.scopes) }))
  }

  /** @param hash of its text; see token.ts */
  add(hash: string, { id, name, scopes, issuer, identity, expiresAt }: KeptToken, place: string): boolean {
    this.#sql.exec('DELETE FROM personal_tokens WHERE expires_at <= ?', Date.now())
    if (this.list().length >= MAX_TOKENS) return false
    this.#sql.exec(
      'INSERT INTO personal_tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)',
      hash,
      id,
      name,
      JSON.stringify(scopes),
      issuer,
      JSON.stringify(identity),
      Date.now(),
      expiresAt,
    )
    this.#note('personal_token_made', name, place)
    return true
  }

  /** The token with this hash, and notes that it is in use; undefined where there is none. */
  use(hash: string): KeptToken | undefined {
    const query = `SELECT ${COLUMNS} FROM personal_tokens WHERE hash = ?`
    const [row] = this.#sql.exec<Row>(query, hash).toArray()
    if (!row) return undefined
    const now = Date.now()
    if (now - (row.lastUsedAt ?? 0) >= USE_MS) {
      this.#sql.exec('UPDATE personal_tokens SET last_used_at = ? WHERE hash = ?', now, hash)
    }
    const { id, name, issuer, expiresAt } = row
    return {
      id,
      name,
      issuer,
      expiresAt,
      scopes: JSON.parse(row.scopes),
      identity: JSON.parse(row.identity),
    }
  }

  /** Whether there was such a token. */
  revoke(id: string, place: string): boolean {
    const [gone] = this.#sql
      .exec<{ name: string }>('DELETE FROM personal_tokens WHERE id = ? RETURNING name', id)
      .toArray()
    if (gone) this.#note('personal_token_revoked', gone.name, place)
    return gone !== undefined
  }

  /** Returns whether there were any. */
  revokeAll(): boolean {
    const { rowsWritten } = this.#sql.exec('DELETE FROM personal_tokens')
    if (rowsWritten > 0) this.#note('personal_tokens_revoked_by_owner', '', '')
    return rowsWritten > 0
  }
}
