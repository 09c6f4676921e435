// What a server publishes and this isolate remembers: fetched anew when it is old, once for all who ask at the same
// time, and used on while the server does not answer.
import type { Context } from 'hono'
import { Lost, SingleFlight } from '../../cache/single-flight.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import { logUnanswered, Unanswered } from './fetch-json.ts'

const FRESH_MS = 10 * 60 * 1000
/** So long an outage is bridged; a key that was withdrawn in it is good for no longer. */
const STALE_MS = 24 * 60 * 60 * 1000
/** However many ask, the server is asked again only after this. */
const AGAIN_MS = 10_000
/** Longer than any search takes: two addresses of metadata and one of keys. */
export const PATIENCE_MS = 16_000

export class Remembered<T> {
  readonly #server: ForeignServer
  readonly #load: () => Promise<T>
  readonly #fetches = new SingleFlight<ForeignServer, void>(PATIENCE_MS)
  #known: { readonly value: T; readonly fetchedAt: number } | undefined
  /** Of the last attempt; undefined when it succeeded. */
  #failure: unknown
  #triedAt = Number.NEGATIVE_INFINITY

  constructor(server: ForeignServer, load: () => Promise<T>) {
    this.#server = server
    this.#load = load
  }

  /** What was fetched lately, or, while the server does not answer, longer ago. @throws whatever `load` throws */
  async current(c: Context): Promise<T> {
    if (!this.#isYounger(FRESH_MS)) {
      const attempt = this.#fetchAgain(c)
      // During an outage, no request waits for the failure again.
      if (this.#failure === undefined || !this.#isYounger(STALE_MS)) await attempt
    }
    if (this.#known && this.#isYounger(STALE_MS)) return this.#known.value
    throw this.#failure
  }

  /** What is there now, for one who misses something in what is known. @throws whatever `load` throws */
  async renewed(c: Context): Promise<T> {
    await this.#fetchAgain(c)
    if (this.#known && this.#failure === undefined) return this.#known.value
    throw this.#failure
  }

  #isYounger(ms: number): boolean {
    return this.#known !== undefined && Date.now() - this.#known.fetchedAt < ms
  }

  async #fetchAgain(c: Context): Promise<void> {
    if (Date.now() - this.#triedAt < AGAIN_MS) return
    await joined(c, this.#fetches, this.#server, () => this.#attempt()).catch((error: unknown) => {
      this.#failure = error
    })
  }

  async #attempt(): Promise<void> {
    try {
      this.#known = { value: await this.#load(), fetchedAt: Date.now() }
      this.#failure = undefined
    } catch (error) {
      logUnanswered(this.#server, error)
      throw error
    } finally {
      // Not when it began: a server that lets everybody wait is asked less often.
      this.#triedAt = Date.now()
    }
  }
}

/** As SingleFlight.join(), for questions to another server. @throws Unanswered · what `ask` throws */
export function joined<K, T>(
  c: Context,
  questions: SingleFlight<K, T>,
  key: K,
  ask: () => Promise<T>,
): Promise<T> {
  return questions
    .join(key, ask, (answer) => c.executionCtx.waitUntil(answer))
    .catch((error: unknown) => {
      throw error instanceof Lost ? new Unanswered(error.message) : error
    })
}
