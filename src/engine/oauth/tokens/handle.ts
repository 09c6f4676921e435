// Codes and refresh tokens are handles: `<grant id>.<secret>`. The id finds the grant that decides, without a lookup. The
// secret of a token that is bound to a key ends in `.<thumbprint>`: hashed with it, so that no other key can be named.
import { base64url } from 'jose'

const encoder = new TextEncoder()

export interface Handle {
  readonly grantId: string
  readonly secret: string
}

export function formatHandle(grantId: string, secret: string): string {
  return `${grantId}.${secret}`
}

/** The parts of a code or refresh token; undefined if malformed. */
export function parseHandle(handle: string): Handle | undefined {
  const [, grantId, secret] = /^([0-9a-f]{64})\.([\w-]{43}(?:\.[\w-]{43})?)$/.exec(handle) ?? []
  return grantId && secret ? { grantId, secret } : undefined
}

/** A secret that counts with one key (RFC 9449 §5). @param jkt the thumbprint of the key; undefined: with any and none */
export function bound(secret: string, jkt: string | undefined): string {
  return jkt === undefined ? secret : `${secret}.${jkt}`
}

/** The thumbprint of the key to which a handle is bound. */
export function keyOf({ secret }: Pick<Handle, 'secret'>): string | undefined {
  return secret.split('.')[1]
}

/**
 * The secret that follows `secret` in a rotation: HMAC-SHA-256(key = secret, salt). With the salt, the holder of the old
 * token gets the same new one again, any number of times, although storage holds neither.
 */
export async function successorOf(secret: string, salt: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const next = base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(salt))))
  return bound(next, keyOf({ secret }))
}
