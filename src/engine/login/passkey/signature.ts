// ES256 signatures as authenticators write them: an ASN.1 SEQUENCE of the INTEGERs r and s (WebAuthn §6.5.5).
import { base64url } from 'jose'

const SEQUENCE = 0x30
const INTEGER = 0x02
const NUMBER_BYTES = 32

/**
 * The same signature with r and s at full length. DER strips leading zeros, so that one signature in 120 has a shorter
 * number, and the library, which looks for both where they usually are, would refuse it. It takes a zero in front for
 * the sign that DER gives to large numbers, so one always stands there.
 * @param signature base64url
 * @throws Error when it is not of that form
 */
export function padded(signature: string): string {
  const bytes = base64url.decode(signature)
  const [r, end] = readInteger(bytes, 2)
  const [s, total] = readInteger(bytes, end)
  if (bytes[0] !== SEQUENCE || bytes[1] !== total - 2 || bytes.length !== total) throw new Error('Not DER.')
  const integers = [r, s].flatMap((number) => [INTEGER, 1 + NUMBER_BYTES, 0, ...number])
  return base64url.encode(new Uint8Array([SEQUENCE, integers.length, ...integers]))
}

/** The number at `offset` in 32 bytes, and where it ends. @throws Error */
function readInteger(bytes: Uint8Array, offset: number): [Uint8Array, number] {
  const length = bytes[offset + 1] ?? 0
  if (bytes[offset] !== INTEGER || length === 0) throw new Error('Not an INTEGER.')
  const end = offset + 2 + length
  const signed = bytes.subarray(offset + 2, end)
  const number = signed[0] === 0 ? signed.subarray(1) : signed
  const full = new Uint8Array(NUMBER_BYTES)
  // Throws where the number is longer than that.
  full.set(number, NUMBER_BYTES - number.length)
  return [full, end]
}
