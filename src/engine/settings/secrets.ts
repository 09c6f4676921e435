// The secrets that every deployment has.
import { base64url } from 'jose'
import { howToFix, SettingsError } from './setting.ts'

/** A public ES256 key (RFC 7518 §6.2.1). */
interface PublicKey {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg?: string
  readonly use?: string
  readonly exp?: number
}
type PrivateKey = PublicKey & { readonly d: string }

/** A key among the accepted ones has nothing else, above all no private part. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use', 'exp']

export interface Secrets {
  readonly signingKey: PrivateKey
  /** Public keys that are accepted beside our own; `exp`, in seconds since the epoch, is when one no longer is. */
  readonly acceptedKeys: readonly PublicKey[]
  readonly sessionKey: Uint8Array<ArrayBuffer>
  readonly ownerPassphrase: string
  /** Under which upstream tokens are encrypted: the first one is used, all can be read. */
  readonly upstreamKeys: readonly { readonly version: string; readonly key: string }[]
}

/** @throws SettingsError */
export function readSecrets(env: Env): Secrets {
  return {
    signingKey: readJson('SIGNING_KEY', env.SIGNING_KEY, isPrivateKey, 'a private ES256 JWK with a kid'),
    acceptedKeys: readJson(
      'ACCEPTED_KEYS',
      env.ACCEPTED_KEYS,
      isKeySet,
      'a public JWK Set such as {"keys":[]}',
    ).keys,
    sessionKey: readSessionKey(env.SESSION_KEY),
    ownerPassphrase: readPassphrase(env.OWNER_PASSPHRASE),
    upstreamKeys: readUpstreamKeys(env.UPSTREAM_KEY),
  }
}

function readJson<T>(
  name: string,
  text: string | undefined,
  fits: (value: unknown) => value is T,
  what: string,
): T {
  const value = parse(text)
  if (fits(value)) return value
  throw new SettingsError(`${name} is not ${what}. ${howToFix(name)}`)
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

function isPublicKey(value: unknown): value is PublicKey {
  const { kty, crv, x, y, kid, alg = '', use = '', exp = 0 } = Object(value)
  const texts = [x, y, kid, alg, use]
  return (
    kty === 'EC' &&
    crv === 'P-256' &&
    texts.every((one) => typeof one === 'string') &&
    kid !== '' &&
    typeof exp === 'number'
  )
}

function isPrivateKey(value: unknown): value is PrivateKey {
  return isPublicKey(value) && typeof Object(value).d === 'string'
}

function isKeySet(value: unknown): value is { keys: PublicKey[] } {
  const { keys } = Object(value)
  const fits = (key: unknown) =>
    isPublicKey(key) && Object.keys(key).every((member) => PUBLIC_MEMBERS.includes(member))
  return Array.isArray(keys) && keys.every(fits)
}

function readSessionKey(value: string | undefined): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]{43}$/.test(value ?? '')) {
    throw new SettingsError(`SESSION_KEY is not 32 random bytes in base64url. ${howToFix('SESSION_KEY')}`)
  }
  return new Uint8Array(base64url.decode(value as string))
}

function readUpstreamKeys(value: string | undefined): Secrets['upstreamKeys'] {
  const keys = (value ?? '').split(/\s+/).map((one) => /^(\w+):([\w-]{43})$/.exec(one))
  if (!keys.every((match) => match !== null)) {
    throw new SettingsError(
      `UPSTREAM_KEY is not "1:" and 32 random bytes in base64url. ${howToFix('UPSTREAM_KEY')}`,
    )
  }
  return keys.map(([, version = '', key = '']) => ({ version, key }))
}

// A guess at the passphrase costs an attacker one request, so it must be too long to guess; then no slow hash
// is needed, which the free plan's 10 ms of CPU would not allow.
function readPassphrase(value: string | undefined): string {
  // Spaces around it are nothing that a person types: a secret that was piped in ends with a line break.
  const passphrase = (value ?? '').trim()
  const characters = passphrase.replace(/[^\p{L}\p{N}]/gu, '')
  if (characters.length < 26 || new Set(characters).size < 10) {
    throw new SettingsError(
      `OWNER_PASSPHRASE is too easy to guess or missing. ${howToFix('OWNER_PASSPHRASE')}`,
    )
  }
  return passphrase
}
