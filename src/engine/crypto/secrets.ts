// Opaque secrets: random, 256 bits. Storage keeps their SHA-256 only.
import { base64url } from 'jose'

/** 32 random bytes in base64url: 43 URL-safe characters. */
export function randomSecret(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
}

/** Compares two strings of the same kind (hashes, challenges) in time that depends on their length alone. */
export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
