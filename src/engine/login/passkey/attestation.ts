// Registration (WebAuthn §7.1). The server requests no attestation statement: it accepts every make of authenticator. So
// nothing here is signed, and a new key is what the page says. The browser parses it; this file checks that all parts are of
// one credential, made here and now, with a key that the server can verify signatures with.
import { parsers, server } from '@passwordless-id/webauthn'
import { base64url } from 'jose'
import type { Parameters } from '../../http/parameters.ts'
import type { Identity } from '../../people/identity.ts'
import type { Credential, Passkey } from '../../people/passkeys.ts'
import { type Ceremony, expectations, isFramed } from './relying-party.ts'

/** Offsets in authenticator data, behind the AAGUID (WebAuthn §6.5.1). */
const ID_LENGTH = 53
const ID = 55
const MAX_ID_LENGTH = 1023
/** A larger key would only make its verification slow. */
const RSA_BITS = { least: 2048, most: 4096 } as const
/** Of a key in base64url: the largest RSA key. */
const MAX_KEY_LENGTH = 736

/** The fields from the browser, in base64url, except the number of the algorithm. */
interface Attestation {
  readonly credentialId: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey: string
  readonly publicKeyAlgorithm: number
}

export type AttestedPasskey = Omit<Passkey, 'name' | 'identity'> & {
  /** What this make of authenticator is called, such as "iCloud Keychain". */
  readonly authenticator: string | undefined
}

export const NOT_VERIFIED = 'What your device sent could not be verified. Please try again.'

export function attestationIn(form: Parameters): Attestation {
  return {
    credentialId: form.get('credentialId') ?? '',
    clientDataJSON: form.get('clientDataJSON') ?? '',
    authenticatorData: form.get('authenticatorData') ?? '',
    publicKey: form.get('publicKey') ?? '',
    publicKeyAlgorithm: Number(form.get('publicKeyAlgorithm')),
  }
}

/** The new passkey; undefined when anything about it is not as it must be. */
export async function verifyAttestation(
  { credentialId: id, ...response }: Attestation,
  ceremony: Ceremony,
): Promise<AttestedPasskey | undefined> {
  try {
    const { credential, authenticator } = await server.verifyRegistration(
      {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {}, user: { name: '' } },
        response: { ...response, attestationObject: '', transports: [] },
      },
      expectations(ceremony),
    )
    // What the library leaves to us here.
    const { userPresent, attestedData } = parsers.parseAuthenticator(response.authenticatorData).flags
    if (!userPresent || !attestedData || isFramed(response.clientDataJSON)) return undefined
    if (id !== attestedId(response.authenticatorData)) return undefined
    const { name, counter } = authenticator
    return {
      ...(await verifiable(credential)),
      id,
      counter,
      authenticator: name.startsWith('Unknown') ? undefined : name,
    }
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

/** The id of the credential that authenticator data are about. @throws Error when they have none, or one that is too long */
function attestedId(authenticatorData: string): string {
  const data = base64url.decode(authenticatorData)
  const length = new DataView(data.buffer).getUint16(ID_LENGTH)
  if (length === 0 || length > MAX_ID_LENGTH) throw new Error('No id, or too long a one.')
  return base64url.encode(data.subarray(ID, ID + length))
}

/** @throws Error when it is no ES256 or RS256 key, or an RSA key of an unusual size */
async function verifiable({
  publicKey,
  algorithm,
}: {
  publicKey: string
  algorithm: string
}): Promise<Pick<Credential, 'publicKey' | 'algorithm'>> {
  if (algorithm !== 'ES256' && algorithm !== 'RS256') throw new Error('Neither ES256 nor RS256.')
  if (publicKey.length > MAX_KEY_LENGTH) throw new Error('Too long a key.')
  const key = await server.parseCryptoKey(algorithm, publicKey)
  const { modulusLength } = key.algorithm as Partial<CryptoKeyRsaKeyAlgorithm>
  if (modulusLength !== undefined && (modulusLength < RSA_BITS.least || modulusLength > RSA_BITS.most))
    throw new Error('Not an RSA key of 2048 to 4096 bits.')
  return { publicKey, algorithm }
}
