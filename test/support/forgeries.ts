// What an attacker can make of a valid JWT without the signing key (RFC 8725 §2 and §3).
import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose'

type Forge = (token: string, publicKey: JWK) => string | Promise<string>

/** Each by its name. `publicKey` is the one that the token is verified with. */
export const FORGERIES: readonly (readonly [string, Forge])[] = [
  ['alg none and no signature', (token) => unsigned(token, 'none', '')],
  ['alg NONE and no signature', (token) => unsigned(token, 'NONE', '')],
  ['alg none and the old signature', (token) => unsigned(token, 'none', token.split('.')[2] as string)],
  ['no signature', (token) => unsigned(token, algorithmOf(token), '')],
  ['HS256 with the public key as secret', (token, key) => hs256(token, encode(JSON.stringify(key)))],
  [
    'HS256 with a part of it as secret',
    (token, { x, n }) => hs256(token, base64url.decode((x ?? n) as string)),
  ],
  ['HS256 with an empty kid and secret', (token) => hs256(token, new Uint8Array(32), { kid: '' })],
  ['a flipped bit in its header', (token) => flipped(token, 0)],
  ['a flipped bit in its payload', (token) => flipped(token, 1)],
  ['a flipped bit in its signature', (token) => flipped(token, 2)],
  ['a second signature', (token) => `${token}.${token.split('.')[2]}`],
  ['the key of a stranger', (token) => byStranger(token, () => ({}))],
  ['the key of a stranger in its header', (token) => byStranger(token, (jwk) => ({ jwk }))],
  ['the kid of a stranger', (token) => byStranger(token, () => ({ kid: 'another' }))],
  [
    'an address of the keys of a stranger',
    (token) => byStranger(token, () => ({ jku: 'https://evil.gatehouse-tests.dev/keys' })),
  ],
]

const encode = (text: string) => new TextEncoder().encode(text)
const headerOf = (token: string) => decodeProtectedHeader(token) as JWTHeaderParameters
const algorithmOf = (token: string) => headerOf(token).alg

function unsigned(token: string, alg: string, signature: string): string {
  const header = base64url.encode(JSON.stringify({ ...headerOf(token), alg }))
  return `${header}.${token.split('.')[1]}.${signature}`
}

function hs256(token: string, secret: Uint8Array, changes: object = {}): Promise<string> {
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ ...headerOf(token), alg: 'HS256', ...changes })
    .sign(secret)
}

async function byStranger(token: string, changes: (jwk: JWK) => object): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair(algorithmOf(token), { extractable: true })
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ ...headerOf(token), ...changes(await exportJWK(publicKey)) })
    .sign(privateKey)
}

/** With one bit changed in its header (0), payload (1) or signature (2). */
function flipped(token: string, part: 0 | 1 | 2): string {
  const parts = token.split('.')
  const bytes = base64url.decode(parts[part] as string)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] as number) ^ 1
  return parts.with(part, base64url.encode(bytes)).join('.')
}
