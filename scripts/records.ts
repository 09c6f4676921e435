// The records of a server, local or deployed, read and written from outside: `wrangler kv key …`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wrangler } from './wrangler.ts'

const BINDING = 'RECORDS'

export interface Place {
  readonly remote: boolean
  /** Where a local server keeps its data, if not in the usual place. */
  readonly persistTo: string | undefined
}

export class Records {
  readonly #where: readonly string[]

  private constructor(where: readonly string[]) {
    this.#where = where
  }

  static async open({ remote, persistTo }: Place): Promise<Records> {
    if (remote) return new Records(['--remote', '--namespace-id', await namespaceId()])
    return new Records(['--local', '--binding', BINDING, ...(persistTo ? ['--persist-to', persistTo] : [])])
  }

  async names(prefix: string): Promise<string[]> {
    const list = JSON.parse(await this.#run('list', '--prefix', prefix)) as { name: string }[]
    return list.map(({ name }) => name)
  }

  async read<T>(name: string): Promise<T | undefined> {
    const text = await this.#run('get', name, '--text')
    // wrangler's words for a key that is not there.
    return text.trim() === 'Value not found' ? undefined : (JSON.parse(text) as T)
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

/** The namespace that the first deployment made for this Worker, which wrangler.toml does not name. */
async function namespaceId(): Promise<string> {
  const worker = /^name = "([^"]+)"/m.exec(readFileSync('wrangler.toml', 'utf8'))?.[1]
  const title = `${worker}-${BINDING}`
  const list = JSON.parse(await wrangler('kv', 'namespace', 'list')) as { id: string; title: string }[]
  const found = list.find((one) => one.title.toLowerCase() === title.toLowerCase())
  if (!found) throw new Error(`There is no KV namespace ${title} in this account. Deploy first.`)
  return found.id
}
