// CBOR (RFC 8949) as far as authenticators write it (CTAP2 canonical form): definite lengths, no tags, no floats.

export type Cbor = number | boolean | null | string | Uint8Array<ArrayBuffer> | Cbor[] | Map<Cbor, Cbor>

/** CTAP2 nests no deeper than four. */
const MAX_DEPTH = 8

/** The first value in `bytes`; what follows is not looked at. @throws Error when it is malformed or cut off */
export function decodeCbor(bytes: Uint8Array<ArrayBuffer>): Cbor {
  return new Reader(bytes).value(0)
}

class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>
  #offset = 0

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes
  }

  value(depth: number): Cbor {
    if (depth > MAX_DEPTH) throw new Error('CBOR: nested too deeply')
    const [initial = 0] = this.#take(1)
    const type = initial >> 5
    const info = initial & 0x1f
    if (type === 7) return simple(info)
    const argument = this.#argument(info)
    switch (type) {
      case 0:
        return argument
      case 1:
        return -1 - argument
      case 2:
        return this.#take(argument)
      case 3:
        return new TextDecoder().decode(this.#take(argument))
      case 4:
        return Array.from(this.#values(argument, depth))
      case 5:
        return this.#map(argument, depth)
      default:
        throw new Error('CBOR: a tag')
    }
  }

  // A long length without what it promises ends at the end of the bytes, whatever it says.
  *#values(count: number, depth: number): Generator<Cbor> {
    for (let index = 0; index < count; index++) yield this.value(depth + 1)
  }

  #map(count: number, depth: number): Map<Cbor, Cbor> {
    const map = new Map<Cbor, Cbor>()
    for (let index = 0; index < count; index++) map.set(this.value(depth + 1), this.value(depth + 1))
    return map
  }

  #argument(info: number): number {
    if (info < 24) return info
    if (info > 26) throw new Error('CBOR: an indefinite or overlong length')
    return this.#take(2 ** (info - 24)).reduce((number, byte) => number * 256 + byte, 0)
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new Error('CBOR: cut off')
    const taken = this.#bytes.slice(this.#offset, end)
    this.#offset = end
    return taken
  }
}

function simple(info: number): boolean | null {
  if (info === 20) return false
  if (info === 21) return true
  if (info === 22) return null
  throw new Error('CBOR: a float or an unknown simple value')
}
