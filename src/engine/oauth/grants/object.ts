// One Durable Object per grant: where a code is redeemed once, a refresh token rotates, and an end is an end.
// It is a shell around state.ts. From read to write each decision is synchronous: an `await` in between would
// let calls interleave, and one code would have many winners. An empty object is a grant that is over. Bounded: state.ts
// caps what it keeps, rotations are 100 an hour, and the alarm ends it.
import { DurableObject } from 'cloudflare:workers'
import { LIFETIME } from '#config'
import { logError } from '../../log/log.ts'
import { accountOf } from '../../people/account-store.ts'
import type {
  Code,
  GrantEvent,
  GrantRecord,
  GrantState,
  RedeemEvent,
  RedeemOutcome,
  RefreshEvent,
  RefreshOutcome,
  RevocationReason,
} from './grant.ts'
import { activityOf } from './logged.ts'
import { isLive, nextWake, openedGrant, step } from './state.ts'

const ENDED = { kind: 'refused', reason: 'ended' } as const
const RETRY_MS = 30_000
const MAX_RETRY_MS = 6 * 60 * 60 * 1000
/** For how long a revocation must be marked: as long as an access token of the grant can live. */
const MARK_SECONDS = LIFETIME.accessToken + 300

/** Which stores know of the end of a grant so far. */
interface Told extends Partial<Record<'mark' | 'record' | 'index', true>> {
  readonly since: number
  readonly tries: number
}

/** What the owner of a grant is shown of it. */
export interface GrantDescription extends Pick<GrantState, 'record' | 'refreshes'> {
  /** When a token of this grant was last seen; granular to an isolate's first sight of each access token. */
  readonly lastUsedAt: number
  /** Where the code went. */
  readonly redirectUri: string
}

export class GrantObject extends DurableObject<Env> {
  /** Begins the grant, with its code. The alarm removes it again if the code is never redeemed. */
  open(record: GrantRecord, code: Code): void {
    if (this.#load()) throw new Error('This grant is open already.')
    this.#save(openedGrant(record, code))
  }

  /** Removes a grant that only this object knows of, without a write to KV. */
  async drop(): Promise<void> {
    if (!this.#load()?.redeemedAt) await this.ctx.storage.deleteAll()
  }

  async redeem(event: RedeemEvent): Promise<RedeemOutcome> {
    const state = this.#load()
    const outcome = state ? this.#decide(state, event) : ENDED
    if (outcome.kind === 'replayed') await this.#publishEnd()
    return outcome
  }

  async refresh(event: Omit<RefreshEvent, 'spent'>): Promise<RefreshOutcome> {
    const state = this.#load()
    const outcome = state ? this.#decide(state, { ...event, spent: this.#isSpent(event.tokenHash) }) : ENDED
    if (outcome.kind === 'replayed' || outcome.kind === 'not_allowed') await this.#publishEnd()
    return outcome
  }

  /** An access token of this generation was accepted. Returns whether the grant is live. */
  confirm(generation: number): boolean {
    const state = this.#load()
    if (!state) return false
    this.#decide(state, { type: 'confirm', generation })
    return isLive(state, Date.now())
  }

  /** Ends the grant for good. Returns what it was, or undefined when it was over already. */
  async revoke(reason: RevocationReason): Promise<GrantRecord | undefined> {
    const state = this.#load()
    // Already ended: the alarm continues to update the other stores, and a repetition does not hurry it.
    if (!state || state.revoked) return undefined
    this.#decide(state, { type: 'revoke', reason })
    await this.#publishEnd()
    return state.record
  }

  /** The same for its client, which has a code or refresh token, old or new. The other stores follow the answer. */
  giveBack(hash: string, clientId: string): GrantRecord | 'not_yours' | undefined {
    const state = this.#load()
    if (!state || state.revoked || !this.#isOf(state, hash)) return undefined
    if (state.record.clientId !== clientId) return 'not_yours'
    this.#decide(state, { type: 'revoke', reason: 'revoked_by_client' })
    this.ctx.waitUntil(this.#publishEnd())
    return state.record
  }

  describe(): GrantDescription | undefined {
    const state = this.#load()
    if (!state || !isLive(state, Date.now())) return undefined
    const { record, refreshes, lastUsedAt, code } = state
    return { record, refreshes, lastUsedAt, redirectUri: code.redirectUri }
  }

  override async alarm(): Promise<void> {
    const state = this.#load()
    if (!state) return
    if (isLive(state, Date.now())) this.#decide(state, { type: 'wake' })
    else await this.#publishEnd()
  }

  #decide<E extends GrantEvent>(state: GrantState, event: E) {
    const [next, outcome, spentHashes] = step(state, event, Date.now())
    for (const hash of spentHashes) this.ctx.storage.kv.put(`spent:${hash}`, true)
    // Saving sets the next alarm, which a wake has used up.
    if (next !== state || event.type === 'wake') this.#save(next)
    return outcome
  }

  #load(): GrantState | undefined {
    return this.ctx.storage.kv.get<GrantState>('state')
  }

  #save(state: GrantState): void {
    const now = Date.now()
    this.ctx.storage.kv.put('state', state)
    // A revoked grant that could not tell KV so tries again, until KV agrees.
    this.ctx.storage.setAlarm(state.revoked ? now + RETRY_MS : Math.max(nextWake(state, now), now))
  }

  #isOf({ code, current, superseded }: GrantState, hash: string): boolean {
    const hashes = [code.hash, current?.hash, ...superseded.map((token) => token.hash)]
    return hashes.includes(hash) || this.#isSpent(hash)
  }

  #isSpent(hash: string): boolean {
    return this.ctx.storage.kv.get(`spent:${hash}`) !== undefined
  }

  // The object knew first; now the copies: the mark that resource servers read, the record, the owner's index.
  // A failure does not change the decision: the alarm repeats until every store has the end, each once, and ever
  // more rarely, since KV takes only so many writes a day.
  async #publishEnd(): Promise<void> {
    const state = this.#load()
    if (!state) return
    const { id, userId } = state.record
    const told = this.ctx.storage.kv.get<Told>('told') ?? { since: Date.now(), tries: 0 }
    const isMarkOfUse = state.redeemedAt !== undefined && Date.now() < told.since + MARK_SECONDS * 1000
    const tell = async (store: 'mark' | 'record' | 'index', end: () => Promise<void>) => {
      if (!told[store]) await end()
      told[store] = true
    }
    const { RECORDS } = this.env
    const mark = state.revoked && isMarkOfUse ? state.revoked : undefined
    const all = await Promise.allSettled([
      mark && tell('mark', () => RECORDS.put(`revoked:${id}`, mark, { expirationTtl: MARK_SECONDS })),
      tell('record', () => RECORDS.delete(`grant:${id}`)),
      tell('index', () => accountOf(this.env, userId).forgetGrant(id, activityOf(state))),
    ])
    const failed = all.find((one) => one.status === 'rejected')
    if (!failed) return this.ctx.storage.deleteAll()
    const retryMs = Math.min(RETRY_MS * 2 ** told.tries, MAX_RETRY_MS)
    this.ctx.storage.kv.put<Told>('told', { ...told, tries: told.tries + 1 })
    logError(failed.reason, { grant: id, retry_in_ms: retryMs })
    this.ctx.storage.setAlarm(Date.now() + retryMs)
  }
}
