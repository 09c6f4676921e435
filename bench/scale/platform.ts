// Cloudflare's limits and prices, as its documentation had them in November 2026.
// https://developers.cloudflare.com/workers/platform/pricing/ and /limits/
// https://developers.cloudflare.com/kv/platform/pricing/, /limits/ and /kv/concepts/how-kv-works/
// https://developers.cloudflare.com/durable-objects/platform/pricing/, /limits/ and /reference/faq/

export interface Price {
  readonly what: string
  /** The free plan has so many a day, and so much storage at any time. */
  readonly free: number
  /** The paid plan includes so many a month. */
  readonly included: number
  /** Dollars for each beyond. */
  readonly each: number
}

const MILLION = 1e-6

export const PRICES = {
  requests: { what: 'requests', free: 100_000, included: 10e6, each: 0.3 * MILLION },
  kvReads: { what: 'KV reads', free: 100_000, included: 10e6, each: 0.5 * MILLION },
  kvWrites: { what: 'KV writes', free: 1_000, included: 1e6, each: 5 * MILLION },
  kvDeletes: { what: 'KV deletes', free: 1_000, included: 1e6, each: 5 * MILLION },
  objectRequests: { what: 'object requests', free: 100_000, included: 1e6, each: 0.15 * MILLION },
  rows: { what: 'rows written', free: 100_000, included: 50e6, each: 1 * MILLION },
  cpuMs: { what: 'CPU, ms', free: Number.POSITIVE_INFINITY, included: 30e6, each: 0.02 * MILLION },
  gigabyteSeconds: { what: 'object duration, GB-s', free: 13_000, included: 400_000, each: 12.5 * MILLION },
  kvGigabytes: { what: 'KV, GB', free: 1, included: 1, each: 0.5 },
  objectGigabytes: { what: 'objects, GB', free: 5, included: 5, each: 0.2 },
} as const satisfies Record<string, Price>

/** Dollars a month. */
export const PAID_PLAN = 5
/** What an object can answer in a second: a soft limit. */
export const OBJECT_REQUESTS_A_SECOND = 1_000
export const KV_WRITES_OF_A_KEY_A_SECOND = 1
/** How long a location keeps what it has read from KV; a write reaches others when this is over. */
export const KV_CACHE_SECONDS = 60
/** Memory of an object, for which its duration counts. */
export const OBJECT_GIGABYTES = 0.125
