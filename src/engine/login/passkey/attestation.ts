// Registration (WebAuthn §7.1): a new key is what the authenticator data say, together with what else they say.
// The server requests no attestation statement and reads none: it accepts every make of authenticator.
import { parsers, server } from '@passwordless-id/webauthn'
import { base64url } from 'jose'
import type { Parameters } from '../../http/parameters.ts'
import type { Identity } from '../../people/identity.ts'
import type { Passkey } from '../../people/passkeys.ts'
import { decodeCbor } from './cbor.ts'
import { ALGORITHMS, publicKeyOf } from './public-key.ts'
import { type Ceremony, expectations, isFramed } from './relying-party.ts'

/** Offsets in authenticator data (WebAuthn §6.5.1). */
const ID_LENGTH = 53
const ID = 55
const MAX_ID_LENGTH = 1023

/** What the browser has sent, in base64url. */
interface Attestation {
  readonly clientDataJSON: string
  readonly attestationObject: string
}

export type AttestedPasskey = Omit<Passkey, 'name' | 'identity'> & {
  /** What this make of authenticator is called, such as "iCloud Keychain". */
  readonly authenticator: string | undefined
}

export const NOT_VERIFIED = 'What your device sent could not be verified. Please try again.'

export function attestationIn(form: Parameters): Attestation {
  return {
    clientDataJSON: form.get('clientDataJSON') ?? '',
    attestationObject: form.get('attestationObject') ?? '',
  }
}

/** The new passkey; undefined when anything about it is not as it must be. */
export async function verifyAttestation(
  { clientDataJSON, attestationObject }: Attestation,
  ceremony: Ceremony,
): Promise<AttestedPasskey | undefined> {
  try {
    const data = authenticatorData(attestationObject)
    const idEnd = ID + new DataView(data.buffer).getUint16(ID_LENGTH)
    const id = base64url.encode(data.subarray(ID, idEnd))
    const key = await publicKeyOf(decodeCbor(data.subarray(idEnd)))
    const response = {
      clientDataJSON,
      authenticatorData: base64url.encode(data),
      attestationObject,
      publicKey: key.publicKey,
      publicKeyAlgorithm: ALGORITHMS[key.algorithm],
      transports: [],
    }
    // What the library leaves to us here.
    const { userPresent, attestedData } = parsers.parseAuthenticator(response.authenticatorData).flags
    if (!userPresent || !attestedData || isFramed(clientDataJSON)) return undefined
    if (idEnd === ID || idEnd > ID + MAX_ID_LENGTH) return undefined
    const { authenticator } = await server.verifyRegistration(
      { id, rawId: id, type: 'public-key', clientExtensionResults: {}, user: { name: '' }, response },
      expectations(ceremony),
    )
    const { name, counter } = authenticator
    return { id, ...key, counter, authenticator: name.startsWith('Unknown') ? undefined : name }
  } catch {
    // Whatever is wrong with bytes of a stranger, they are not a passkey.
    return undefined
  }
}

/** @param name what the person calls it, when they have said so */
export function passkeyOf(
  { authenticator, ...attested }: AttestedPasskey,
  identity: Identity,
  name: string | undefined,
): Passkey {
  return { ...attested, identity, name: name ?? authenticator ?? 'This device' }
}

function authenticatorData(attestationObject: string): Uint8Array<ArrayBuffer> {
  const attestation = decodeCbor(new Uint8Array(base64url.decode(attestationObject)))
  const data = attestation instanceof Map ? attestation.get('authData') : undefined
  if (!(data instanceof Uint8Array)) throw new Error('No authenticator data.')
  return data
}
