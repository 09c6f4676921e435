// Client metadata documents (draft-ietf-oauth-client-id-metadata-document): fetched from the address that is the client's
// id, held to the same rules as a registration, remembered for as long as its own cache headers say.
import { OAuthError } from '../../http/errors.ts'
import { fetchOutside } from '../../http/outgoing.ts'
import { readTextAtMost, TooLarge } from '../../http/read-at-most.ts'
import {
  type AuthMethod,
  type ClientMetadata,
  isStringArray,
  validateClientMetadata,
  withoutAbsent,
} from './metadata.ts'
import { hasSecretKey } from './public-keys.ts'

const MAX_BYTES = 5 * 1024
export const TIMEOUT_MS = 5000
const MIN_FRESH_SECONDS = 5 * 60
const MAX_FRESH_SECONDS = 24 * 60 * 60
const STALE_MS = 7 * 24 * 60 * 60 * 1000

export interface ClientDocument {
  /** Its address. */
  readonly clientId: string
  readonly metadata: ClientMetadata
  /** Milliseconds since the epoch, both. */
  readonly fetchedAt: number
  readonly freshUntil: number
}

/** The address did not give a document this time; it may the next. An earlier copy may stand in. */
export class DocumentUnavailable extends Error {}

export function isFresh(document: ClientDocument): boolean {
  return Date.now() < document.freshUntil
}

/** An old copy stands in for up to a week while the address does not answer. */
export function mayStandIn(document: ClientDocument): boolean {
  return Date.now() - document.fetchedAt < STALE_MS
}

/**
 * @param ofApps redirect URIs with an app's own scheme that are known here
 * @throws OAuthError `invalid_client` when the client has no valid document (any more) · DocumentUnavailable
 */
export async function fetchDocument(url: string, ofApps: readonly string[]): Promise<ClientDocument> {
  const { response, text } = await request(url).catch((cause) => {
    throw cause instanceof OAuthError ? cause : new DocumentUnavailable('It does not answer.', { cause })
  })
  const { status } = response
  if (status >= 500 || status === 403 || status === 429)
    throw new DocumentUnavailable(`It answers ${status}.`)
  if (status !== 200) throw invalid(`answers ${status} instead of a document`)
  const metadata = validateDocument(url, withoutAbsent(parse(text)), ofApps)
  const fetchedAt = Date.now()
  return { clientId: url, metadata, fetchedAt, freshUntil: fetchedAt + freshSeconds(response.headers) * 1000 }
}

// A redirect would lead away from the address that was judged, so that it counts as an answer of its own.
async function request(url: string): Promise<{ response: Response; text: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetchOutside(url, {
    redirect: 'manual',
    signal,
    headers: { Accept: 'application/json' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    return { response, text: '' }
  }
  const text = await readTextAtMost(response, MAX_BYTES).catch((error: unknown) => {
    throw error instanceof TooLarge ? invalid('is larger than 5 kB') : error
  })
  return { response, text }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('is not a JSON object')
  return value as Record<string, unknown>
}

function validateDocument(
  url: string,
  claimed: Record<string, unknown>,
  ofApps: readonly string[],
): ClientMetadata {
  if (claimed.client_id !== url) throw invalid('names another client_id than its own address')
  // §4.1: such a client shares no secret with this server, and a public document cannot contain one.
  if ('client_secret' in claimed || 'client_secret_expires_at' in claimed)
    throw invalid('holds a client_secret')
  if (hasSecretKey(claimed.jwks)) throw invalid('holds a key that should be secret')
  const [method, ...others] = authMethods(claimed)
  const metadata = validate({ ...claimed, token_endpoint_auth_method: method }, ofApps)
  if (metadata.client_name === undefined) throw invalid('has no client_name')
  return others.length === 0
    ? metadata
    : { ...metadata, token_endpoint_auth_methods_supported: [method, ...others] }
}

/** What a client without a secret of ours can use, private_key_jwt first, since only that one comes with keys. */
const METHODS = ['private_key_jwt', 'none'] as const

// §8.2. ChatGPT names private_key_jwt, and offers none beside it in a list. What is offered must be said: a document that
// names private_key_jwt alone never gets by with none.
function authMethods(claimed: Record<string, unknown>): readonly [AuthMethod, ...AuthMethod[]] {
  const named = claimed.token_endpoint_auth_method
  const list = claimed.token_endpoint_auth_methods_supported ?? []
  if (!isStringArray(list))
    throw invalid('has a token_endpoint_auth_methods_supported that is no list of names')
  const offered =
    named === undefined && list.length === 0 ? ['none'] : [...list, ...(named === undefined ? [] : [named])]
  const hasKeys = (claimed.jwks ?? claimed.jwks_uri) !== undefined
  const usable = METHODS.filter(
    (one) => offered.includes(one) && (hasKeys || one === named || one === 'none'),
  )
  const [method, ...others] = usable
  if (method === undefined || (named !== undefined && !METHODS.some((one) => one === named))) {
    throw invalid('asks for a token_endpoint_auth_method other than none and private_key_jwt')
  }
  return [method, ...others]
}

function validate(claimed: Record<string, unknown>, ofApps: readonly string[]): ClientMetadata {
  try {
    return validateClientMetadata(claimed, ofApps)
  } catch (error) {
    if (error instanceof OAuthError) throw invalid(`is not valid: ${error.description}`)
    throw error
  }
}

function freshSeconds(headers: Headers): number {
  const [, maxAge] = /(?:^|[\s,])max-age=(\d+)/i.exec(headers.get('Cache-Control') ?? '') ?? []
  return Math.min(Math.max(Number(maxAge ?? 0), MIN_FRESH_SECONDS), MAX_FRESH_SECONDS)
}

function invalid(why: string): OAuthError {
  return new OAuthError('invalid_client', `The client metadata document ${why}.`)
}
