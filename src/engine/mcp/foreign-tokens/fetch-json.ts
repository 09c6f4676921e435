// Requests to another authorization server, within bounds: this server trusts it to identify users, not with
// its own time and memory.
import { OAuthError } from '../../http/errors.ts'
import { fetchOutside } from '../../http/outgoing.ts'
import { readTextAtMost, TooLarge } from '../../http/read-at-most.ts'
import { log } from '../../log/log.ts'
import type { ForeignServer } from '../../settings/authorization-servers.ts'

const TIMEOUT_MS = 5000
const MAX_BYTES = 64 * 1024
/** Seconds after which a client may try again. */
const RETRY_AFTER = 10

/** A server does not answer, or not as its protocol says. The message is for the operator. */
export class Unanswered extends Error {}

interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: URLSearchParams
}

/** The JSON object that an address answers with. @throws Unanswered */
export async function fetchJson(url: string, init: Question = {}): Promise<Record<string, unknown>> {
  const { host, pathname } = new URL(url)
  const unanswered = (what: string, cause?: unknown) =>
    new Unanswered(`${host}${pathname} ${what}`, { cause })
  const text = await readText(url, init).catch((cause) => {
    throw cause instanceof Unanswered ? unanswered(cause.message) : unanswered('does not answer', cause)
  })
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unanswered('answers with something that is not a JSON object')
  }
  return value as Record<string, unknown>
}

// A redirect would lead away from the address that the metadata names; it counts as an answer of its own.
async function readText(url: string, init: Question): Promise<string> {
  const headers = { Accept: 'application/json', ...init.headers }
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetchOutside(url, { ...init, headers, signal, redirect: 'manual' })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Unanswered(`answers ${response.status}`)
  }
  return readTextAtMost(response, MAX_BYTES).catch((error: unknown) => {
    throw error instanceof TooLarge ? new Unanswered(`answers with more than ${MAX_BYTES} bytes`) : error
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** For the operator, once for each time that a server was asked in vain. */
export function logUnanswered({ issuer }: ForeignServer, error: unknown): void {
  log('issuer.unavailable', { issuer, reason: error instanceof Unanswered ? error.message : 'unknown' })
}

/** 503: clients throw their tokens away on 401, and this says nothing about the token. */
export function unavailable(cause: unknown): OAuthError {
  const description =
    'The authorization server of this token does not answer as it should. Try again in a moment.'
  return new OAuthError('temporarily_unavailable', description, { retryAfter: RETRY_AFTER, cause })
}
