// The public key of a passkey: COSE (RFC 9053 §7, RFC 8230 §4), as the authenticator wrote it, into SubjectPublicKeyInfo.
import { base64url } from 'jose'
import type { Credential } from '../../people/passkeys.ts'
import type { Cbor } from './cbor.ts'

/** COSE algorithm numbers, the preferred first (RFC 9053 §2.1, RFC 8812 §2). */
export const ALGORITHMS = { ES256: -7, RS256: -257 } as const

const KTY = 1
const ALG = 3
const EC2 = { kty: 2, crv: -1, p256: 1, x: -2, y: -3 } as const
const RSA = { kty: 3, n: -1, e: -2 } as const
/** A larger key would only make its verification slow. */
const RSA_BYTES = { least: 256, most: 512 } as const

/** @throws Error when it is no ES256 or RS256 key */
export async function publicKeyOf(cose: Cbor): Promise<Pick<Credential, 'publicKey' | 'algorithm'>> {
  if (!(cose instanceof Map)) throw new Error('No COSE key.')
  switch (cose.get(ALG)) {
    case ALGORITHMS.ES256:
      return { algorithm: 'ES256', publicKey: await ecKey(cose) }
    case ALGORITHMS.RS256:
      return { algorithm: 'RS256', publicKey: await rsaKey(cose) }
    default:
      throw new Error('The key is not for ES256 or RS256.')
  }
}

// The import refuses a point that is not on the curve.
function ecKey(cose: Map<Cbor, Cbor>): Promise<string> {
  if (cose.get(KTY) !== EC2.kty || cose.get(EC2.crv) !== EC2.p256) throw new Error('Not on P-256.')
  const jwk = { kty: 'EC', crv: 'P-256', x: text(cose.get(EC2.x)), y: text(cose.get(EC2.y)) }
  return spki(jwk, { name: 'ECDSA', namedCurve: 'P-256' })
}

function rsaKey(cose: Map<Cbor, Cbor>): Promise<string> {
  const modulus = bytes(cose.get(RSA.n))
  if (cose.get(KTY) !== RSA.kty || modulus.length < RSA_BYTES.least || modulus.length > RSA_BYTES.most) {
    throw new Error('Not an RSA key of 2048 to 4096 bits.')
  }
  const jwk = { kty: 'RSA', n: base64url.encode(modulus), e: text(cose.get(RSA.e)) }
  return spki(jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' })
}

async function spki(jwk: JsonWebKey, algorithm: SubtleCryptoImportKeyAlgorithm): Promise<string> {
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify'])
  return base64url.encode(new Uint8Array((await crypto.subtle.exportKey('spki', key)) as ArrayBuffer))
}

function text(value: Cbor | undefined): string {
  return base64url.encode(bytes(value))
}

function bytes(value: Cbor | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('Not bytes.')
  return value
}
