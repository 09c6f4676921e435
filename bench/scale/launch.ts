// The worst hour of what all share: every user signs in and approves the same app, which describes itself by a document.
import type { Cost, Step } from './costs.ts'
import { KV_CACHE_SECONDS, KV_WRITES_OF_A_KEY_A_SECOND, OBJECT_REQUESTS_A_SECOND } from './platform.ts'
import { seeded } from './random.ts'
import type { Load } from './traffic.ts'

const HOUR = 3600
/** From the sign-in to Allow, in seconds: at least, and at most. */
const [QUICK, SLOW] = [5, 60]

export interface Queue {
  /** Requests that one sign-in and approval send to it. */
  readonly each: number
  /** The most requests that wait at one moment. */
  readonly longest: number
  /** The longest time that one waits, in milliseconds. */
  readonly longestMs: number
}

interface Person {
  readonly signsIn: number
  readonly approves: number
  readonly location: number
}

export function hourOf({ people, locations }: Load): readonly Person[] {
  const random = seeded(2)
  return Array.from({ length: people }, () => {
    const signsIn = random() * HOUR
    // Few locations have most people, as cities do.
    const location = Math.floor(locations * random() ** 2)
    return { signsIn, approves: signsIn + QUICK + random() * (SLOW - QUICK), location }
  })
}

/** The queue at one object that all of them use. @param requests of a step, to this object */
export function queueAt(hour: readonly Person[], requests: (step: Step) => number): Queue {
  const [atSignIn, atApproval] = [
    requests('register') + requests('signIn'),
    requests('approve') + requests('exchange'),
  ]
  const arrivals = hour.flatMap(({ signsIn, approves }) => [
    ...Array<number>(atSignIn).fill(signsIn),
    ...Array<number>(atApproval).fill(approves),
  ])
  arrivals.sort((a, b) => a - b)
  let freeAt = 0
  let longestMs = 0
  for (const at of arrivals) {
    freeAt = Math.max(freeAt, at) + 1 / OBJECT_REQUESTS_A_SECOND
    longestMs = Math.max(longestMs, (freeAt - at) * 1000)
  }
  return {
    each: atSignIn + atApproval,
    longestMs,
    longest: Math.ceil((longestMs / 1000) * OBJECT_REQUESTS_A_SECOND),
  }
}

/** What the class of an object gets, of each step. */
export function requestsTo(costs: Readonly<Record<Step, Cost>>, name: keyof Cost): (step: Step) => number {
  return (step) => costs[step][name]
}

/**
 * Writes of the app's copy in KV. A location that sees none in its cache, or one older than the document that it has
 * itself fetched, writes it: src/engine/oauth/clients/document-store.ts.
 * @param freshSeconds how long a document counts as fresh
 */
export function copyWrites(hour: readonly Person[], { locations }: Load, freshSeconds: number) {
  const seen = Array.from({ length: locations }, () => ({ readAt: Number.NEGATIVE_INFINITY, copy: 0 }))
  const documents = new Float64Array(locations)
  let stored = 0
  let lastWrite = Number.NEGATIVE_INFINITY
  const counts = { written: 0, refused: 0 }
  const read = (location: number, now: number): number => {
    const cached = seen[location] as { readAt: number; copy: number }
    if (now - cached.readAt > KV_CACHE_SECONDS) Object.assign(cached, { readAt: now, copy: stored })
    return cached.copy
  }
  const isFresh = (fetchedAt: number, now: number) => fetchedAt > 0 && now - fetchedAt < freshSeconds
  const moments = hour.flatMap(({ signsIn, approves, location }) => [
    { at: signsIn, location, isApproval: false },
    { at: approves, location, isApproval: true },
  ])
  for (const { at, location, isApproval } of moments.sort((a, b) => a.at - b.at)) {
    const copy = read(location, at)
    const own = documents[location] as number
    if (!isApproval) {
      if (!isFresh(own, at)) documents[location] = isFresh(copy, at) ? copy : at
    } else if (copy < own) {
      if (at - lastWrite < 1 / KV_WRITES_OF_A_KEY_A_SECOND) counts.refused++
      else {
        Object.assign(seen[location] as object, { readAt: at, copy: own })
        stored = own
        lastWrite = at
        counts.written++
      }
    }
  }
  return counts
}

/** For how many seconds a revoked grant is still answered: the median, and the longest, of many revocations. */
export function revocationDelays(rememberedSeconds: number): { median: number; longest: number } {
  const random = seeded(3)
  const delays = Array.from({ length: 100_000 }, () => {
    // Before the revocation, at 0: when this location has read the mark, and when the isolate asks next.
    const cachedAt = -random() * KV_CACHE_SECONDS
    let asksAt = (1 - random()) * rememberedSeconds
    while (asksAt - cachedAt <= KV_CACHE_SECONDS) asksAt += rememberedSeconds
    return asksAt
  }).sort((a, b) => a - b)
  return { median: delays[50_000] as number, longest: delays.at(-1) as number }
}
