// SHA-256, the one hash that this server computes.
import { base64url } from 'jose'

const encoder = new TextEncoder()

/** The SHA-256 of a text in UTF-8: 32 bytes. */
export async function sha256Bytes(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
}

/** The same in base64url: 43 URL-safe characters. Without a salt: what is secret here has 256 random bits. */
export async function sha256(text: string): Promise<string> {
  return base64url.encode(await sha256Bytes(text))
}
