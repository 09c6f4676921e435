// A KV store for workerd, and a D1 database, in the memory of this process: so the time that storage takes is not counted
// as the Worker's, each operation is, and each can be made to take longer.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Database } from './database.ts'

export interface Operations {
  reads: number
  writes: number
  lists: number
  deletes: number
  /** Of D1. */
  queries: number
}

interface Entry {
  readonly value: string
  readonly metadata?: string
}

interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

export class Storage {
  /** Milliseconds that each operation takes beyond its own. */
  latency = 0
  readonly #entries = new Map<string, Entry>()
  /** For lists, which are by prefix. */
  #names: string[] = []
  readonly #database = new Database()
  readonly #server: Server
  #operations: Operations = none()

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const { status = 200, headers = {}, body = '' } = await this.#answer(request)
      if (this.latency > 0) await wait(this.latency)
      response.writeHead(status, headers).end(body)
    })
    this.#server.keepAliveTimeout = 60_000
  }

  static async start(): Promise<Storage> {
    const storage = new Storage()
    storage.#server.listen(0, '127.0.0.1')
    await once(storage.#server, 'listening')
    return storage
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What was done since this was last asked. */
  takeOperations(): Operations {
    const taken = this.#operations
    this.#operations = none()
    return taken
  }

  /** As many entries as others would have left, without asking a Worker for them. */
  fill(entries: Iterable<readonly [string, string]>): void {
    for (const [name, value] of entries) this.#entries.set(name, { value })
    this.#names = [...this.#entries.keys()].sort()
  }

  *entries(): Generator<readonly [string, string]> {
    for (const [name, { value }] of this.#entries) yield [name, value]
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  // As workerd asks KV: /<name>, or / with a prefix for a list. Only D1 is asked by POST.
  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://kv')
    const name = decodeURIComponent(url.pathname.slice(1))
    if (request.method === 'POST') return this.#query(request)
    if (request.method === 'PUT') return this.#put(name, request)
    if (request.method === 'DELETE') return this.#delete(name)
    return name === '' ? this.#list(url.searchParams) : this.#get(name)
  }

  async #query(request: IncomingMessage): Promise<Answer> {
    this.#operations.queries++
    return { body: this.#database.answer(await text(request)) }
  }

  #get(name: string): Answer {
    this.#operations.reads++
    const entry = this.#entries.get(name)
    if (!entry) return { status: 404 }
    return { body: entry.value, headers: entry.metadata ? { 'CF-KV-Metadata': entry.metadata } : {} }
  }

  async #put(name: string, request: IncomingMessage): Promise<Answer> {
    this.#operations.writes++
    const metadata = request.headers['cf-kv-metadata']
    const entry = { value: await text(request), ...(typeof metadata === 'string' && { metadata }) }
    if (!this.#entries.has(name)) this.#names.splice(this.#placeOf(name), 0, name)
    this.#entries.set(name, entry)
    return {}
  }

  #delete(name: string): Answer {
    this.#operations.deletes++
    if (this.#entries.delete(name)) this.#names.splice(this.#placeOf(name), 1)
    return {}
  }

  #list(asked: URLSearchParams): Answer {
    this.#operations.lists++
    const prefix = asked.get('prefix') ?? ''
    const limit = Number(asked.get('key_count_limit') ?? 1000)
    const keys: { name: string; metadata?: unknown }[] = []
    let at = this.#placeOf(asked.get('cursor') ?? prefix)
    for (; keys.length < limit && this.#names[at]?.startsWith(prefix); at++) {
      const name = this.#names[at] as string
      const metadata = this.#entries.get(name)?.metadata
      keys.push({ name, ...(metadata && { metadata: JSON.parse(metadata) }) })
    }
    const next = this.#names[at]
    const isComplete = !next?.startsWith(prefix)
    return {
      body: JSON.stringify({ keys, list_complete: isComplete, ...(!isComplete && { cursor: next }) }),
    }
  }

  /** Where a name is among the sorted, or would be. */
  #placeOf(name: string): number {
    let [from, to] = [0, this.#names.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#names[middle] as string) < name) from = middle + 1
      else to = middle
    }
    return from
  }
}

function none(): Operations {
  return { reads: 0, writes: 0, lists: 0, deletes: 0, queries: 0 }
}
