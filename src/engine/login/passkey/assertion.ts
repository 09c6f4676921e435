// Sign-in (WebAuthn §7.2): whether an assertion was signed by the passkey that it names, here and now.
import { server } from '@passwordless-id/webauthn'
import type { Parameters } from '../../http/parameters.ts'
import type { Credential } from '../../people/passkeys.ts'
import { type Ceremony, expectations, isFramed } from './relying-party.ts'
import { padded } from './signature.ts'

/** What the browser has sent, in base64url. Of these, the client and authenticator data are signed. */
interface Assertion {
  readonly credentialId: string
  readonly userHandle: string
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}

/** Undefined when the browser has sent none. */
export function assertionIn(form: Parameters): Assertion | undefined {
  const [credentialId, userHandle, clientDataJSON, authenticatorData, signature] = [
    form.get('credentialId'),
    form.get('userHandle'),
    form.get('clientDataJSON'),
    form.get('authenticatorData'),
    form.get('signature'),
  ]
  if (!credentialId || !userHandle || !clientDataJSON || !authenticatorData || !signature) return undefined
  return { credentialId, userHandle, clientDataJSON, authenticatorData, signature }
}

/** How often the authenticator says that it has signed; undefined when anything is not as it must be. */
export async function verifyAssertion(
  { clientDataJSON, authenticatorData, signature }: Omit<Assertion, 'credentialId' | 'userHandle'>,
  { id, publicKey, algorithm }: Credential,
  ceremony: Ceremony,
): Promise<number | undefined> {
  try {
    const response = {
      clientDataJSON,
      authenticatorData,
      signature: algorithm === 'ES256' ? padded(signature) : signature,
    }
    const { counter } = await server.verifyAuthentication(
      { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response },
      { id, publicKey, algorithm, transports: [] },
      expectations(ceremony),
    )
    return isFramed(clientDataJSON) ? undefined : counter
  } catch {
    // The library throws at whatever it refuses, and its messages quote what was sent.
    return undefined
  }
}
