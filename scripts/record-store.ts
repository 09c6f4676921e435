// What the records of a local server and those of a deployed one have in common.

/** A KV namespace. Values are null where there is no record. */
export interface Store {
  readonly names: (prefix: string) => Promise<string[]>
  readonly read: (name: string) => Promise<string | null>
  /** @param names at most 100 */
  readonly readAll: (names: readonly string[]) => Promise<(string | null)[]>
  readonly write: (entries: readonly Entry[]) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** A record, as Cloudflare's API takes it. */
export interface Entry {
  readonly key: string
  readonly value: string
  /** In seconds; without it the record never expires. */
  readonly expiration_ttl?: number
  readonly metadata?: object
}
