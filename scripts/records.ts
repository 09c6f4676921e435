// Reads and writes the KV records of a server, local or deployed, with `wrangler kv key …`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTarget } from './deployment/configuration.ts'
import { requireLiveWorker } from './deployment/live.ts'
import { WranglerError, wrangler } from './wrangler.ts'

const BINDING = 'RECORDS'
/** The most records that Cloudflare returns in one call. */
const AT_ONCE = 100

/** A value as `wrangler kv bulk get` prints it: inside an object for local records, bare for those at Cloudflare. */
type Bulk = string | null | { readonly value: string | null }

/** A record, as `wrangler kv bulk put` takes it. */
export interface Entry {
  readonly key: string
  readonly value: string
  /** In seconds; without it the record never expires. */
  readonly expiration_ttl?: number
  readonly metadata?: object
}

export interface Location {
  readonly remote: boolean
  /** The deployed Worker, if not the one that wrangler.toml names. */
  readonly worker: string | undefined
  /** The data folder of a local server, if not .wrangler/state. */
  readonly persistTo: string | undefined
}

export class Records {
  readonly #where: readonly string[]

  private constructor(where: readonly string[]) {
    this.#where = where
  }

  /** @throws Error when the server is not deployed */
  static async open({ remote, worker, persistTo }: Location): Promise<Records> {
    if (remote) return new Records(['--remote', '--namespace-id', await namespaceId(worker)])
    return new Records(['--local', '--binding', BINDING, ...(persistTo ? ['--persist-to', persistTo] : [])])
  }

  async names(prefix: string): Promise<string[]> {
    const list = JSON.parse(await this.#run('list', '--prefix', prefix)) as { name: string }[]
    return list.map(({ name }) => name)
  }

  async read<T>(name: string): Promise<T | undefined> {
    try {
      const text = await this.#run('get', name, '--text')
      // wrangler has other words for a missing key in local records than in the records at Cloudflare.
      return text.trim() === 'Value not found' ? undefined : (JSON.parse(text) as T)
    } catch (error) {
      if (error instanceof WranglerError && error.message.includes('404: Not Found')) return undefined
      throw error
    }
  }

  /** The existing ones of these, in one call for each hundred: one call for each record would take a second and 200 MB. */
  async readAll<T>(names: readonly string[]): Promise<T[]> {
    const found: T[] = []
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const answer = await this.#withFile(JSON.stringify(names.slice(at, at + AT_ONCE)), (file) =>
        wrangler('kv', 'bulk', 'get', file, ...this.#where),
      )
      const values = Object.values(JSON.parse(answer) as Record<string, Bulk>).map(textOf)
      found.push(...values.filter((value) => value !== null).map((value) => JSON.parse(value) as T))
    }
    return found
  }

  /** Writes all of them in one call. */
  async write(...entries: readonly Entry[]): Promise<void> {
    await this.#withFile(JSON.stringify(entries), (file) =>
      wrangler('kv', 'bulk', 'put', file, ...this.#where),
    )
  }

  async remove(name: string): Promise<void> {
    await this.#run('delete', name)
  }

  // By a file, since arguments of a program can be seen by others.
  async #withFile<T>(content: string, use: (file: string) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'record-'))
    try {
      const file = join(folder, 'value')
      writeFileSync(file, content, { mode: 0o600 })
      return await use(file)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  #run(verb: string, ...args: readonly string[]): Promise<string> {
    return wrangler('kv', 'key', verb, ...args, ...this.#where)
  }
}

/** The namespace of a deployed Worker. wrangler.toml may not have its id. */
async function namespaceId(name: string | undefined): Promise<string> {
  const { worker } = readTarget(name)
  const { recordsId } = await requireLiveWorker(worker)
  if (recordsId === undefined)
    throw new Error(`${worker} has no KV namespace ${BINDING}. Run \`npm run deploy\`.`)
  return recordsId
}

function textOf(bulk: Bulk): string | null {
  return typeof bulk === 'object' && bulk !== null ? bulk.value : bulk
}
