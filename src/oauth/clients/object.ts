// One Durable Object per registered client; its id is the client id. It always holds the client, so it is the
// one that may say "there is no such client". A client that nobody approves within a day goes away by itself,
// an approved one once its last grant must be over.
import { DurableObject } from 'cloudflare:workers'
import { equalInConstantTime } from '../tokens/secret.ts'
import type { Client } from './client.ts'

const DAY_MS = 24 * 60 * 60 * 1000

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
   * A person approved this client, for a grant that lasts until `grantEndsAt` (milliseconds since the epoch).
   * Returns until when the copy in KV is to last, or undefined when none is needed: the one that is there lasts long
   * enough, or the client is gone.
   */
  approve(grantEndsAt: number): number | undefined {
    const { kv } = this.ctx.storage
    // Removed while the person looked at the consent page: what is gone stays gone.
    if (!kv.get('client')) return undefined
    const keepUntil = Math.max(grantEndsAt + DAY_MS, kv.get<number>('keepUntil') ?? 0)
    kv.put('keepUntil', keepUntil)
    this.ctx.storage.setAlarm(keepUntil)
    if ((kv.get<number>('publishedUntil') ?? 0) >= grantEndsAt) return undefined
    const until = 2 * grantEndsAt - Date.now()
    // Before it is written: a copy that update() does not know of would go on being believed.
    kv.put('copyUntil', until)
    return until
  }

  /** The copy in KV is written for sure and lasts until then: no later approval has to write it. */
  published(until: number): void {
    this.ctx.storage.kv.put('publishedUntil', until)
  }

  /** Whether somebody has ever approved it. */
  isApproved(): boolean {
    return this.ctx.storage.kv.get('keepUntil') !== undefined
  }

  /** Whether a token is the one with which this client may change itself. */
  manages(hash: string): boolean {
    const own = this.ctx.storage.kv.get<string>('managementHash')
    return own !== undefined && equalInConstantTime(hash, own)
  }

  /** Returns until when a copy in KV may last, or undefined when there is none. */
  update(client: Client): number | undefined {
    this.ctx.storage.kv.put('client', client)
    return this.ctx.storage.kv.get<number>('copyUntil')
  }

  async remove(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }
}
