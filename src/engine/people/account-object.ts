// One Durable Object per user: which grants they gave, since when their sessions count, what happened lately, what tools
// may do for them upstream, their passkeys and personal access tokens, the invitations they have made, and how often they
// called what limits that. Each of these is a part with a file and a cap of its own; here is what they decide together.
import { DurableObject } from 'cloudflare:workers'
import { LIFETIME } from '#config'
import { eraseEvents } from '../log/audit-store.ts'
import { logError } from '../log/log.ts'
import { ACTIVITY_TABLES, type Activity, ActivityLog, type Note } from './activity.ts'
import { type Allowance, CallCounts, type UsedUp } from './call-counts.ts'
import { DAY_MS, type GivenApps, GivenGrants, GRANT_TABLES } from './given-grants.ts'
import { type Admission, type Identity, isStillAdmitted } from './identity.ts'
import {
  type AddedInvitation,
  INVITATION_TABLES,
  type Invitation,
  Invitations,
  type Redemption,
} from './invitations.ts'
import { type OpenSession, OpenSessions } from './open-sessions.ts'
import {
  type AddOutcome,
  PASSKEY_TABLES,
  type Passkey,
  type PasskeyDescription,
  Passkeys,
  type RemoveOutcome,
  type UseOutcome,
} from './passkeys.ts'
import {
  type KeptToken,
  PERSONAL_TOKEN_TABLES,
  type PersonalTokenDescription,
  PersonalTokens,
} from './personal-tokens.ts'
import { type SessionProof, Sessions } from './sessions.ts'
import type { UpstreamGrant } from './upstream.ts'
import { UpstreamGrants, type UpstreamToken } from './upstream-grants.ts'

/** How much longer than a guest their account lasts: their grants end first, and tell it so. */
const LINGER_MS = 60 * 60 * 1000
/** How long something of before an erasure counts: a cookie, the access token of an app, what a limit has counted. */
const REMEMBER_MS = Math.max(LIFETIME.session * 1000, LIFETIME.accessToken * 1000, DAY_MS) + LINGER_MS
const TOKENS_MS = LIFETIME.accessToken * 1000 + 5 * 60 * 1000
const RETRY_MS = 5 * 60 * 1000
/** Deletes what tools keep of a person. */
export type Forget = (env: Env, userId: string) => Promise<void>

/** What is known of an account once it was erased. */
interface Erasure {
  readonly userId: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** They have signed in again since. */
  readonly returned: boolean
  /** When the account is over to which they have returned; absent for one that stays. */
  readonly endsAt?: number
  /** How many approvals they gave in the day before: to come back must not be a way around the limit. */
  readonly allowed?: number
}

/** `too_many`: the person has to revoke one first. `too_often`: that was all for today. */
export type AddGrantOutcome = 'added' | 'signed_out' | 'too_many' | 'too_often'

/** What the owner is shown of an account. */
export interface Standing {
  readonly apps: number
  readonly passkeys: number
  /** Personal access tokens. */
  readonly tokens: number
  readonly isDisabled: boolean
}

interface SignIn {
  readonly identity: Identity
  readonly method: string
  readonly place: string
  /** When the account is over, in milliseconds since the epoch; undefined for one that stays. */
  readonly expiresAt: number | undefined
  /** The session that begins; `endsAt` in milliseconds since the epoch. */
  readonly session: { readonly id: string; readonly endsAt: number }
}

/** What a person can look back on. */
export interface Past {
  readonly activity: Activity[]
  readonly sessions: OpenSession[]
}

const TABLES = `
  ${GRANT_TABLES};
  ${ACTIVITY_TABLES};
  ${PASSKEY_TABLES};
  ${PERSONAL_TOKEN_TABLES};
  ${INVITATION_TABLES}`

export abstract class AccountObject extends DurableObject<Env> {
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
  signIn({ identity, method, place, expiresAt, session }: SignIn): number | 'disabled' {
    if (this.isDisabled()) return 'disabled'
    // The passkey was verified a moment ago, and deleted since: an erased passkey signs no user in.
    if (method === 'passkey') this.#requireStanding()
    const endsAt = expiresAt === undefined ? undefined : expiresAt + LINGER_MS
    const erasure = this.#erasure
    if (erasure) this.ctx.storage.kv.put('erasure', { ...erasure, returned: true, endsAt })
    this.#upstream.leaveTo(identity)
    this.#openSessions.begin({ ...session, method, place })
    this.#noteNow('signed_in', method, place)
    if (endsAt !== undefined) this.ctx.storage.setAlarm(endsAt)
    return this.epoch()
  }

  /** The account of a guest is gone after a while, and so is what is left of one that was erased. */
  override async alarm(): Promise<void> {
    const erasure = this.#erasure
    const now = Date.now()
    if (erasure?.returned) {
      if (erasure.endsAt === undefined) return
      if (now < erasure.endsAt) return this.ctx.storage.setAlarm(erasure.endsAt)
    } else if (erasure && now < erasure.at + REMEMBER_MS) return this.#forgetAgain(erasure)
    await this.ctx.storage.deleteAll()
    this.#hasTables = false
  }

  /**
   * Deletes everything at once: all that is left is the epoch, raised, for as long as a session of before could come
   * back, and what limits have counted. Returns whether it did: it does not while a grant is still live.
   * @param ended ids of grants
   */
  erase(userId: string, ended: readonly string[]): boolean {
    if (this.grantIds().some((id) => !ended.includes(id))) return false
    const epoch = this.epoch() + 1
    const at = Date.now()
    const allowed = this.#allowedSince(at - DAY_MS)
    this.#callCounts.keepAfter(() => this.#clear())
    const { kv } = this.ctx.storage
    kv.put('epoch', epoch)
    kv.put<Erasure>('erasure', { userId, at, returned: false, allowed })
    this.ctx.storage.setAlarm(at + TOKENS_MS)
    return true
  }

  // Not deleteAll(), which would have to be waited for: nothing may come between.
  #clear(): void {
    const { kv, sql } = this.ctx.storage
    for (const [key] of [...kv.list()]) kv.delete(key)
    const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()
    // All except those of the runtime and of SQLite.
    for (const { name } of tables) if (!/^(_cf_|sqlite_)/.test(name)) sql.exec(`DROP TABLE ${name}`)
    this.#hasTables = false
  }

  /** index.ts says how. */
  protected abstract forget(userId: string): Promise<void>

  // An access token could write until it expired. All have expired by now. A request from before the
  // deletion may have written after its answer.
  async #forgetAgain({ userId, at }: Erasure): Promise<void> {
    this.ctx.storage.setAlarm(at + REMEMBER_MS)
    try {
      await this.forget(userId)
      await eraseEvents(this.env, userId)
    } catch (error) {
      logError(error)
      this.ctx.storage.setAlarm(Date.now() + RETRY_MS)
    }
  }

  get #erasure(): Erasure | undefined {
    return this.ctx.storage.kv.get<Erasure>('erasure')
  }

  readonly #allowedSince = (since: number): number => {
    const { at = 0, allowed = 0 } = this.#erasure ?? {}
    return this.#activity.countSince('allowed', since) + (at > since ? allowed : 0)
  }

  // A request that began before the erasure must leave nothing that outlives it.
  #requireStanding(): void {
    if (this.#isErased) throw new Error('This account was erased.')
  }

  get #isErased(): boolean {
    return this.#erasure?.returned === false
  }

  /** @param epoch of the sign-in that has brought it: one that was ended meanwhile leaves nothing */
  keepUpstream(name: string, grant: UpstreamGrant, identity: Identity, epoch: number): Promise<void> {
    return this.#upstream.keep(this.env, name, grant, identity, () => {
      if (epoch !== this.epoch()) throw new Error('This sign-in is over.')
    })
  }

  /** The sign-ins of which tools have a token. */
  upstreamNames(): string[] {
    return this.#upstream.names()
  }

  /** @param admission the current rules: a token that another person brought to this account is not used */
  async upstreamToken(
    name: string,
    userId: string,
    admission: Admission,
  ): Promise<UpstreamToken | undefined> {
    const identity = this.#upstream.broughtBy(name)
    if (!identity || !isStillAdmitted(admission, userId, identity)) return undefined
    return this.#upstream.token(this.env, name)
  }

  /**
   * Synchronous from read to write: of fifty approvals at once, no more are added than there is room for, and one that was
   * under way when its session ended is void.
   */
  addGrant(
    id: string,
    client: { id: string; name: string },
    place: string,
    { session, isGuest }: { session: SessionProof; isGuest: boolean },
  ): AddGrantOutcome {
    this.#requireStanding()
    if (!this.isLive(session)) return 'signed_out'
    const room = this.#grants.roomFor(isGuest, this.#allowedSince)
    if (room !== 'room') return room
    this.#grants.add(id, client.id)
    this.#noteNow('allowed', client.name, place)
    return 'added'
  }

  /** Forgets a grant that is over, and keeps what happened in it. Said twice, it counts once. */
  forgetGrant(id: string, activity: readonly Activity[]): void {
    if (this.#grants.remove(id)) for (const one of activity) this.#activity.add(one)
  }

  /** See GivenGrants.apps(). */
  givenApps(offset: number, most: { readonly apps: number; readonly ids: number }): GivenApps {
    return this.#grants.apps(offset, most)
  }

  /** Ids of the grants that are not known to be over, the newest first. */
  grantIds(): string[] {
    return this.#grants.ids()
  }

  /** The activity of the last 90 days, the newest first, without that of live grants. */
  activity(limit: number): Activity[] {
    return this.#activity.list(limit)
  }

  /** The same, with the open sessions. */
  past(limit: number): Past {
    return { activity: this.activity(limit), sessions: this.#openSessions.list() }
  }

  /** Whether a session is still signed in and of the current epoch. Notes that it was seen. */
  isLive(session: SessionProof): boolean {
    const isLive = this.#sessions.isLive(session)
    if (isLive) this.#openSessions.see(session.id)
    return isLive
  }

  /** The ids of a user's grants to one client, the newest first; undefined where the session is over. */
  grantIdsIn(session: SessionProof, clientId: string): string[] | undefined {
    return this.isLive(session) ? this.grantIdsFor(clientId) : undefined
  }

  /** Signs one session out. Its id is remembered for as long as a copy of its cookie could come back. */
  endSession(session: SessionProof): void {
    const epoch = this.epoch()
    this.#sessions.end(session)
    // One too many has ended all of them.
    if (this.epoch() === epoch) this.#openSessions.remove(session.id)
    else this.#openSessions.clear()
  }

  /** Signs one of the listed sessions out. Returns whether it was listed. */
  endOpenSession(id: string): boolean {
    const session = this.#openSessions.find(id)
    if (!session) return false
    this.endSession({ id, epoch: this.epoch() })
    this.#noteNow('session_ended', session.method, session.place)
    return true
  }

  /** Sessions that carry another epoch are over. */
  epoch(): number {
    return this.#sessions.epoch()
  }

  /** The epoch of a link that is made or opened now; undefined where the account is erased or disabled. */
  linkEpoch(): number | undefined {
    return this.isDisabled() || this.#isErased ? undefined : this.epoch()
  }

  /** Those of one client, the newest first. */
  grantIdsFor(clientId: string): string[] {
    return this.#grants.idsFor(clientId)
  }

  /** Ends every session of this user, in every browser, and what tools could do for them upstream. */
  signOutEverywhere(by: 'user' | 'owner' = 'user'): void {
    this.#upstream.clear()
    this.#endSessions()
    this.#noteNow(by === 'owner' ? 'signed_out_by_owner' : 'signed_out_everywhere', '', '')
  }

  /** What the owner is shown of it. */
  standing(): Standing {
    return {
      apps: this.#grants.countApps(),
      passkeys: this.#passkeys.list().length,
      tokens: this.#personalTokens.list().length,
      isDisabled: this.isDisabled(),
    }
  }

  /** Ends every session, and begins none until enable(). Returns whether that is new. */
  disable(): boolean {
    if (this.isDisabled()) return false
    this.ctx.storage.kv.put('disabled', true)
    this.#upstream.clear()
    this.#endSessions()
    this.#noteNow('disabled_by_owner', '', '')
    return true
  }

  /** Returns whether the account was disabled. */
  enable(): boolean {
    const wasDisabled = this.ctx.storage.kv.delete('disabled')
    if (wasDisabled) this.#noteNow('enabled_by_owner', '', '')
    return wasDisabled
  }

  isDisabled(): boolean {
    return this.ctx.storage.kv.get('disabled') !== undefined
  }

  /**
   * The passkey of a sign-in. The caller has proven nothing yet and may have invented the user id, so an
   * unused account stays as empty as it is.
   */
  passkey(id: string): Passkey | undefined {
    return this.#isUsed ? this.#passkeys.find(id) : undefined
  }

  get #isUsed(): boolean {
    const { sql } = this.ctx.storage
    return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'activity'").toArray().length > 0
  }

  passkeys(): PasskeyDescription[] {
    return this.#passkeys.list()
  }

  addPasskey(passkey: Passkey, challenge: string, place: string, session: SessionProof): AddOutcome {
    this.#requireStanding()
    return this.isLive(session) ? this.#passkeys.add(passkey, challenge, place) : 'signed_out'
  }

  /** The first passkey of an account, from an invitation. Only one request can add it; later ones fail. */
  addFirstPasskey(passkey: Passkey, challenge: string, place: string): AddOutcome {
    this.#requireStanding()
    return this.#passkeys.list().length > 0 ? 'known' : this.#passkeys.add(passkey, challenge, place)
  }

  usePasskey(id: string, challenge: string, counter: number): UseOutcome {
    return this.#passkeys.use(id, challenge, counter)
  }

  renamePasskey(id: string, name: string): boolean {
    return this.#passkeys.rename(id, name)
  }

  /**
   * @param otherWay whether the person can sign in without a passkey
   * @param admission the current rules: a passkey of a person who is no longer this user does not sign in
   */
  removePasskey(
    id: string,
    place: string,
    { otherWay, userId, admission }: { otherWay: boolean; userId: string; admission: Admission },
  ): RemoveOutcome {
    const opens = ({ identity }: Passkey) => isStillAdmitted(admission, userId, identity)
    return this.#passkeys.remove(id, place, otherWay, opens)
  }

  /** Returns whether there were any. */
  removePasskeys(): boolean {
    return this.#passkeys.removeAll()
  }

  personalTokens(): PersonalTokenDescription[] {
    return this.#personalTokens.list()
  }

  addPersonalToken(
    hash: string,
    token: KeptToken,
    place: string,
    session: SessionProof,
  ): 'added' | 'signed_out' | 'too_many' {
    this.#requireStanding()
    if (!this.isLive(session)) return 'signed_out'
    return this.#personalTokens.add(hash, token, place) ? 'added' : 'too_many'
  }

  /** The caller has proven nothing yet: see passkey(). @param hash of the presented token */
  usePersonalToken(hash: string): KeptToken | undefined {
    return this.#isUsed && !this.isDisabled() ? this.#personalTokens.use(hash) : undefined
  }

  revokePersonalToken(id: string, place: string): boolean {
    return this.#personalTokens.revoke(id, place)
  }

  /** Returns whether there were any. */
  revokePersonalTokens(): boolean {
    return this.#personalTokens.revokeAll()
  }

  /** The user has downloaded what is kept about them. */
  noteExport(place: string): void {
    this.#noteNow('exported', '', place)
  }

  invitations(): Invitation[] {
    return this.#invitations.list()
  }

  invitation(id: string): Invitation | undefined {
    return this.#invitations.find(id)
  }

  addInvitation(name: string, session: SessionProof): AddedInvitation {
    this.#requireStanding()
    return this.isLive(session) ? this.#invitations.add(name) : { outcome: 'signed_out' }
  }

  withdrawInvitation(id: string): boolean {
    return this.#invitations.withdraw(id)
  }

  redeemInvitation(id: string, name: string): Redemption {
    return this.#invitations.redeem(id, name)
  }

  /** Counts a call of something that limits how often its user may call it. See CallCounts.spend(). */
  spendCall(what: string, allowances: readonly Allowance[]): UsedUp | undefined {
    return this.#callCounts.spend(what, allowances)
  }

  #endSessions(): void {
    this.#sessions.endAll()
    this.#openSessions.clear()
  }

  get #callCounts(): CallCounts {
    return new CallCounts(this.ctx.storage.kv)
  }

  get #openSessions(): OpenSessions {
    return new OpenSessions(this.ctx.storage.kv)
  }

  get #sessions(): Sessions {
    return new Sessions(this.ctx.storage.kv)
  }

  get #grants(): GivenGrants {
    return new GivenGrants(this.#sql)
  }

  get #activity(): ActivityLog {
    return new ActivityLog(this.#sql)
  }

  get #passkeys(): Passkeys {
    return new Passkeys(this.#sql, this.#noteNow)
  }

  get #personalTokens(): PersonalTokens {
    return new PersonalTokens(this.#sql, this.#noteNow)
  }

  get #invitations(): Invitations {
    return new Invitations(this.#sql, this.#noteNow)
  }

  readonly #noteNow: Note = (kind, about, place) =>
    this.#activity.add({ at: Date.now(), kind, about, place, times: 1 })
}

/** @param forget how tools delete what they keep of a person */
export function accountObject(forget: Forget) {
  return class extends AccountObject {
    protected override forget(userId: string): Promise<void> {
      return forget(this.env, userId)
    }
  }
}
