// One Durable Object per user code (RFC 8628): who asks for what, and the one decision about it. From read to write nothing
// waits, so that of two people who allow at once only one does. Bounded: one request, erased after its ten minutes.
import { DurableObject } from 'cloudflare:workers'
import { equalInConstantTime } from '../../crypto/secrets.ts'
import type { Refused } from '../grants/grant.ts'

/** Seconds between two polls (RFC 8628 §3.2). */
export const INTERVAL = 5
/** What a poll that came too soon adds to them, for good (RFC 8628 §3.5). */
const MORE_INTERVAL = 5
/** A timer of the client may be that much early. */
const TOLERANCE_MS = 500

/** What a device asks for. Instants are in milliseconds since the epoch. */
export interface DeviceRequest {
  readonly issuer: string
  readonly clientId: string
  /** SHA-256 of the secret in the device code. */
  readonly codeHash: string
  readonly scopes: readonly string[]
  readonly resource: string
  /** A town and a country; empty where Cloudflare does not tell. */
  readonly place: string
  readonly askedAt: number
  readonly expiresAt: number
}

/** `claimed`: a person has allowed it, and their grant is being opened. */
type Standing = 'open' | 'claimed' | 'denied' | { readonly grantId: string }

interface State {
  readonly request: DeviceRequest
  readonly standing: Standing
}

/** What a client knows that polls. */
export type Poll = Pick<DeviceRequest, 'issuer' | 'clientId' | 'codeHash'>

export type PollOutcome =
  | { readonly kind: 'pending' | 'too_soon' | 'denied' | 'expired' }
  | { readonly kind: 'allowed'; readonly grantId: string }
  | Refused

export class DeviceObject extends DurableObject<Env> {
  // In memory, because a poll must not cost a write. An object that is polled stays there.
  #polledAt = Number.NEGATIVE_INFINITY
  #interval = INTERVAL

  /** Keeps the request. Returns whether it could: another device may have this user code. */
  begin(request: DeviceRequest): boolean {
    if (this.#load()) return false
    this.#save({ request, standing: 'open' })
    this.ctx.storage.setAlarm(request.expiresAt)
    return true
  }

  /** The request, while it waits for a decision. A person may have invented the code, and nothing is written. */
  find(): DeviceRequest | undefined {
    const state = this.#load()
    return state?.standing === 'open' ? state.request : undefined
  }

  /**
   * Takes the one decision. Returns the request, undefined where there is none left to decide.
   * @param codeHash of the request that the person was shown
   */
  decide(codeHash: string, standing: 'claimed' | 'denied'): DeviceRequest | undefined {
    const request = this.find()
    if (request?.codeHash !== codeHash) return undefined
    this.#save({ request, standing })
    return request
  }

  /** The grant is open; or undefined: it could not be opened, and the person may try again. */
  settle(grantId: string | undefined): void {
    const state = this.#load()
    if (state?.standing !== 'claimed') return
    this.#save({ ...state, standing: grantId === undefined ? 'open' : { grantId } })
  }

  /** RFC 8628 §3.5. An object without a request had one: no client can make up its id. */
  poll({ issuer, clientId, codeHash }: Poll): PollOutcome {
    const state = this.#load()
    if (!state) return { kind: 'expired' }
    const { request, standing } = state
    if (!equalInConstantTime(codeHash, request.codeHash)) return refused('unknown_token')
    if (issuer !== request.issuer) return refused('wrong_issuer')
    if (clientId !== request.clientId) return refused('wrong_client')
    if (standing === 'denied') return { kind: 'denied' }
    if (typeof standing === 'object') return { kind: 'allowed', ...standing }
    return { kind: this.#isTooSoon(Date.now()) ? 'too_soon' : 'pending' }
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }

  #isTooSoon(now: number): boolean {
    const isTooSoon = now - this.#polledAt < this.#interval * 1000 - TOLERANCE_MS
    this.#polledAt = now
    if (isTooSoon) this.#interval += MORE_INTERVAL
    return isTooSoon
  }

  #load(): State | undefined {
    const state = this.ctx.storage.kv.get<State>('state')
    return state && Date.now() < state.request.expiresAt ? state : undefined
  }

  #save(state: State): void {
    this.ctx.storage.kv.put('state', state)
  }
}

function refused(reason: Refused['reason']): Refused {
  return { kind: 'refused', reason }
}
