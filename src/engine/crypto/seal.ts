// Values that leave the server and come back: the session cookie, the consent form, a tool's state, the way through an
// upstream sign-in, an invitation, a link, a session. HMAC-SHA-256, with a key of its own per kind (HKDF, RFC 5869), so
// that no value serves as another kind; bound to the issuer, so that none works at another hostname of the same Worker.
// Sealed values can be read, not forged.
import { base64url } from 'jose'
import type { Settings } from '../settings/load.ts'

export type SealKind =
  | 'session'
  | 'consent'
  | 'state'
  | 'flow'
  | 'passkey'
  | 'invitation'
  | 'device'
  | 'dpop'
  | 'link'
  | 'handed-session'

const encoder = new TextEncoder()
const keys = new WeakMap<Settings, Map<SealKind, Promise<CryptoKey>>>()

/** @param lifetime seconds until the value is refused. */
export async function seal(
  settings: Settings,
  kind: SealKind,
  issuer: string,
  value: object,
  lifetime: number,
): Promise<string> {
  const body = base64url.encode(JSON.stringify({ value, exp: Date.now() + lifetime * 1000 }))
  const mac = await crypto.subtle.sign(
    'HMAC',
    await keyFor(settings, kind),
    encoder.encode(`${issuer} ${body}`),
  )
  return `${body}.${base64url.encode(new Uint8Array(mac))}`
}

/** The value that was sealed, or undefined when it is forged, expired, of another kind or another issuer. */
export async function unseal<T extends object>(
  settings: Settings,
  kind: SealKind,
  issuer: string,
  sealed: string,
): Promise<T | undefined> {
  const [body, mac, ...rest] = sealed.split('.')
  const macBytes = decode(mac)
  if (!body || !macBytes || rest.length > 0) return undefined
  // `verify` compares in constant time.
  const genuine = await crypto.subtle.verify(
    'HMAC',
    await keyFor(settings, kind),
    macBytes,
    encoder.encode(`${issuer} ${body}`),
  )
  const bodyBytes = genuine ? decode(body) : undefined
  if (!bodyBytes) return undefined
  const { value, exp } = JSON.parse(new TextDecoder().decode(bodyBytes)) as { value: T; exp: number }
  return Date.now() < exp ? value : undefined
}

function keyFor(settings: Settings, kind: SealKind): Promise<CryptoKey> {
  const perKind = keys.get(settings) ?? new Map<SealKind, Promise<CryptoKey>>()
  keys.set(settings, perKind)
  const key = perKind.get(kind) ?? deriveKey(settings, kind)
  perKind.set(kind, key)
  return key
}

async function deriveKey({ sessionKey, ownerPassphrase }: Settings, kind: SealKind): Promise<CryptoKey> {
  const master = await crypto.subtle.importKey('raw', sessionKey, 'HKDF', false, ['deriveKey'])
  // The owner replaces a passphrase that an attacker may know. The attacker may have a session by then.
  const salt = encoder.encode(kind === 'session' ? ownerPassphrase : '')
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(`gatehouse ${kind}`) },
    master,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )
}

function decode(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  try {
    return text ? new Uint8Array(base64url.decode(text)) : undefined
  } catch {
    return undefined
  }
}
