// Opaque secrets: random, 256 bits, kept only as their SHA-256. Codes and refresh tokens are
// `<grant id>.<secret>`, so that the grant which decides about one is found without a lookup.
import { base64url } from 'jose'

const encoder = new TextEncoder()

/** 32 random bytes in base64url: 43 URL-safe characters. */
export function randomSecret(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
}

/** SHA-256 in base64url. No salt: the input is a 256-bit random secret. */
export async function hashSecret(secret: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(secret))))
}

/**
 * The secret that follows `secret`: HMAC-SHA-256(key = secret, salt). Who holds the old token can be
 * given the new one again, any number of times, from storage that holds neither.
 */
export async function successorOf(secret: string, salt: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(salt))))
}

/** Compares two strings of the same kind (hashes, challenges) in time that depends on their length alone. */
export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}

export interface Handle {
  grantId: string
  secret: string
}

export function formatHandle(grantId: string, secret: string): string {
  return `${grantId}.${secret}`
}

/** The parts of a code or refresh token, or undefined when it has not that form. */
export function parseHandle(handle: string): Handle | undefined {
  const [, grantId, secret] = /^([0-9a-f]{64})\.([\w-]{43})$/.exec(handle) ?? []
  return grantId && secret ? { grantId, secret } : undefined
}
