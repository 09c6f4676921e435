// How many operations of storage follow one another before an answer: the distances that it waits for. Without a clock:
// operations are held until nothing else goes on, then all that wait are let go together, as one round.
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** So many turns of the event loop without a new operation: everything waits. */
const IDLE_TURNS = 20

export class RoundTrips {
  /** Operations that are held, and those of KV that run. */
  #waiting = 0
  #running = 0
  #rounds = 0
  #isCounting = false

  /** Counts until vi.restoreAllMocks(). */
  static install(): RoundTrips {
    const trips = new RoundTrips()
    const kv = Object.getPrototypeOf(env.RECORDS)
    for (const name of ['get', 'getWithMetadata', 'put', 'delete', 'list']) trips.#hold(kv, name)
    const namespace = Object.getPrototypeOf(env.GRANTS)
    for (const name of ['get', 'getByName']) trips.#holdStubs(namespace, name)
    return trips
  }

  /** How many rounds a step waits for until its answer. What follows the answer is finished, too, and not counted. */
  async count(step: () => Promise<unknown>): Promise<number> {
    this.#rounds = 0
    this.#isCounting = true
    let rounds: number | undefined
    const answer = step().finally(() => {
      rounds = this.#rounds
    })
    do await this.#nextRound()
    while (rounds === undefined || this.#waiting > 0)
    this.#isCounting = false
    await answer
    return rounds
  }

  async #nextRound(): Promise<void> {
    let known = this.#waiting
    for (let turn = 0; turn < IDLE_TURNS; turn++) {
      await scheduler.wait(1)
      if (this.#waiting !== known || this.#running > 0) turn = 0
      known = this.#waiting
    }
    if (known === 0) return
    this.#waiting = 0
    this.#rounds++
  }

  #hold(target: object, name: string): void {
    const original = Reflect.get(target, name) as Method
    const trips = this
    vi.spyOn(target as Record<string, Method>, name).mockImplementation(async function (
      this: unknown,
      ...args
    ) {
      await trips.#turn()
      trips.#running++
      try {
        return await original.apply(this, args)
      } finally {
        trips.#running--
      }
    })
  }

  #holdStubs(namespace: object, name: string): void {
    const original = Reflect.get(namespace, name) as Method
    const trips = this
    vi.spyOn(namespace as Record<string, Method>, name).mockImplementation(function (this: unknown, ...args) {
      return new Proxy(original.apply(this, args) as object, {
        get(stub, property) {
          const value = Reflect.get(stub, property, stub)
          if (typeof value !== 'function') return value
          return async (...sent: unknown[]) => {
            await trips.#turn()
            return Reflect.apply(value, stub, sent)
          }
        },
      })
    })
  }

  // Looks by itself: what waits in an object cannot be woken from outside.
  async #turn(): Promise<void> {
    if (!this.#isCounting) return
    const round = this.#rounds
    this.#waiting++
    while (this.#isCounting && this.#rounds === round) await scheduler.wait(1)
  }
}
