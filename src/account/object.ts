// One Durable Object per user: which grants they gave, since when their sessions count, what happened lately, what tools
// may do for them upstream, their passkeys, and the invitations they have made.
import { DurableObject } from 'cloudflare:workers'
import type { Activity, Note } from './activity.ts'
import { INVITATION_TABLES, type Invitation, Invitations } from './invitations-object.ts'
import {
  type AddOutcome,
  PASSKEY_TABLES,
  type Passkey,
  type PasskeyDescription,
  Passkeys,
  type RemoveOutcome,
  type UseOutcome,
} from './passkeys-object.ts'
import type { UpstreamGrant } from './upstream.ts'
import { UpstreamGrants, type UpstreamToken } from './upstream-object.ts'

const KEEP_MS = 90 * 24 * 60 * 60 * 1000
/** How much longer than a guest their account lasts: their grants end first, and tell it so. */
const LINGER_MS = 60 * 60 * 1000

interface SignIn {
  readonly method: string
  readonly place: string
  /** When the account is over, in milliseconds since the epoch; undefined for one that stays. */
  readonly expiresAt: number | undefined
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, client_id TEXT NOT NULL, opened_at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS activity (at INTEGER NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, place TEXT NOT NULL, times INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS activity_at ON activity (at);
  ${PASSKEY_TABLES};
  ${INVITATION_TABLES}`

export class AccountObject extends DurableObject<Env> {
  readonly #upstream = new UpstreamGrants(this.ctx)

  #hasTables = false

  /** Makes the tables when they are first needed, also when they are gone with everything else; see passkey(). */
  get #sql(): SqlStorage {
    const { sql } = this.ctx.storage
    if (!this.#hasTables) sql.exec(TABLES)
    this.#hasTables = true
    return sql
  }

  /** Notes a sign-in. Returns the epoch that its session carries. */
  signIn({ method, place, expiresAt }: SignIn): number {
    this.#noteNow('signed_in', method, place)
    if (expiresAt !== undefined) this.ctx.storage.setAlarm(expiresAt + LINGER_MS)
    return this.epoch()
  }

  /** The account of a guest is gone after a while. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
    this.#hasTables = false
  }

  keepUpstream(name: string, grant: UpstreamGrant): Promise<void> {
    return this.#upstream.keep(this.env, name, grant)
  }

  upstreamToken(name: string): Promise<UpstreamToken | undefined> {
    return this.#upstream.token(this.env, name)
  }

  addGrant(id: string, client: { id: string; name: string }, place: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO grants VALUES (?, ?, ?)', id, client.id, Date.now())
    this.#noteNow('allowed', client.name, place)
  }

  /** Forgets a grant that is over, and keeps what happened in it. Said twice, it counts once. */
  forgetGrant(id: string, activity: readonly Activity[]): void {
    const { rowsWritten } = this.#sql.exec('DELETE FROM grants WHERE id = ?', id)
    if (rowsWritten > 0) for (const one of activity) this.#note(one)
  }

  /** Ids of the grants that are not known to be over, the newest first. */
  grantIds(): string[] {
    const rows = this.#sql.exec<{ id: string }>('SELECT id FROM grants ORDER BY opened_at DESC')
    return rows.toArray().map((row) => row.id)
  }

  /** What happened in the last 90 days, the newest first, but for what live grants know. */
  activity(limit: number): Activity[] {
    return this.#sql
      .exec<{ [name in keyof Activity]: Activity[name] }>(
        'SELECT * FROM activity WHERE at > ? ORDER BY at DESC LIMIT ?',
        Date.now() - KEEP_MS,
        limit,
      )
      .toArray()
  }

  /** Sessions that carry another epoch are over. */
  epoch(): number {
    return this.ctx.storage.kv.get<number>('epoch') ?? 0
  }

  /** Those of one client. */
  grantIdsFor(clientId: string): string[] {
    const rows = this.#sql.exec<{ id: string }>('SELECT id FROM grants WHERE client_id = ?', clientId)
    return rows.toArray().map((row) => row.id)
  }

  /** Ends every session of this user, in every browser, and what tools could do for them upstream. */
  signOutEverywhere(by: 'user' | 'owner' = 'user'): void {
    this.#upstream.forget()
    this.ctx.storage.kv.put('epoch', this.epoch() + 1)
    this.#noteNow(by === 'owner' ? 'signed_out_by_owner' : 'signed_out_everywhere', '', '')
  }

  /**
   * A passkey with which somebody wants to sign in. They have proven nothing yet and may have made the user id up, so an
   * account that nobody has ever used stays as empty as it is.
   */
  passkey(id: string): Passkey | undefined {
    const tables = this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'passkeys'").toArray()
    return tables.length === 0 ? undefined : this.#passkeys.find(id)
  }

  passkeys(): PasskeyDescription[] {
    return this.#passkeys.list()
  }

  addPasskey(passkey: Passkey, challenge: string, place: string): AddOutcome {
    return this.#passkeys.add(passkey, challenge, place)
  }

  usePasskey(id: string, challenge: string, counter: number): UseOutcome {
    return this.#passkeys.use(id, challenge, counter)
  }

  renamePasskey(id: string, name: string): void {
    this.#passkeys.rename(id, name)
  }

  removePasskey(id: string, place: string): RemoveOutcome {
    return this.#passkeys.remove(id, place)
  }

  invitations(): Invitation[] {
    return this.#invitations.list()
  }

  invitation(id: string): Invitation | undefined {
    return this.#invitations.find(id)
  }

  addInvitation(name: string): Invitation | undefined {
    return this.#invitations.add(name)
  }

  withdrawInvitation(id: string): void {
    this.#invitations.withdraw(id)
  }

  redeemInvitation(id: string, name: string): boolean {
    return this.#invitations.redeem(id, name)
  }

  get #passkeys(): Passkeys {
    return new Passkeys(this.#sql, this.#noteNow)
  }

  get #invitations(): Invitations {
    return new Invitations(this.#sql, this.#noteNow)
  }

  readonly #noteNow: Note = (kind, about, place) =>
    this.#note({ at: Date.now(), kind, about, place, times: 1 })

  #note({ at, kind, about, place, times }: Activity): void {
    const sql = this.#sql
    sql.exec('DELETE FROM activity WHERE at <= ?', Date.now() - KEEP_MS)
    sql.exec('INSERT INTO activity VALUES (?, ?, ?, ?, ?)', at, kind, about, place, times)
  }
}
