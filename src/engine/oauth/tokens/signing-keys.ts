// Keys that sign and verify access tokens: one private key (ES256) in a Worker secret, and the public keys that
// are accepted beside it while a rotation is under way. Imported once per isolate.
import { importJWK, type JWK } from 'jose'
import type { Settings } from '../../settings/load.ts'

export const ALGORITHM = 'ES256'

interface Keys {
  signing?: Promise<CryptoKey>
  readonly verification: Map<string, Promise<CryptoKey>>
}

type PublicPoint = Pick<Settings['signingKey'], 'kty' | 'crv' | 'x' | 'y' | 'kid'>

const imported = new WeakMap<Settings, Keys>()

export function signingKey(settings: Settings): Promise<CryptoKey> {
  const keys = keysOf(settings)
  keys.signing ??= importKey(settings.signingKey)
  return keys.signing
}

/** The key with this id, or undefined when no accepted key has it. */
export async function verificationKey(settings: Settings, kid: string): Promise<CryptoKey | undefined> {
  const jwk = publicKeySet(settings).keys.find((key) => key.kid === kid)
  if (!jwk) return undefined
  const { verification } = keysOf(settings)
  const key = verification.get(kid) ?? importKey(jwk)
  verification.set(kid, key)
  return key
}

/** What `/jwks` shows (RFC 7517 §5): our own key first, without its private part, and no key past its time. */
export function publicKeySet(settings: Settings): { keys: JWK[] } {
  const now = Date.now() / 1000
  const own = settings.signingKey
  const others = settings.acceptedKeys.filter(
    ({ kid, exp }) => kid !== own.kid && (exp === undefined || exp > now),
  )
  return { keys: [own, ...others].map(publicPart) }
}

function publicPart({ kty, crv, x, y, kid }: PublicPoint): JWK {
  return { kty, crv, x, y, kid, alg: ALGORITHM, use: 'sig' }
}

function keysOf(settings: Settings): Keys {
  const keys = imported.get(settings) ?? { verification: new Map() }
  imported.set(settings, keys)
  return keys
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  return (await importJWK(jwk, ALGORITHM)) as CryptoKey
}
