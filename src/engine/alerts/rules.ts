// Which events alert the owner, after how many of them, and in which words. An alert names ids and fixed words: no name,
// address, token or text of a stranger.
import type { Event, Line } from '../log/events.ts'

const TEN_MINUTES_MS = 10 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000

export type AlertKind =
  | 'token.replayed'
  | 'code.replayed'
  | 'signin.failed'
  | 'issuer.unavailable'
  | 'limit.near'

export interface Rule {
  /** In the words of the message. */
  readonly text: string
  /** So many within one window, which begins by the clock: at 12:00, 12:10 and so on, or at midnight UTC. */
  readonly enough: number
  readonly windowMs: number
  /** At most one alert in a window, not one a minute. */
  readonly oncePerWindow: boolean
  /** Which fields of the event the message has. */
  readonly fields: readonly (keyof Line)[]
}

export const RULES: Readonly<Record<AlertKind, Rule>> = {
  'token.replayed': {
    text: 'An old refresh token came back: it was probably stolen. The server revoked the grant.',
    enough: 1,
    windowMs: TEN_MINUTES_MS,
    oncePerWindow: false,
    fields: ['user', 'client', 'grant'],
  },
  'code.replayed': {
    text: 'An app sent an authorization code twice. The code may have been stolen.',
    enough: 1,
    windowMs: TEN_MINUTES_MS,
    oncePerWindow: false,
    fields: ['user', 'client', 'grant', 'outcome'],
  },
  'signin.failed': {
    text: 'At least 10 sign-ins failed within 10 minutes.',
    enough: 10,
    windowMs: TEN_MINUTES_MS,
    oncePerWindow: false,
    fields: ['method', 'reason'],
  },
  'issuer.unavailable': {
    text: 'Another authorization server does not answer: three requests to it failed within 10 minutes.',
    enough: 3,
    windowMs: TEN_MINUTES_MS,
    oncePerWindow: false,
    fields: ['issuer', 'reason'],
  },
  'limit.near': {
    text: 'Approvals and revocations have used most of the KV writes of this day. When all are used, no user can approve an app until midnight UTC.',
    // Of what DAILY_KV_WRITES says; in percent.
    enough: 80,
    windowMs: DAY_MS,
    oncePerWindow: true,
    fields: [],
  },
}

/** What the message says of an event. */
export type About = Partial<Line>

interface Counted {
  readonly kind: AlertKind
  readonly weight: number
}

/** What an event counts for, and how much: for `limit.near`, the KV writes that it costs at most. */
const COUNTED: { readonly [event in Event]?: Counted } = {
  'token.replayed': { kind: 'token.replayed', weight: 1 },
  'code.replayed': { kind: 'code.replayed', weight: 1 },
  'signin.failed': { kind: 'signin.failed', weight: 1 },
  'issuer.unavailable': { kind: 'issuer.unavailable', weight: 1 },
  // The record of the grant, and of the client at its first approval.
  'consent.allowed': { kind: 'limit.near', weight: 2 },
  // The mark for access tokens that are out.
  'grant.revoked': { kind: 'limit.near', weight: 1 },
}

/** What a line of the log counts for; undefined for most lines. */
export function countedFor({ event }: Line): Counted | undefined {
  return COUNTED[event]
}

/** Of a line, what the message of its alert may have. */
export function aboutOf(kind: AlertKind, line: Line): About {
  const known = RULES[kind].fields.filter((field) => line[field] !== undefined)
  return Object.fromEntries(known.map((field) => [field, line[field]]))
}
