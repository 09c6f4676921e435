// The published keys of somebody else (RFC 7517): fetched when they are needed, kept for a while, and asked for again
// when a key is not among them. What is fetched is small, quick and not elsewhere.
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { OAuthError } from '../errors.ts'

const MAX_BYTES = 64 * 1024
const MAX_KNOWN = 100
const OPTIONS = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 }

/** By the address of the set. */
const known = new Map<string, JWTVerifyGetKey>()

/** Keys by `kid`. @throws OAuthError 503 when they cannot be had, and what jose throws when none of them fits */
export function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = known.get(url) ?? createRemoteJWKSet(new URL(url), { ...OPTIONS, [customFetch]: fetchBounded })
  known.delete(url)
  known.set(url, keys)
  const oldest = known.keys().next().value
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
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
  let length = 0
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      length += chunk.byteLength
      if (length > MAX_BYTES) throw new Error('The key set is too large.')
      controller.enqueue(chunk)
    },
  })
  return new Response(response.body?.pipeThrough(limit) ?? null, response)
}

function unavailable(cause: unknown): OAuthError {
  return new OAuthError('temporarily_unavailable', 'The keys for this assertion cannot be had just now.', {
    retryAfter: 30,
    cause,
  })
}
