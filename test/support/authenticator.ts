// An authenticator in software (WebAuthn §6), and the browser around it: what it attests and signs is right in every way
// except for a test's changes.
import { base64url } from 'jose'

const encoder = new TextEncoder()

const ALGORITHMS = {
  ES256: { cose: -7, params: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } },
  RS256: {
    cose: -257,
    params: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
  },
} as const

const FLAG = { UP: 1, UV: 4, AT: 64 } as const

/** What the server has asked the browser for: the part of it that matters here. */
export interface Options {
  readonly challenge: string
  readonly rp?: { readonly id: string }
  readonly rpId?: string
  readonly user?: { readonly id: string; readonly name: string }
  readonly excludeCredentials?: readonly { readonly id: string }[]
}

/** What may be other than it should be. */
export interface Changes {
  type?: string
  challenge?: string
  origin?: string
  crossOrigin?: boolean
  rpId?: string
  /** Flags that are not set. */
  without?: readonly (keyof typeof FLAG)[]
  counter?: number
  credentialId?: Uint8Array
  userHandle?: string
  /** A statement of the authenticator about itself. */
  attStmt?: Map<string, unknown>
  /** The public key, or all of the attestation object, as CBOR. */
  cose?: Uint8Array
  attestationObject?: Uint8Array
  /** Of the DER-encoded signature. */
  signature?: (signature: Uint8Array) => Uint8Array
}

export class Authenticator {
  readonly credentialId = crypto.getRandomValues(new Uint8Array(16))
  /** How often it has signed; stays at 0 for one that does not count. */
  counter = 0
  counts = false
  readonly #origin: string
  readonly #algorithm: keyof typeof ALGORITHMS
  readonly #keys: CryptoKeyPair
  #userHandle = ''

  private constructor(origin: string, algorithm: keyof typeof ALGORITHMS, keys: CryptoKeyPair) {
    this.#origin = origin
    this.#algorithm = algorithm
    this.#keys = keys
  }

  static async create(origin: string, algorithm: keyof typeof ALGORITHMS = 'ES256'): Promise<Authenticator> {
    const { params } = ALGORITHMS[algorithm]
    const keys = (await crypto.subtle.generateKey(params, true, ['sign', 'verify'])) as CryptoKeyPair
    return new Authenticator(origin, algorithm, keys)
  }

  /** navigator.credentials.create(), as form fields. */
  async attest(options: Options, changes: Changes = {}): Promise<Record<string, string>> {
    this.#userHandle = options.user?.id ?? ''
    const credentialId = changes.credentialId ?? this.credentialId
    const attested = [
      new Uint8Array(16),
      new Uint8Array([credentialId.length >> 8, credentialId.length & 255]),
      credentialId,
      changes.cose ?? (await this.coseKey()),
    ]
    const authData = await this.#authenticatorData({ rpId: options.rp?.id as string, ...changes }, [
      'UP',
      'UV',
      'AT',
    ])
    const attestation = new Map<string, unknown>([
      ['fmt', changes.attStmt ? 'packed' : 'none'],
      ['attStmt', changes.attStmt ?? new Map()],
      ['authData', concat(authData, ...attested)],
    ])
    return {
      credentialId: base64url.encode(credentialId),
      clientDataJSON: this.#clientData('webauthn.create', options, changes),
      attestationObject: base64url.encode(changes.attestationObject ?? cbor(attestation)),
    }
  }

  /** navigator.credentials.get(), as form fields. */
  async sign(options: Options, changes: Changes = {}): Promise<Record<string, string>> {
    if (this.counts) this.counter++
    const clientDataJSON = this.#clientData('webauthn.get', options, changes)
    const authData = await this.#authenticatorData({ rpId: options.rpId as string, ...changes }, ['UP', 'UV'])
    const hash = await sha256(base64url.decode(clientDataJSON))
    const { params } = ALGORITHMS[this.#algorithm]
    const raw = new Uint8Array(
      await crypto.subtle.sign(params, this.#keys.privateKey, concat(authData, hash)),
    )
    const signature = this.#algorithm === 'ES256' ? der(raw) : raw
    return {
      credentialId: base64url.encode(changes.credentialId ?? this.credentialId),
      clientDataJSON,
      authenticatorData: base64url.encode(authData),
      signature: base64url.encode(changes.signature?.(signature) ?? signature),
      userHandle: changes.userHandle ?? this.#userHandle,
    }
  }

  /** COSE_Key, with members that are other than they should be. */
  async coseKey(changes: readonly (readonly [number, unknown])[] = []): Promise<Uint8Array> {
    const jwk = (await crypto.subtle.exportKey('jwk', this.#keys.publicKey)) as JsonWebKey
    const bytes = (member: string | undefined) => base64url.decode(member as string)
    const members: [number, unknown][] =
      this.#algorithm === 'ES256'
        ? [
            [1, 2],
            [3, -7],
            [-1, 1],
            [-2, bytes(jwk.x)],
            [-3, bytes(jwk.y)],
          ]
        : [
            [1, 3],
            [3, -257],
            [-1, bytes(jwk.n)],
            [-2, bytes(jwk.e)],
          ]
    return cbor(new Map<number, unknown>([...members, ...changes]))
  }

  /** SubjectPublicKeyInfo, in base64url. */
  async publicKey(): Promise<string> {
    return base64url.encode(
      new Uint8Array((await crypto.subtle.exportKey('spki', this.#keys.publicKey)) as ArrayBuffer),
    )
  }

  #clientData(type: string, { challenge }: Options, changes: Changes): string {
    const { origin = this.#origin, crossOrigin = false } = changes
    return base64url.encode(
      JSON.stringify({
        type: changes.type ?? type,
        challenge: changes.challenge ?? challenge,
        origin,
        crossOrigin,
      }),
    )
  }

  async #authenticatorData(
    { rpId, without = [], counter = this.counter }: Changes,
    flags: readonly (keyof typeof FLAG)[],
  ): Promise<Uint8Array> {
    const set = flags.filter((flag) => !without.includes(flag)).reduce((sum, flag) => sum | FLAG[flag], 0)
    const rest = new Uint8Array(5)
    rest[0] = set
    new DataView(rest.buffer).setUint32(1, counter)
    return concat(await sha256(encoder.encode(rpId)), rest)
  }
}

/** RFC 8949 §3, as far as an attestation needs it. */
export function cbor(value: unknown): Uint8Array {
  const head = (type: number, length: number) => {
    if (length < 24) return new Uint8Array([(type << 5) | length])
    if (length < 256) return new Uint8Array([(type << 5) | 24, length])
    return new Uint8Array([(type << 5) | 25, length >> 8, length & 255])
  }
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return concat(head(3, value.length), encoder.encode(value))
  if (value instanceof Uint8Array) return concat(head(2, value.length), value)
  if (typeof value === 'boolean') return new Uint8Array([value ? 0xf5 : 0xf4])
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(cbor))
  const entries = [...(value as Map<unknown, unknown>)]
  return concat(head(5, entries.length), ...entries.flat().map(cbor))
}

/** r and s as ASN.1 (WebAuthn §6.5.5): no leading zeros, but one where the number would look negative. */
export function der(raw: Uint8Array): Uint8Array {
  const integer = (number: Uint8Array) => {
    const start = number.findIndex((byte) => byte !== 0)
    const short = start < 0 ? new Uint8Array(1) : number.subarray(start)
    const signed = (short[0] as number) > 127 ? concat(new Uint8Array(1), short) : short
    return concat(new Uint8Array([2, signed.length]), signed)
  }
  const body = concat(integer(raw.subarray(0, 32)), integer(raw.subarray(32)))
  return concat(new Uint8Array([0x30, body.length]), body)
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}
