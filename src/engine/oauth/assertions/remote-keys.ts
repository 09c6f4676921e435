// The published keys of another server (RFC 7517): fetched when needed, kept for ten minutes, and fetched again when a
// key is not among them. A fetch is bounded in size and time and follows no redirect.
import { errors, type JWTVerifyGetKey } from 'jose'
import { BoundedMap } from '../../cache/bounded-map.ts'
import { SingleFlight } from '../../cache/single-flight.ts'
import { type Asker, fetchFor } from '../../http/counted-fetch.ts'
import { OAuthError } from '../../http/errors.ts'
import { fetchKeys, type KeySet, TIMEOUT_MS } from './fetch-keys.ts'

const MAX_KNOWN = 100
const FRESH_MS = 600_000
/** A key that is missing is looked for again only after this. */
const AGAIN_MS = 30_000
/** While the address does not answer, or may not be asked, what is known stands in for so long. */
const STALE_MS = 24 * 60 * 60 * 1000

/** By address. What strangers name is kept apart: it never pushes out what the operator configured. */
const configured = new BoundedMap<string, KeySet>(MAX_KNOWN)
const named = new BoundedMap<string, KeySet>(MAX_KNOWN)
const searches = new SingleFlight<string, KeySet>(TIMEOUT_MS + 1000)

/**
 * Keys by `kid`.
 * @param asker who asks, where a stranger chose the address; undefined where the operator did
 * @throws OAuthError 429, 503 when they cannot be had, and what jose throws when none of them fits
 */
export function remoteKeys(url: string, asker?: Asker): JWTVerifyGetKey {
  const known = asker ? named : configured
  const search = () => searches.join(`${asker ? 'named' : 'configured'} ${url}`, fetched).catch(unavailable)
  const fetched = async () => {
    const set = await fetchFor(asker, url, () => fetchKeys(url))
    known.set(url, set)
    return set
  }
  return async (header, token) => {
    const before = known.get(url)
    const set = isYounger(before, FRESH_MS)
      ? before
      : await search().catch((error: unknown) => {
          if (isYounger(before, STALE_MS)) return before
          throw error
        })
    return Promise.resolve(set.keys(header, token)).catch(async (error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey) || isYounger(set, AGAIN_MS)) throw error
      return (await search()).keys(header, token)
    })
  }
}

function isYounger(set: KeySet | undefined, ms: number): set is KeySet {
  return set !== undefined && Date.now() - set.fetchedAt < ms
}

function unavailable(cause: unknown): never {
  if (cause instanceof OAuthError) throw cause
  throw new OAuthError('temporarily_unavailable', 'The keys for this assertion cannot be had just now.', {
    retryAfter: 30,
    cause,
  })
}
