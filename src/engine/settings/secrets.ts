// The secrets that every deployment has.
import { base64url } from 'jose'
import * as z from 'zod'
import { howToFix, SettingsError } from './setting.ts'

const publicPoint = {
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  kid: z.string().min(1),
}
const privateKey = z.looseObject({ ...publicPoint, d: z.string() })
const acceptedKey = z.strictObject({
  ...publicPoint,
  alg: z.string().optional(),
  use: z.string().optional(),
  exp: z.number().optional(),
})
const keySet = z.object({ keys: z.array(acceptedKey) })

export interface Secrets {
  readonly signingKey: z.output<typeof privateKey>
  /** Public keys that are accepted beside our own; `exp`, in seconds since the epoch, is when one no longer is. */
  readonly acceptedKeys: readonly z.output<typeof acceptedKey>[]
  readonly sessionKey: Uint8Array<ArrayBuffer>
  readonly ownerPassphrase: string
  /** Under which upstream tokens are encrypted: the first one is used, all can be read. */
  readonly upstreamKeys: readonly { readonly version: string; readonly key: string }[]
}

/** @throws SettingsError */
export function readSecrets(env: Env): Secrets {
  return {
    signingKey: readJson('SIGNING_KEY', env.SIGNING_KEY, privateKey, 'a private ES256 JWK with a kid'),
    acceptedKeys: readJson('ACCEPTED_KEYS', env.ACCEPTED_KEYS, keySet, 'a public JWK Set such as {"keys":[]}')
      .keys,
    sessionKey: readSessionKey(env.SESSION_KEY),
    ownerPassphrase: readPassphrase(env.OWNER_PASSPHRASE),
    upstreamKeys: readUpstreamKeys(env.UPSTREAM_KEY),
  }
}

function readJson<T>(name: string, text: string | undefined, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new SettingsError(`${name} is not ${what}. ${howToFix(name)}`)
  }
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
