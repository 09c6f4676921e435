// The life of one grant, as a pure function: (state, event, now) → [state, outcome, spent hashes]. No I/O, no clock, no
// randomness. object.ts runs it where events arrive one at a time; test/grant/ checks its properties.
// Instants are in milliseconds since the epoch. RFC 6749 §4.1.2, §6; RFC 9700 §4.14.
import { LIFETIME } from '#config'
import { equalInConstantTime } from '../../crypto/secrets.ts'
import { isStillAdmitted } from '../../people/identity.ts'
import type {
  Code,
  CurrentToken,
  GrantEvent,
  GrantRecord,
  GrantState,
  Outcome,
  RedeemEvent,
  RedeemOutcome,
  RefreshEvent,
  Refreshes,
  RefreshOutcome,
  RefusalReason,
  Refused,
  RevocationReason,
  SupersededToken,
} from './grant.ts'

/** A second, identical redemption this soon is a client's double submit, not a thief. */
const DOUBLE_SUBMIT_MS = 10_000
/** How long a superseded refresh token is still answered with the current one: parallel refreshes are normal. */
export const GRACE_MS = 120_000
const USE_GRANULARITY_MS = 60_000
const ROTATIONS_PER_HOUR = 100
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MAX_REFRESHES = 100

export function openedGrant(record: GrantRecord, code: Code): GrantState {
  return {
    record,
    code,
    superseded: [],
    rotations: { since: record.createdAt, count: 0 },
    refreshes: [],
    lastUsedAt: record.createdAt,
  }
}

/** When the grant is over by itself: an approval never redeemed, idle for too long, or at its absolute end. */
export function endsAt({ record, code, redeemedAt, current, lastUsedAt }: GrantState): number {
  if (redeemedAt === undefined) return code.expiresAt
  const unused = current ? lastUsedAt + LIFETIME.idleGrant * 1000 : redeemedAt + LIFETIME.accessToken * 1000
  return Math.min(unused, record.expiresAt)
}

export function isLive(state: GrantState, now: number): boolean {
  return state.revoked === undefined && now < endsAt(state)
}

/** When the object must wake next: to end the grant, or to forget a salt. */
export function nextWake(state: GrantState, now: number): number {
  const graces = state.superseded.map((token) => token.supersededAt + GRACE_MS + 1).filter((end) => end > now)
  return Math.min(endsAt(state), ...graces)
}

/** The state after an event, what came of it, and the hashes of tokens that it can no longer forgive: spent for good. */
export type Step<O> = [state: GrantState, outcome: O, spentHashes: readonly string[]]

export function step<E extends GrantEvent>(state: GrantState, event: E, now: number): Step<Outcome<E>>
export function step(before: GrantState, event: GrantEvent, now: number): Step<unknown> {
  const [state, spent] = prune(before, now)
  const [after, outcome] = decide(state, event, spent, now)
  return [after, outcome, spent]
}

function decide(
  state: GrantState,
  event: GrantEvent,
  spent: readonly string[],
  now: number,
): [GrantState, unknown] {
  switch (event.type) {
    case 'redeem':
      return redeem(state, event, now)
    case 'refresh':
      return refresh(state, { ...event, spent: event.spent || spent.includes(event.tokenHash) }, now)
    case 'confirm':
      return [isLive(state, now) ? confirm(state, event.generation, now) : state, { kind: 'done' }]
    case 'revoke':
      return [{ ...state, revoked: state.revoked ?? event.reason }, { kind: 'done' }]
    case 'wake':
      return [state, { kind: 'done' }]
  }
}

// Forgets the salts of tokens that are past forgiveness, so that nothing in storage turns an old token into the current
// one. The object keeps their hashes: a later presenter is a thief.
function prune(state: GrantState, now: number): [GrantState, spentHashes: readonly string[]] {
  const parent = state.superseded.at(-1)
  const forgivable = (token: SupersededToken) =>
    now - token.supersededAt <= GRACE_MS || (token === parent && state.current?.confirmed === false)
  const spent = state.superseded.filter((token) => !forgivable(token)).map((token) => token.hash)
  return spent.length === 0
    ? [state, spent]
    : [{ ...state, superseded: state.superseded.filter(forgivable) }, spent]
}

// Everything is checked before the code is consumed, so that a mistake or an attack with part of what it takes
// leaves the code to its client. A repetition counts only if it is right in every way, so that only
// the client itself can end the grant this way.
function redeem(state: GrantState, event: RedeemEvent, now: number): [GrantState, RedeemOutcome] {
  const { record, code } = state
  if (!equalInConstantTime(event.codeHash, code.hash)) return [state, refused('unknown_token')]
  if (event.issuer !== record.issuer) return [state, refused('wrong_issuer')]
  if (event.clientId !== record.clientId) return [state, refused('wrong_client')]
  // OAuth 2.1 no longer sends redirect_uri here; RFC 6749 §4.1.3 clients do, and then it must be the same.
  if (event.redirectUri !== undefined && event.redirectUri !== code.redirectUri) {
    return [state, refused('wrong_redirect_uri')]
  }
  // RFC 7636 §4.6
  if (event.codeChallenge === undefined || !equalInConstantTime(event.codeChallenge, code.codeChallenge)) {
    return [state, refused('wrong_verifier')]
  }
  if (!namesOnly(record.resource, event.resources)) return [state, refused('wrong_resource')]
  if (!isLive(state, now)) return [state, refused('ended')]
  if (state.redeemedAt !== undefined) return redeemAgain(state, state.redeemedAt, now)
  const redeemed: GrantState = { ...state, redeemedAt: now, lastUsedAt: now }
  const outcome: RedeemOutcome = { kind: 'redeemed', record }
  if (event.refreshTokenHash === undefined) return [redeemed, outcome]
  return [
    { ...redeemed, current: { hash: event.refreshTokenHash, generation: 0, confirmed: false } },
    outcome,
  ]
}

// RFC 6749 §4.1.2: a code used twice revokes what it brought.
function redeemAgain(state: GrantState, redeemedAt: number, now: number): [GrantState, RedeemOutcome] {
  const untouched = state.current === undefined || state.current.generation === 0
  if (untouched && now - redeemedAt <= DOUBLE_SUBMIT_MS)
    return [state, { kind: 'repeated', record: state.record }]
  return ended(state, 'code_replayed', 'replayed')
}

// Supersession is judged right after the client: a stolen token must end the grant even when it comes with a
// scope or resource that would be refused anyway.
function refresh(state: GrantState, event: RefreshEvent, now: number): [GrantState, RefreshOutcome] {
  const { record, current } = state
  const position = state.superseded.findIndex((token) => equalInConstantTime(event.tokenHash, token.hash))
  const isCurrent = current !== undefined && equalInConstantTime(event.tokenHash, current.hash)
  if (!current || (!isCurrent && position < 0 && !event.spent)) return [state, refused('unknown_token')]
  if (event.issuer !== record.issuer) return [state, refused('wrong_issuer')]
  if (event.clientId !== record.clientId) return [state, refused('wrong_client')]
  if (!isLive(state, now)) return [state, refused('ended')]
  // RFC 9700 §4.14: two parties hold the same token, and the server cannot tell which of them is the thief.
  if (event.spent) return ended(state, 'token_replayed', 'replayed')
  // Before it rotates: a user who is no longer admitted gets no further token, and their grant ends.
  if (!isStillAdmitted(event.admission, record.userId, record.identity, now)) {
    return ended(state, 'not_allowed', 'not_allowed')
  }
  if (!namesOnly(record.resource, event.resources)) return [state, refused('wrong_resource')]
  if (event.scopes && !event.scopes.every((scope) => record.scopes.includes(scope))) {
    return [state, refused('wrong_scope')]
  }
  if (isCurrent) return rotate(state, current, event, now)
  const salts = state.superseded.slice(position).map((token) => token.salt)
  return [
    { ...state, lastUsedAt: now },
    { kind: 'forgiven', record, generation: current.generation, salts },
  ]
}

function ended<K extends 'replayed' | 'not_allowed'>(
  state: GrantState,
  revoked: RevocationReason,
  kind: K,
): [GrantState, { kind: K; record: GrantRecord }] {
  return [
    { ...state, revoked },
    { kind, record: state.record },
  ]
}

function rotate(
  state: GrantState,
  current: CurrentToken,
  event: RefreshEvent,
  now: number,
): [GrantState, RefreshOutcome] {
  const rotations = now - state.rotations.since < HOUR_MS ? state.rotations : { since: now, count: 0 }
  if (rotations.count >= ROTATIONS_PER_HOUR) {
    const retryAfterSeconds = Math.ceil((rotations.since + HOUR_MS - now) / 1000)
    return [state, { kind: 'slow_down', retryAfterSeconds }]
  }
  const generation = current.generation + 1
  const rotated: GrantState = {
    ...state,
    current: { hash: event.successorHash, generation, confirmed: false },
    superseded: [...state.superseded, { hash: current.hash, salt: event.salt, supersededAt: now }],
    rotations: { since: rotations.since, count: rotations.count + 1 },
    refreshes: withRefresh(state.refreshes, event.place, now),
    lastUsedAt: now,
  }
  return [rotated, { kind: 'rotated', record: state.record, generation, salts: [event.salt] }]
}

// One entry for a day and a place: this is for people to read.
function withRefresh(refreshes: readonly Refreshes[], place: string, now: number): readonly Refreshes[] {
  const last = refreshes.at(-1)
  if (last?.place === place && Math.floor(last.at / DAY_MS) === Math.floor(now / DAY_MS)) {
    return [...refreshes.slice(0, -1), { at: now, place, times: last.times + 1 }]
  }
  return [...refreshes, { at: now, place, times: 1 }].slice(-MAX_REFRESHES)
}

function confirm(state: GrantState, generation: number, now: number): GrantState {
  const { current } = state
  if (current?.generation === generation && !current.confirmed) {
    return { ...state, lastUsedAt: now, current: { ...current, confirmed: true } }
  }
  // Said again and again, it is worth a write only once a minute.
  return now - state.lastUsedAt < USE_GRANULARITY_MS ? state : { ...state, lastUsedAt: now }
}

function namesOnly(resource: string, named: readonly string[]): boolean {
  return named.every((one) => one === resource)
}

function refused(reason: RefusalReason): Refused {
  return { kind: 'refused', reason }
}
