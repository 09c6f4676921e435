// Workers KV as it is far away: a simulator around the real binding, seen by the Worker and its objects alike. Every
// location has a copy of its own; what it has once looked up, found or missed, it repeats for a minute; and a write
// shows nowhere, not even where it was made, until a minute has passed. It can also fail.
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'

const LAG_MS = 60_000

interface Version {
  readonly value: string | null
  readonly writtenAt: number
}

interface Copy {
  readonly value: string | null
  readonly readAt: number
}

type Failure = 'reads' | 'writes' | 'all' | undefined

export class LaggingKv {
  /** Where the next request arrives. */
  location = 'Lisbon'
  /** What does not work at the moment. `writes`: the daily quota is used up. */
  failing: Failure
  /** Keys that were written more than once within a second, which KV refuses. */
  readonly refusedTooFast: string[] = []
  readonly #versions = new Map<string, Version[]>()
  readonly #copies = new Map<string, Map<string, Copy>>()

  /** Puts the simulator in the place of every KV binding, until vi.restoreAllMocks(). */
  static install(): LaggingKv {
    const kv = new LaggingKv()
    const prototype = Object.getPrototypeOf(env.RECORDS)
    vi.spyOn(prototype, 'get').mockImplementation(async (...args: unknown[]) => {
      const [key, options] = args as [string, { type?: string } | undefined]
      const value = kv.#read(key)
      return value !== null && options?.type === 'json' ? JSON.parse(value) : value
    })
    vi.spyOn(prototype, 'put').mockImplementation(async (...args: unknown[]) =>
      kv.#write(args[0] as string, args[1] as string),
    )
    vi.spyOn(prototype, 'delete').mockImplementation(async (...args: unknown[]) =>
      kv.#write(args[0] as string, null),
    )
    return kv
  }

  /** What every location will agree on once the lag is over. */
  keys(prefix: string): string[] {
    return [...this.#versions]
      .filter(([key, versions]) => key.startsWith(prefix) && versions.at(-1)?.value !== null)
      .map(([key]) => key)
  }

  #read(key: string): string | null {
    if (this.failing === 'reads' || this.failing === 'all')
      throw new Error('KV GET failed: 500 Internal Server Error')
    const copies = this.#copies.get(this.location) ?? new Map<string, Copy>()
    this.#copies.set(this.location, copies)
    const now = Date.now()
    const copy = copies.get(key)
    if (copy && now - copy.readAt < LAG_MS) return copy.value
    const visible = this.#versions.get(key)?.findLast((version) => now - version.writtenAt >= LAG_MS)
    const value = visible?.value ?? null
    copies.set(key, { value, readAt: now })
    return value
  }

  #write(key: string, value: string | null): void {
    if (this.failing === 'writes' || this.failing === 'all')
      throw new Error('KV PUT failed: 429 Too Many Requests')
    const versions = this.#versions.get(key) ?? []
    const now = Date.now()
    if (now - (versions.at(-1)?.writtenAt ?? Number.NEGATIVE_INFINITY) < 1000) {
      this.refusedTooFast.push(key)
      throw new Error('KV PUT failed: 429 Too Many Requests')
    }
    this.#versions.set(key, [...versions, { value, writtenAt: now }])
  }
}
