// A few minutes of calls, second by second: which of them ask KV, a grant or for new tokens. The rules are those of
// src/engine/mcp/revocation.ts.
import { LIFETIME } from '../../test/fixture/src/config.ts'
import type { Step } from './costs.ts'
import { eventsInASecond, seeded } from './random.ts'

export interface Load {
  readonly grants: number
  readonly people: number
  readonly callsASecond: number
  readonly locations: number
  /** A user and an app come in conversations of so many calls, each so many seconds after the one before. */
  readonly callsOfAConversation: number
  readonly secondsBetweenCalls: number
  /** Each location runs the Worker in so many isolates, which share no memory. */
  readonly isolatesOfALocation: number
}

export const LOAD: Load = {
  grants: 1_000_000,
  people: 100_000,
  callsASecond: 10_000,
  locations: 300,
  callsOfAConversation: 10,
  secondsBetweenCalls: 5,
  isolatesOfALocation: 4,
}

const WARM_UP = 120
const MEASURED = 180
/** As REMEMBER_MS of the engine has it. */
const REMEMBERED = 60

export type Rates = Readonly<
  Record<Extract<Step, 'call' | 'callAfterMinute' | 'firstCall' | 'refresh'>, number>
>

/** How often each of these happens in a second. */
export function ratesOf(load: Load): Rates {
  const random = seeded(1)
  const { grants, callsASecond, callsOfAConversation, secondsBetweenCalls, isolatesOfALocation } = load
  const conversationsASecond = callsASecond / callsOfAConversation
  const tokenUntil = initialTokens(grants, conversationsASecond, random)
  const generation = new Uint8Array(grants)
  const checkedAt = new Float32Array(grants * isolatesOfALocation).fill(Number.NEGATIVE_INFINITY)
  const confirmed = new Uint8Array(grants * isolatesOfALocation)
  const talking: number[][] = Array.from(
    { length: WARM_UP + MEASURED + callsOfAConversation * secondsBetweenCalls },
    () => [],
  )
  const counts = { call: 0, callAfterMinute: 0, firstCall: 0, refresh: 0 }
  for (let second = 0; second < WARM_UP + MEASURED; second++) {
    const started = eventsInASecond(conversationsASecond, random)
    for (let one = 0; one < started; one++) {
      const grant = Math.floor(random() * grants)
      for (let call = 0; call < callsOfAConversation; call++) {
        talking[second + call * secondsBetweenCalls]?.push(grant)
      }
    }
    for (const grant of talking[second] ?? []) {
      const counted = second >= WARM_UP ? 1 : 0
      if ((tokenUntil[grant] as number) <= second) {
        tokenUntil[grant] = second + LIFETIME.accessToken
        generation[grant] = (generation[grant] as number) + 1
        counts.refresh += counted
      }
      const isolate = grant * isolatesOfALocation + Math.floor(random() * isolatesOfALocation)
      const isAsked = second - (checkedAt[isolate] as number) > REMEMBERED
      const isNew = confirmed[isolate] !== generation[grant]
      if (isAsked) checkedAt[isolate] = second
      confirmed[isolate] = generation[grant] as number
      // A new token costs its confirmation beside the question to KV, which is counted as one with it.
      if (isNew) counts.firstCall += counted
      else if (isAsked) counts.callAfterMinute += counted
      else counts.call += counted
    }
    talking[second] = []
  }
  return mapValues(counts, (count) => count / MEASURED)
}

/** Until when each access token is good, as it is after a long time of this load. */
function initialTokens(grants: number, conversationsASecond: number, random: () => number): Float32Array {
  const idle = grants / conversationsASecond
  const isGood = LIFETIME.accessToken / (LIFETIME.accessToken + idle)
  return Float32Array.from({ length: grants }, () =>
    random() < isGood ? random() * LIFETIME.accessToken : 0,
  )
}

export function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A, key: K) => B,
): Record<K, B> {
  const entries = Object.entries<A>(record).map(([key, value]) => [key, change(value, key as K)])
  return Object.fromEntries(entries)
}
