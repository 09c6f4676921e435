// One fetch of another server's keys (RFC 7517 §5), bounded in size and time. It follows no redirect.
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { fetchOutside } from '../../http/outgoing.ts'
import { readTextAtMost } from '../../http/read-at-most.ts'

const MAX_BYTES = 64 * 1024
export const TIMEOUT_MS = 5_000

export interface KeySet {
  readonly keys: JWTVerifyGetKey
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number
}

/** @throws Error when the address gives no set of keys */
export async function fetchKeys(url: string): Promise<KeySet> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetchOutside(url, {
    redirect: 'manual',
    signal,
    headers: { Accept: 'application/json' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`It answers ${response.status}.`)
  }
  const text = await readTextAtMost(response, MAX_BYTES)
  // Throws for what is no set of keys.
  return { keys: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), fetchedAt: Date.now() }
}
