// The records of a server, local or deployed, read and written from outside: `wrangler kv key …`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTarget } from './deployment/configuration.ts'
import { requireLiveWorker } from './deployment/live.ts'
import { WranglerError, wrangler } from './wrangler.ts'

const BINDING = 'RECORDS'

export interface Place {
  readonly remote: boolean
  /** The deployed Worker, if not the one that wrangler.toml names. */
  readonly worker: string | undefined
  /** Where a local server keeps its data, if not in the usual place. */
  readonly persistTo: string | undefined
}

export class Records {
  readonly #where: readonly string[]

  private constructor(where: readonly string[]) {
    this.#where = where
  }

  /** @throws Error when the server is not deployed */
  static async open({ remote, worker, persistTo }: Place): Promise<Records> {
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
      // wrangler's words for a key that is not there: of local records, and of Cloudflare's.
      return text.trim() === 'Value not found' ? undefined : (JSON.parse(text) as T)
    } catch (error) {
      if (error instanceof WranglerError && error.message.includes('404: Not Found')) return undefined
      throw error
    }
  }

  /** @param ttl in seconds, for a record that goes by itself */
  async write(name: string, value: object | string, ttl?: number): Promise<void> {
    // By a file, since arguments of a program can be seen by others.
    const folder = mkdtempSync(join(tmpdir(), 'record-'))
    try {
      const file = join(folder, 'value')
      writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value), { mode: 0o600 })
      await this.#run('put', name, '--path', file, ...(ttl === undefined ? [] : ['--ttl', String(ttl)]))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  async remove(name: string): Promise<void> {
    await this.#run('delete', name)
  }

  #run(verb: string, ...args: readonly string[]): Promise<string> {
    return wrangler('kv', 'key', verb, ...args, ...this.#where)
  }
}

/** The namespace of a deployed Worker, which wrangler.toml need not name. */
async function namespaceId(name: string | undefined): Promise<string> {
  const { worker } = readTarget(name)
  const { recordsId } = await requireLiveWorker(worker)
  if (recordsId === undefined)
    throw new Error(`${worker} has no KV namespace ${BINDING}. Run \`npm run deploy\`.`)
  return recordsId
}
