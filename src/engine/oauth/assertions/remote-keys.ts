// The published keys of another server (RFC 7517): fetched when needed, kept for ten minutes, and fetched again when a
// key is not among them. A fetch is bounded in size and time and follows no redirect.
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { BoundedMap } from '../../cache/bounded-map.ts'
import { OAuthError } from '../../http/errors.ts'
import { readAtMost } from '../../http/read-at-most.ts'

const MAX_BYTES = 64 * 1024
const MAX_KNOWN = 100
const OPTIONS = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 }

/** By the address of the set. */
const known = new BoundedMap<string, JWTVerifyGetKey>(MAX_KNOWN)

/** Keys by `kid`. @throws OAuthError 503 when they cannot be had, and what jose throws when none of them fits */
export function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = known.get(url) ?? createRemoteJWKSet(new URL(url), { ...OPTIONS, [customFetch]: fetchBounded })
  known.set(url, keys)
  return async (header, token) => {
    try {
      return await keys(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw error
      throw unavailable(error)
    }
  }
}

async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' })
  return new Response(await readAtMost(response, MAX_BYTES), response)
}

function unavailable(cause: unknown): OAuthError {
  return new OAuthError('temporarily_unavailable', 'The keys for this assertion cannot be had just now.', {
    retryAfter: 30,
    cause,
  })
}
