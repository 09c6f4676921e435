// Reads and writes the KV records of a server, local or deployed.
import { useAccount } from './deployment/cloudflare.ts'
import { readTarget } from './deployment/configuration.ts'
import { localStore } from './local-records.ts'
import type { Entry, Store } from './record-store.ts'
import { remoteStore } from './remote-records.ts'

/** The most records that Cloudflare returns in one call. */
const AT_ONCE = 100

export interface Location {
  readonly remote: boolean
  /** The deployed Worker, if not the one that wrangler.toml names. */
  readonly worker: string | undefined
  /** The data folder of a local server, if not .wrangler/state. */
  readonly persistTo: string | undefined
}

export class Records {
  readonly #location: Location
  #opened: Promise<Store> | undefined

  constructor(location: Location) {
    this.#location = location
  }

  async names(prefix: string): Promise<string[]> {
    return (await this.#store).names(prefix)
  }

  async read<T>(name: string): Promise<T | undefined> {
    const text = await (await this.#store).read(name)
    return text === null ? undefined : (JSON.parse(text) as T)
  }

  /** The existing ones of these, in one call for each hundred. */
  async readAll<T>(names: readonly string[]): Promise<T[]> {
    const store = await this.#store
    const found: T[] = []
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const values = await store.readAll(names.slice(at, at + AT_ONCE))
      found.push(...values.filter((value) => value !== null).map((value) => JSON.parse(value) as T))
    }
    return found
  }

  /** Writes all of them in one call. */
  async write(...entries: readonly Entry[]): Promise<void> {
    await (await this.#store).write(entries)
  }

  async remove(name: string): Promise<void> {
    await (await this.#store).remove(name)
  }

  /** Without it the program would not end. */
  async close(): Promise<void> {
    await (await this.#opened)?.close()
  }

  // Opened at first use: a command may be refused before. @throws Error when the server is not deployed
  get #store(): Promise<Store> {
    this.#opened ??= open(this.#location)
    return this.#opened
  }
}

async function open({ remote, worker, persistTo }: Location): Promise<Store> {
  if (!remote) return localStore(persistTo)
  const target = readTarget(worker)
  if (target.accountId !== undefined) useAccount(target.accountId)
  return remoteStore(target.worker)
}
