// The part of an account object that lists the open sessions for their user. sessions.ts decides which of them count: this
// list only says what they are. Bounded: MOST of them, and each for as long as its cookie.

/** How many are listed. The oldest leaves the list, and stays signed in: *Sign out everywhere* ends it, too. */
export const MOST = 100
/** A session that is used is noted once in this time: each note is a row. */
const SEEN_MS = 60 * 60 * 1000
const OPEN = 'open:'

/** A session, as its user sees it. Instants are in milliseconds since the epoch. */
export interface OpenSession {
  readonly id: string
  /** The login method. */
  readonly method: string
  /** A town and a country, at sign-in; empty where Cloudflare does not tell. */
  readonly place: string
  readonly beganAt: number
  /** Exact to the hour. */
  readonly seenAt: number
  readonly endsAt: number
}

export class OpenSessions {
  readonly #kv: SyncKvStorage

  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  /** The last seen first. */
  list(): OpenSession[] {
    const now = Date.now()
    return this.#all()
      .filter(({ endsAt }) => endsAt > now)
      .sort((a, b) => b.seenAt - a.seenAt)
  }

  begin(session: Omit<OpenSession, 'beganAt' | 'seenAt'>): void {
    const now = Date.now()
    const all = this.#all().sort((a, b) => b.beganAt - a.beganAt)
    for (const [place, { id, endsAt }] of all.entries()) {
      if (endsAt <= now || place >= MOST - 1) this.remove(id)
    }
    this.#kv.put<OpenSession>(OPEN + session.id, { ...session, beganAt: now, seenAt: now })
  }

  /** One that is not listed stays so. */
  see(id: string): void {
    const session = this.#kv.get<OpenSession>(OPEN + id)
    const now = Date.now()
    if (session && now - session.seenAt >= SEEN_MS) this.#kv.put(OPEN + id, { ...session, seenAt: now })
  }

  find(id: string): OpenSession | undefined {
    return this.#kv.get<OpenSession>(OPEN + id)
  }

  remove(id: string): void {
    this.#kv.delete(OPEN + id)
  }

  clear(): void {
    for (const { id } of this.#all()) this.remove(id)
  }

  #all(): OpenSession[] {
    return [...this.#kv.list<OpenSession>({ prefix: OPEN })].map(([, session]) => session)
  }
}
