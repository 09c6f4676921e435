// One Durable Object per user: which grants they gave, since when their sessions count, what happened lately, what tools
// may do for them upstream, their passkeys, and the invitations they have made.
import { DurableObject } from 'cloudflare:workers'
import { loadConfig } from '../settings/load.ts'
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
import { decrypt, type Encrypted, encrypt, isFresh, refreshUpstream, type UpstreamGrant } from './upstream.ts'

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
  /** Refreshes of upstream tokens that are under way. */
  readonly #refreshes = new Map<string, Promise<UpstreamGrant | undefined>>()

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

  /** Keeps what an upstream sign-in lets tools do, in place of what was kept of it before. */
  async keepUpstream(name: string, grant: UpstreamGrant): Promise<void> {
    const encrypted = await this.#encrypted(name, grant)
    this.ctx.storage.kv.put(`upstream:${name}`, encrypted)
  }

  /**
   * An upstream token that is good for a while yet, and where it may be sent. It is refreshed here, once for all who ask
   * meanwhile: a provider that rotates refresh tokens takes two refreshes with one for a theft.
   * Undefined when the person has to sign in there again.
   */
  async upstreamToken(name: string): Promise<{ token: string; origins: readonly string[] } | undefined> {
    const pending =
      this.#refreshes.get(name) ?? this.#freshGrant(name).finally(() => this.#refreshes.delete(name))
    this.#refreshes.set(name, pending)
    const grant = await pending
    return grant && { token: grant.accessToken, origins: grant.origins }
  }

  async #freshGrant(name: string): Promise<UpstreamGrant | undefined> {
    const kept = this.#keptUpstream(name)
    const grant = kept && (await decrypt(loadConfig(this.env), this.#placeOf(name), kept))
    if (!grant || isFresh(grant)) return grant
    const refreshed = await refreshUpstream(this.env, grant)
    const encrypted = refreshed && (await this.#encrypted(name, refreshed))
    // Signed out everywhere, or in again, meanwhile: what is there now counts. Nothing is waited for from here on.
    if (String(this.#keptUpstream(name)?.iv) !== String(kept.iv)) return this.#freshGrant(name)
    if (encrypted) this.ctx.storage.kv.put(`upstream:${name}`, encrypted)
    else this.ctx.storage.kv.delete(`upstream:${name}`)
    return refreshed
  }

  #encrypted(name: string, grant: UpstreamGrant): Promise<Encrypted> {
    return encrypt(loadConfig(this.env), this.#placeOf(name), grant)
  }

  #keptUpstream(name: string): Encrypted | undefined {
    return this.ctx.storage.kv.get<Encrypted>(`upstream:${name}`)
  }

  #placeOf(name: string): string {
    return `${this.ctx.id} ${name}`
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

  /** Ends every session of this user, in every browser, and what tools could do for them upstream. */
  signOutEverywhere(): void {
    for (const [key] of this.ctx.storage.kv.list({ prefix: 'upstream:' })) this.ctx.storage.kv.delete(key)
    this.ctx.storage.kv.put('epoch', this.epoch() + 1)
    this.#noteNow('signed_out_everywhere', '', '')
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
