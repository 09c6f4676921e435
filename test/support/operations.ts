// Counts what Cloudflare bills: requests to the Worker and to its objects, operations of KV, rows that objects write. And
// what takes its time: requests to other servers.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import worker from '#worker'

export interface Operations {
  readonly requests: number
  readonly kvReads: number
  readonly kvWrites: number
  readonly kvDeletes: number
  readonly kvLists: number
  readonly objectRequests: number
  /** The object requests, by the binding of their class. */
  readonly byBinding: Readonly<Record<string, number>>
  /** By objects; those that a deletion of a whole object takes are not among them. */
  readonly rowsWritten: number
  /** Requests to other servers. */
  readonly fetches: number
}

type Counted = Exclude<keyof Operations, 'byBinding'>

/** What the runtime's methods return: values, or promises of them. */
type Method = (this: unknown, ...args: unknown[]) => unknown

export class OperationCounter {
  readonly #stubOf = env.GRANTS.get
  readonly #counts = {
    requests: 0,
    kvReads: 0,
    kvWrites: 0,
    kvDeletes: 0,
    kvLists: 0,
    objectRequests: 0,
    rowsWritten: 0,
    fetches: 0,
  }
  #byBinding: Record<string, number> = {}
  readonly #pending = new Set<Promise<unknown>>()

  /** Counts until vi.restoreAllMocks(). */
  static async install(): Promise<OperationCounter> {
    const counter = new OperationCounter()
    const kv = Object.getPrototypeOf(env.RECORDS)
    counter.#watch(worker, ['fetch'], () => counter.#add('requests'))
    counter.#watch(kv, ['get', 'getWithMetadata'], () => counter.#add('kvReads'))
    counter.#watch(kv, ['put'], () => counter.#add('kvWrites'))
    counter.#watch(kv, ['delete'], () => counter.#add('kvDeletes'))
    counter.#watch(kv, ['list'], () => counter.#add('kvLists'))
    counter.#watch(globalThis, ['fetch'], () => counter.#add('fetches'))
    // Asked between two operations, by what goes on after an answer.
    counter.#watch(Object.getPrototypeOf(env.AUDIT_LIMIT), ['limit'], () => undefined)
    await counter.#watchStorage()
    const namespace = Object.getPrototypeOf(env.GRANTS)
    for (const name of ['get', 'getByName']) counter.#watchStubs(namespace, name)
    return counter
  }

  /** What a step costs, with what goes on after its answers. */
  async count<T>(step: () => Promise<T>): Promise<{ result: T; cost: Operations }> {
    const before = { ...this.#counts }
    this.#byBinding = {}
    const result = await step()
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending)
      await scheduler.wait(0)
    }
    const cost = Object.entries(this.#counts).map(([name, now]) => [name, now - before[name as Counted]])
    return { result, cost: { ...Object.fromEntries(cost), byBinding: this.#byBinding } }
  }

  /** Lets an object do what it has an alarm for, which is a request of its own. */
  async wake(namespace: DurableObjectNamespace, id: string): Promise<void> {
    this.#addRequest(namespace)
    await runDurableObjectAlarm(this.#stubOf.call(namespace, namespace.idFromString(id)))
  }

  #add(name: Counted, count = 1): void {
    this.#counts[name] += count
  }

  #addRequest(namespace: unknown): void {
    this.#add('objectRequests')
    const [binding] = Object.entries(env).find(([, one]) => one === namespace) as [string, unknown]
    this.#byBinding[binding] = (this.#byBinding[binding] ?? 0) + 1
  }

  #watch(target: object, names: readonly string[], seen: (result: unknown) => void): void {
    for (const name of names) {
      const original = Reflect.get(target, name) as Method
      const counter = this
      vi.spyOn(target as Record<string, Method>, name).mockImplementation(function (this: unknown, ...args) {
        const result = original.apply(this, args)
        seen(result)
        return counter.#follow(result)
      })
    }
  }

  /** Each call of a stub's method is a request to its object. */
  #watchStubs(prototype: object, name: string): void {
    const original = Reflect.get(prototype, name) as Method
    const counter = this
    vi.spyOn(prototype as Record<string, Method>, name).mockImplementation(function (this: unknown, ...args) {
      const namespace = this
      return new Proxy(original.apply(this, args) as object, {
        get(stub, property) {
          const value = Reflect.get(stub, property, stub)
          if (typeof value !== 'function') return value
          return (...sent: unknown[]) => {
            counter.#addRequest(namespace)
            return counter.#follow(Reflect.apply(value, stub, sent))
          }
        },
      })
    })
  }

  async #watchStorage(): Promise<void> {
    await runInDurableObject(env.AUDIT.getByName('counted'), (_object, { storage }) => {
      const row = () => this.#add('rowsWritten')
      this.#watch(Object.getPrototypeOf(storage), ['setAlarm'], row)
      this.#watch(Object.getPrototypeOf(storage.kv), ['put', 'delete'], row)
      this.#watch(Object.getPrototypeOf(storage.sql), ['exec'], (cursor) =>
        this.#add('rowsWritten', (cursor as SqlStorageCursor<Record<string, SqlStorageValue>>).rowsWritten),
      )
    })
  }

  #follow(result: unknown): unknown {
    // What a stub returns is no Promise, but can be awaited as one.
    if (typeof (result as Promise<unknown> | undefined)?.then !== 'function') return result
    const settled = Promise.resolve(result).catch(() => undefined)
    this.#pending.add(settled)
    void settled.then(() => this.#pending.delete(settled))
    return result
  }
}
