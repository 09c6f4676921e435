// The part of an account object that knows which sessions are over.
import { LIFETIME } from '#config'

/** How many sessions can be ended one by one; one more ends all of them. */
const MAX_ENDED = 500
const ENDED = 'ended:'

/** What a session shows of itself. */
export interface SessionProof {
  readonly id: string
  readonly epoch: number
}

export class Sessions {
  readonly #kv: SyncKvStorage

  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  /** Sessions that carry another epoch are over. */
  epoch(): number {
    return this.#kv.get<number>('epoch') ?? 0
  }

  isLive({ id, epoch }: SessionProof): boolean {
    return epoch === this.epoch() && this.#kv.get(ENDED + id) === undefined
  }

  /** Ends one. Its id is remembered for as long as a copy of its cookie could come back. */
  end(session: SessionProof): void {
    if (!this.isLive(session)) return
    const now = Date.now()
    const ended = [...this.#kv.list<number>({ prefix: ENDED })]
    const past = ended.filter(([, until]) => until <= now)
    for (const [key] of past) this.#kv.delete(key)
    if (ended.length - past.length >= MAX_ENDED) this.endAll()
    else this.#kv.put(ENDED + session.id, now + LIFETIME.session * 1000)
  }

  /** Ends every session of before. */
  endAll(): void {
    this.#kv.put('epoch', this.epoch() + 1)
    for (const [key] of [...this.#kv.list({ prefix: ENDED })]) this.#kv.delete(key)
  }
}
