// The part of an account object that counts what its user calls, where a tool, a resource or a prompt limits that. One
// record has all counts. Each call drops those whose period is over, so there are never more than limits. It outlives an
// erasure until then: to come back must not be a way around a limit.

/** At most so many calls in each period. A period begins when the clock of UTC does: on the minute, the hour, at midnight. */
export interface Allowance<Period extends keyof typeof PERIODS = keyof typeof PERIODS> {
  readonly calls: number
  readonly per: Period
}

/** An allowance that is used up. */
export interface UsedUp extends Allowance {
  /** When its next period begins, in milliseconds since the epoch. */
  readonly until: number
}

interface Count {
  readonly calls: number
  readonly until: number
}

type Counts = Record<string, Count>

const KEY = 'calls'
const PERIODS = { minute: 60_000, hour: 60 * 60_000, day: 24 * 60 * 60_000 } as const

export class CallCounts {
  readonly #kv: SyncKvStorage

  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  /**
   * Counts one call, if every allowance has room for it. Synchronous from read to write: of fifty calls at once, no more
   * pass than there is room for. A refused call counts nowhere.
   * @param what such as `tool add_note`
   * @returns of the allowances that are used up, the one that has room last
   */
  spend(what: string, allowances: readonly Allowance[]): UsedUp | undefined {
    const now = Date.now()
    const counts = this.#current(now)
    const asked = allowances.map((allowance) => {
      const key = `${allowance.per} ${what}`
      const period = PERIODS[allowance.per]
      const until = now - (now % period) + period
      return { ...allowance, key, until, used: counts[key]?.calls ?? 0 }
    })
    const usedUp = asked.filter(({ used, calls }) => !(used < calls)).sort((a, b) => b.until - a.until)
    if (usedUp[0]) return { calls: usedUp[0].calls, per: usedUp[0].per, until: usedUp[0].until }
    for (const { key, used, until } of asked) counts[key] = { calls: used + 1, until }
    this.#kv.put(KEY, counts)
    return undefined
  }

  /** Writes the counts that still matter once more, after everything else was erased. */
  keepAfter(erase: () => void): void {
    const counts = this.#current(Date.now())
    erase()
    if (Object.keys(counts).length > 0) this.#kv.put(KEY, counts)
  }

  #current(now: number): Counts {
    const kept = Object.entries(this.#kv.get<Counts>(KEY) ?? {})
    return Object.fromEntries(kept.filter(([, { until }]) => until > now))
  }
}
