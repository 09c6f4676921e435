// DPoP (RFC 9449): a client proves with each request that it holds the key to which its tokens are bound, so that a stolen
// token is worthless. Nothing is stored: a proof counts for one method at one address, for two minutes, once in an isolate.
import type { Context } from 'hono'
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { BoundedMap } from '../../cache/bounded-map.ts'
import { sha256 } from '../../crypto/digest.ts'
import { seal, unseal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { DPOP_ALGORITHMS } from '../../settings/algorithms.ts'
import type { AccessToken } from '../tokens/access-token.ts'

/** In characters. Also bounds the work for a key that a stranger has chosen. */
const MAX_PROOF = 4_000
const MAX_JTI = 256
/** How far the time of a proof may be from ours, in seconds. */
const WINDOW = 120
/** Seconds. */
const NONCE_LIFETIME = 300
const MAX_SEEN = 10_000

/** What was seen at the resource is kept apart: anyone can send proofs to the token endpoint. */
const seenAtToken = new BoundedMap<string, true>(MAX_SEEN)
const seenAtResource = new BoundedMap<string, true>(MAX_SEEN)

/** The access token of a request, and the key to which it is bound. */
interface Bound {
  readonly token: string
  readonly jkt: string
}

/**
 * The thumbprint (RFC 7638) of the key that a token request proves; undefined where it brings no proof.
 * @throws OAuthError `invalid_dpop_proof`, `use_dpop_nonce`
 */
export async function provenKey(c: Context<AppEnv>): Promise<string | undefined> {
  const proof = c.req.header('DPoP')
  return proof === undefined ? undefined : verifyProof(c, proof)
}

/**
 * RFC 9449 §7: a token that is bound to a key counts only with a proof of it, and no other token comes as DPoP.
 * @param scheme of the Authorization header
 * @throws OAuthError `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`
 */
export async function requirePossession(
  c: Context<AppEnv>,
  scheme: string,
  token: string,
  { jkt }: AccessToken,
): Promise<void> {
  const isDpop = scheme.toLowerCase() === 'dpop'
  if (jkt === undefined) {
    if (isDpop) throw wrongScheme('The access token is bound to no key. Send it as Bearer.')
    return
  }
  if (!isDpop) throw wrongScheme('The access token is bound to a key. Send it as DPoP, with a proof.')
  const proof = c.req.header('DPoP')
  if (proof === undefined) throw invalid('is missing')
  await verifyProof(c, proof, { token, jkt })
}

// RFC 9449 §4.3, in order. The key is compared before the proof is remembered: a thief without it fills no memory.
async function verifyProof(c: Context<AppEnv>, proof: string, bound?: Bound): Promise<string> {
  if (proof.length > MAX_PROOF) throw invalid('is too long')
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: [...DPOP_ALGORITHMS],
  }).catch((cause: unknown) => {
    throw invalid('is no JWT of the type dpop+jwt, signed with its own public key', cause)
  })
  requireRequest(c, payload)
  await requireNonce(c, payload.nonce)
  const jkt = await calculateJwkThumbprint(protectedHeader.jwk as JWK, 'sha256')
  if (bound) {
    if (payload.ath !== (await sha256(bound.token))) throw invalid('is for another access token (ath)')
    if (jkt !== bound.jkt) throw invalid('is of another key than the access token')
  }
  requireFirst(bound ? seenAtResource : seenAtToken, jkt, payload.jti)
  return jkt
}

function requireRequest(c: Context<AppEnv>, { htm, htu, iat }: JWTPayload): void {
  if (htm !== c.req.method) throw invalid('is for another method (htm)')
  if (!isAddress(htu, c.get('issuer') + c.req.path)) throw invalid('is for another address (htu)')
  if (typeof iat !== 'number' || !(Math.abs(Date.now() / 1000 - iat) <= WINDOW)) {
    throw invalid(`is older or younger than ${WINDOW} seconds (iat)`)
  }
}

// Without query and fragment; scheme and host in any case, and without a default port (RFC 3986 §6.2.2, §6.2.3).
function isAddress(htu: unknown, address: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false
  const { origin, pathname, username, password } = new URL(htu)
  return origin + pathname === address && username === '' && password === ''
}

// RFC 9449 §8, §9. A sealed time, which needs no memory.
async function requireNonce(c: Context<AppEnv>, nonce: unknown): Promise<void> {
  const settings = c.get('settings')
  if (!settings.dpopNonce) return
  const issuer = c.get('issuer')
  if (typeof nonce === 'string' && (await unseal(settings, 'dpop', issuer, nonce))) return
  const fresh = await seal(settings, 'dpop', issuer, {}, NONCE_LIFETIME)
  throw new OAuthError('use_dpop_nonce', 'The DPoP proof needs the nonce of this answer.', {
    headers: { 'DPoP-Nonce': fresh },
  })
}

function requireFirst(seen: BoundedMap<string, true>, jkt: string, jti: unknown): void {
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) throw invalid('has no usable id (jti)')
  const id = `${jkt} ${jti}`
  if (seen.get(id)) throw invalid('was used before (jti)')
  seen.set(id, true)
}

function wrongScheme(description: string): OAuthError {
  return new OAuthError('invalid_token', description)
}

/** @param problem never a value of the proof */
function invalid(problem: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_dpop_proof', `The DPoP proof ${problem}.`, { cause })
}
