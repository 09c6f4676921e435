// One Durable Object per registered client; its id is the client id. It always holds the client, so it is the
// one that may say "there is no such client". The object deletes a client that no user approves within a day,
// an approved one once its last grant must be over. Bounded: a registration has at most 64 KiB, and changes ten times a day.
import { DurableObject } from 'cloudflare:workers'
import { equalInConstantTime } from '../../crypto/secrets.ts'
import type { Client } from './client.ts'
import { GivenGrants } from './given-grants.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Changes of a registration in a day: each can cost a write and a deletion of KV, of which there are few. */
const MAX_CHANGES = 10

/** What KV has of a client. */
interface Published {
  /** How many times the client had changed. */
  readonly revision: number
  /** Until when it lasts, in milliseconds since the epoch. */
  readonly until: number
}

/** The copy of a client that KV is to have. */
export interface Copy extends Published {
  readonly client: Client
}

/** A client, with the proof that the caller may change it. */
export interface Managed {
  readonly client: Client
  /** Whether a user has ever approved it. */
  readonly isApproved: boolean
  /** Its copy in KV. */
  readonly published: Published | undefined
  /** How long it must wait until it may change again, in seconds; 0: it may now. */
  readonly waitSeconds: number
}

/** The changes of one day. */
interface Changes {
  readonly since: number
  readonly count: number
}

/** `busy`: a copy has been written since it was looked at, and nothing was done. */
export type Change = 'done' | 'gone' | 'busy'

export class ClientObject extends DurableObject<Env> {
  /** @param managementHash of the token with which the client may change itself (RFC 7592) */
  register(client: Client, managementHash: string): void {
    this.ctx.storage.kv.put('client', client)
    this.ctx.storage.kv.put('managementHash', managementHash)
    this.ctx.storage.setAlarm(Date.now() + DAY_MS)
  }

  read(): Client | undefined {
    return this.ctx.storage.kv.get<Client>('client')
  }

  /**
   * A person approved this client, for a grant that lasts until `grantEndsAt` (milliseconds since the epoch). Returns the
   * copy to write to KV; `published` when the one that is there lasts long enough.
   */
  approve(grantEndsAt: number, grantId: string): Copy | 'published' | 'gone' {
    const { kv } = this.ctx.storage
    const client = this.read()
    // Removed while the person looked at the consent page: what is gone stays gone.
    if (!client) return 'gone'
    this.#given.add(grantId, grantEndsAt)
    const keepUntil = Math.max(grantEndsAt + DAY_MS, kv.get<number>('keepUntil') ?? 0)
    kv.put('keepUntil', keepUntil)
    this.ctx.storage.setAlarm(keepUntil)
    const published = this.#published
    const lasts = published?.revision === this.#revision && published.until >= grantEndsAt
    return lasts ? 'published' : { client, revision: this.#revision, until: 2 * grantEndsAt - Date.now() }
  }

  /** The same of a client that this object does not hold: it describes itself, or is the owner's. */
  give(grantEndsAt: number, grantId: string): void {
    this.#given.add(grantId, grantEndsAt)
    this.ctx.storage.setAlarm(grantEndsAt + DAY_MS)
  }

  /** Grants that this client was given, as many as `limit`. Some can be over. */
  givenGrants(limit: number): string[] {
    return this.#given.list(limit)
  }

  /** Of givenGrants(), those that are over for good. */
  forgetGrants(ids: readonly string[]): void {
    this.#given.forget(ids)
  }

  /** The copy of the client as it is now; undefined when it is gone. */
  copy(until: number): Copy | undefined {
    const client = this.read()
    return client && { client, revision: this.#revision, until }
  }

  /** A copy is written. Returns whether it is right: if the client has changed or gone meanwhile, it is not. */
  published({ revision, until }: Published): boolean {
    const isRight = this.read() !== undefined && this.#revision === revision
    if (isRight) this.ctx.storage.kv.put('published', { revision, until })
    return isRight
  }

  /** The client, if a token is the one with which it may change itself. */
  managedBy(managementHash: string): Managed | undefined {
    const client = this.read()
    const own = this.ctx.storage.kv.get<string>('managementHash')
    if (!client || own === undefined || !equalInConstantTime(managementHash, own)) return undefined
    const isApproved = this.ctx.storage.kv.get('keepUntil') !== undefined
    const { since, count } = this.#changes
    const waitSeconds = count < MAX_CHANGES ? 0 : Math.ceil((since + DAY_MS - Date.now()) / 1000)
    return { client, isApproved, published: this.#published, waitSeconds }
  }

  /** @param removed the copy that managedBy() has told of, and that is removed since */
  update(managementHash: string, removed: Published | undefined, client: Client): Change {
    const change = this.#mayChange(managementHash, removed)
    if (change !== 'done') return change
    this.ctx.storage.kv.put('client', client)
    this.ctx.storage.kv.put('revision', this.#revision + 1)
    const { since, count } = this.#changes
    this.ctx.storage.kv.put<Changes>('changes', { since, count: count + 1 })
    return 'done'
  }

  /** @param removed the copy that managedBy() has told of, and that is removed since */
  end(managementHash: string, removed: Published | undefined): Change {
    const change = this.#mayChange(managementHash, removed)
    if (change === 'done') this.remove()
    return change
  }

  /** All but the grants that it was given: the owner can still end them. The alarm forgets those. */
  remove(): void {
    const { kv } = this.ctx.storage
    for (const [key] of [...kv.list()]) kv.delete(key)
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }

  get #given(): GivenGrants {
    return new GivenGrants(this.ctx.storage.sql)
  }

  get #revision(): number {
    return this.ctx.storage.kv.get<number>('revision') ?? 0
  }

  get #changes(): Changes {
    const kept = this.ctx.storage.kv.get<Changes>('changes')
    return kept && Date.now() < kept.since + DAY_MS ? kept : { since: Date.now(), count: 0 }
  }

  get #published(): Published | undefined {
    return this.ctx.storage.kv.get<Published>('published')
  }

  // Asked in the step that changes something: a request can take its time in between, and the client can go meanwhile.
  #mayChange(managementHash: string, removed: Published | undefined): Change {
    const managed = this.managedBy(managementHash)
    if (!managed) return 'gone'
    const { published } = managed
    const isSame = published?.revision === removed?.revision && published?.until === removed?.until
    return isSame ? 'done' : 'busy'
  }
}
