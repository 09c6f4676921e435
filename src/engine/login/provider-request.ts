// How a provider is asked: in time, over https, and with its keys at hand.
import * as oauth from 'oauth4webapi'
import { fetchOutside } from '../http/outgoing.ts'
import { isLoopback } from '../settings/secure-address.ts'

const TIMEOUT_MS = 10_000

/** A provider gives no answer, or none that a program can read. */
export class NoAnswer extends Error {}

/** A request to a provider. @throws NoAnswer */
export async function askProvider(url: string, init: RequestInit): Promise<Response> {
  const response = await fetchOutside(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (cause: unknown) => {
      throw new NoAnswer('It cannot be reached.', { cause })
    },
  )
  if (response.status >= 500 || response.status === 429) throw new NoAnswer(`It says ${response.status}.`)
  return response
}

/** For each request of the library to a provider. Plain http is for one on this computer. */
export function requestOptions({ issuer }: { issuer: string }) {
  return {
    [oauth.customFetch]: (url: string, init: object) => askProvider(url, init),
    [oauth.allowInsecureRequests]: isLoopback(new URL(issuer).hostname),
  }
}

const keys = new Map<string, oauth.JWKSCacheInput>()

/** The keys of an issuer, which the library fetches anew when they are old or one is unknown. Per isolate. */
export function keysOf(issuer: string): oauth.JWKSCacheInput {
  const known = keys.get(issuer) ?? {}
  keys.set(issuer, known)
  return known
}
