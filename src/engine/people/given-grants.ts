// The part of an account object that indexes the grants which its user gave: those that are not known to be over. Each
// grant is an object of its own, and decides about itself.

/** The day in which approvals count. */
export const DAY_MS = 24 * 60 * 60 * 1000
/** Grants that one person can have at a time, and give in a day: each is a record in KV, of whose writes there are few. */
const MAX = { live: 100, aDay: 100 }
const MAX_OF_GUEST = { live: 5, aDay: 10 }

export const GRANT_TABLES =
  'CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, client_id TEXT NOT NULL, opened_at INTEGER NOT NULL)'

/** One app of a page of apps. */
export interface GivenApp {
  readonly clientId: string
  /** How many grants it has. */
  readonly count: number
  /** The newest of them. */
  readonly ids: readonly string[]
}

/** Some of the apps of a person, and how many there are. */
export interface GivenApps {
  readonly page: readonly GivenApp[]
  readonly apps: number
  readonly grants: number
}

export class GivenGrants {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /**
   * Whether there is room for one more.
   * @param allowedSince how many approvals there were since an instant, in milliseconds since the epoch
   */
  roomFor(isGuest: boolean, allowedSince: (since: number) => number): 'room' | 'too_many' | 'too_often' {
    const most = isGuest ? MAX_OF_GUEST : MAX
    if (this.ids().length >= most.live) return 'too_many'
    return allowedSince(Date.now() - DAY_MS) >= most.aDay ? 'too_often' : 'room'
  }

  add(id: string, clientId: string): void {
    this.#sql.exec('INSERT OR IGNORE INTO grants VALUES (?, ?, ?)', id, clientId, Date.now())
  }

  /** Returns whether it was there. */
  remove(id: string): boolean {
    return this.#sql.exec('DELETE FROM grants WHERE id = ?', id).rowsWritten > 0
  }

  /** The newest first. */
  ids(): string[] {
    return this.#idsBy('SELECT id FROM grants ORDER BY opened_at DESC')
  }

  /** Those of one client, the newest first. */
  idsFor(clientId: string): string[] {
    return this.#idsBy('SELECT id FROM grants WHERE client_id = ? ORDER BY opened_at DESC', clientId)
  }

  /**
   * A page of apps, those that were approved last first.
   * @param most how many apps it has, and how many ids: each app has at least one
   */
  apps(offset: number, most: { readonly apps: number; readonly ids: number }): GivenApps {
    const clients = this.#sql
      .exec<{ id: string; count: number }>(
        `SELECT client_id AS id, count(*) AS count FROM grants
          GROUP BY client_id ORDER BY max(opened_at) DESC, client_id LIMIT ? OFFSET ?`,
        most.apps,
        offset,
      )
      .toArray()
    let room = most.ids
    const page = clients.map(({ id, count }, index) => {
      const ids = this.idsFor(id).slice(0, room - (clients.length - 1 - index))
      room -= ids.length
      return { clientId: id, count, ids }
    })
    const { grants } = this.#sql.exec<{ grants: number }>('SELECT count(*) AS grants FROM grants').one()
    return { page, apps: this.countApps(), grants }
  }

  /** How many clients have one. */
  countApps(): number {
    const query = 'SELECT count(DISTINCT client_id) AS apps FROM grants'
    return this.#sql.exec<{ apps: number }>(query).one().apps
  }

  #idsBy(query: string, ...values: string[]): string[] {
    const rows = this.#sql.exec<{ id: string }>(query, ...values)
    return rows.toArray().map((row) => row.id)
  }
}
