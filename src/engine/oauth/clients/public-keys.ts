// The keys with which a client proves who it is (RFC 7591 §2, `jwks` and `jwks_uri`): one of the two, and public.
import type { JWK } from 'jose'
import { OAuthError } from '../../http/errors.ts'
import { withoutNull } from '../../http/without-null.ts'
import { isPublicName } from './document-url.ts'

const MAX_KEYS = 10
/** Of a set as it is stored: ten RSA keys of 4,096 bits. */
const MAX_BYTES = 8 * 1024
/** What RFC 7517 §4 and RFC 7518 §6 name of a public key and a signature can be verified with. The rest is not kept. */
const MEMBERS = ['kty', 'use', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const

/** @throws OAuthError `invalid_client_metadata` */
export function publicKeys(
  claimed: Record<string, unknown>,
): { jwks: { keys: JWK[] } } | { jwks_uri: string } {
  const { jwks, jwks_uri } = claimed
  if ((jwks === undefined) === (jwks_uri === undefined)) {
    throw invalid('private_key_jwt needs either jwks or jwks_uri.')
  }
  return jwks === undefined ? { jwks_uri: keySetUrl(jwks_uri) } : { jwks: { keys: keySet(jwks) } }
}

/** Whether a set contains a private or symmetric key. */
export function hasSecretKey(jwks: unknown): boolean {
  const keys = (jwks as { keys?: unknown } | undefined)?.keys
  return Array.isArray(keys) && keys.some((key) => key?.kty === 'oct' || (key?.d ?? undefined) !== undefined)
}

function keySet(jwks: unknown): JWK[] {
  const keys = (jwks as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    throw invalid(`jwks must hold one to ${MAX_KEYS} keys.`)
  }
  if (hasSecretKey(jwks)) throw invalid('jwks holds a key that should be secret.')
  if (!keys.every((key) => ['RSA', 'EC', 'OKP'].includes(key?.kty)))
    throw invalid('jwks holds what is no public key.')
  const kept = keys.map((key) => publicKey(withoutNull(key)))
  if (JSON.stringify(kept).length > MAX_BYTES) throw invalid(`jwks holds more than ${MAX_BYTES} bytes.`)
  return kept
}

function publicKey(key: Record<string, unknown>): JWK {
  const named = MEMBERS.filter((name) => key[name] !== undefined)
  const wrong = named.find((name) => typeof key[name] !== 'string')
  if (wrong !== undefined) throw invalid(`The member ${wrong} of a key must be a string.`)
  const { key_ops: operations } = key
  const isList = Array.isArray(operations) && operations.every((one) => typeof one === 'string')
  if (operations !== undefined && !isList)
    throw invalid('The member key_ops of a key must be a list of strings.')
  const members = Object.fromEntries(named.map((name) => [name, key[name]]))
  return { ...members, ...(isList && { key_ops: operations as string[] }) } as JWK
}

// A stranger chose the address, so that it is held to what holds for their metadata document.
function keySetUrl(value: unknown): string {
  const url =
    typeof value === 'string' && value.length <= 2000 && URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol !== 'https:' || url.username || url.password || !isPublicName(url.hostname)) {
    throw invalid('jwks_uri must be an https address on a public host.')
  }
  if (url.href !== value) throw invalid(`jwks_uri is not in its normal form: ${url.href}`)
  return url.href
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description)
}
