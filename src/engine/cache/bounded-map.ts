// What an isolate remembers, within a bound: a stranger's input can fill it, but not grow it.

/** A map of at most `limit` entries. Setting one more drops the entry that was set longest ago. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  set(key: K, value: V): void {
    // Set anew, it counts as the youngest.
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > this.#limit && !oldest.done) this.#entries.delete(oldest.value)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** The oldest first. */
  entries(): MapIterator<[K, V]> {
    return this.#entries.entries()
  }
}
