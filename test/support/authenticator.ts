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
  /** The id of the credential where it stands beside the authenticator data. */
  namedId?: Uint8Array
  aaguid?: Uint8Array
  userHandle?: string
  /** All of the authenticator data of a registration. */
  authenticatorData?: Uint8Array
  /** SubjectPublicKeyInfo. */
  publicKey?: Uint8Array
  publicKeyAlgorithm?: number
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
    const { credentialId = this.credentialId, aaguid = new Uint8Array(16) } = changes
    const data = await this.#authenticatorData({ rpId: options.rp?.id as string, ...changes }, [
      'UP',
      'UV',
      'AT',
    ])
    const attested = [
      aaguid,
      new Uint8Array([credentialId.length >> 8, credentialId.length & 255]),
      credentialId,
      // The key as COSE, which nobody reads.
      new Uint8Array(77),
    ]
    return {
      credentialId: base64url.encode(changes.namedId ?? credentialId),
      clientDataJSON: this.#clientData('webauthn.create', options, changes),
      authenticatorData: base64url.encode(changes.authenticatorData ?? concat(data, ...attested)),
      publicKey: base64url.encode(changes.publicKey ?? (await this.publicKey())),
      publicKeyAlgorithm: String(changes.publicKeyAlgorithm ?? ALGORITHMS[this.#algorithm].cose),
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

  /** SubjectPublicKeyInfo. */
  async publicKey(): Promise<Uint8Array> {
    return new Uint8Array((await crypto.subtle.exportKey('spki', this.#keys.publicKey)) as ArrayBuffer)
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
