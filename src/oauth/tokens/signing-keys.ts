// Keys that sign and verify access tokens: one private key (ES256) in a Worker secret, and the public keys that
// are accepted beside it while a rotation is under way. Imported once per isolate.
import { importJWK, type JWK } from 'jose'
import type { Config } from '../../settings/load.ts'

export const ALGORITHM = 'ES256'

interface Keys {
  signing?: Promise<CryptoKey>
  readonly verification: Map<string, Promise<CryptoKey>>
}

type PublicPoint = Pick<Config['signingKey'], 'kty' | 'crv' | 'x' | 'y' | 'kid'>

const imported = new WeakMap<Config, Keys>()

export function signingKey(config: Config): Promise<CryptoKey> {
  const keys = keysOf(config)
  keys.signing ??= importKey(config.signingKey)
  return keys.signing
}

/** The key with this id, or undefined when no accepted key has it. */
export async function verificationKey(config: Config, kid: string): Promise<CryptoKey | undefined> {
  const jwk = publicKeySet(config).keys.find((key) => key.kid === kid)
  if (!jwk) return undefined
  const { verification } = keysOf(config)
  const key = verification.get(kid) ?? importKey(jwk)
  verification.set(kid, key)
  return key
}

/** What `/jwks` shows (RFC 7517 §5): our own key first, without its private part, and no key past its time. */
export function publicKeySet(config: Config): { keys: JWK[] } {
  const now = Date.now() / 1000
  const own = config.signingKey
  const others = config.acceptedKeys.filter(
    ({ kid, exp }) => kid !== own.kid && (exp === undefined || exp > now),
  )
  return { keys: [own, ...others].map(publicPart) }
}

function publicPart({ kty, crv, x, y, kid }: PublicPoint): JWK {
  return { kty, crv, x, y, kid, alg: ALGORITHM, use: 'sig' }
}

function keysOf(config: Config): Keys {
  const keys = imported.get(config) ?? { verification: new Map() }
  imported.set(config, keys)
  return keys
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  return (await importJWK(jwk, ALGORITHM)) as CryptoKey
}
