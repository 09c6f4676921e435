// One question for all who ask it at the same time.

/** The shared call gave no answer in time. */
export class Lost extends Error {}

export class SingleFlight<K, T> {
  readonly #underway = new Map<K, Promise<T>>()
  readonly #patienceMs: number

  /** @param patienceMs longer than any answer takes: the request that asks can be cut off, and its answer lost */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /**
   * The answer to the question `key` that is under way, or else to `ask`.
   * @param keepAlive keeps the answer coming when the request that asked is cut off: `waitUntil`
   * @throws Lost · what `ask` throws
   */
  async join(key: K, ask: () => Promise<T>, keepAlive?: (answer: Promise<unknown>) => void): Promise<T> {
    const answer = this.#underway.get(key) ?? this.#begin(key, ask, keepAlive)
    const done = new AbortController()
    const patience = scheduler.wait(this.#patienceMs, { signal: done.signal }).then(() => {
      this.#end(key, answer)
      throw new Lost('The answer was lost.')
    })
    return Promise.race([answer, patience]).finally(() => done.abort())
  }

  #begin(
    key: K,
    ask: () => Promise<T>,
    keepAlive: ((answer: Promise<unknown>) => void) | undefined,
  ): Promise<T> {
    const answer = ask()
    this.#underway.set(key, answer)
    const ended = answer.then(
      () => this.#end(key, answer),
      () => this.#end(key, answer),
    )
    keepAlive?.(ended)
    return answer
  }

  #end(key: K, answer: Promise<T>): void {
    if (this.#underway.get(key) === answer) this.#underway.delete(key)
  }
}
