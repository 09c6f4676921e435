// What a browser is asked for (WebAuthn §5.4, §5.5). JSON: script.ts makes bytes of what is base64url here.
import { base64url } from 'jose'
import { LIFETIME, NAME } from '#config'
import { relyingPartyId } from './relying-party.ts'

/** COSE algorithm numbers, the preferred first: ES256 (RFC 9053 §2.1) and RS256 (RFC 8812 §2). */
const ALGORITHMS = [-7, -257] as const

const encoder = new TextEncoder()

interface Registration {
  readonly issuer: string
  readonly challenge: string
  readonly userId: string
  readonly userName: string
  /** Ids of passkeys of this user, so that no device gets a second one. */
  readonly existing: readonly string[]
}

export function creationOptions({ issuer, challenge, userId, userName, existing }: Registration) {
  return {
    rp: { id: relyingPartyId(issuer), name: NAME },
    // The user id comes back with every sign-in, so that the account is found without an index.
    user: { id: base64url.encode(encoder.encode(userId)), name: userName, displayName: userName },
    challenge,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: existing.map((id) => ({ type: 'public-key', id })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
    timeout: LIFETIME.passkeyChallenge * 1000,
  }
}

export function requestOptions(issuer: string, challenge: string) {
  return {
    rpId: relyingPartyId(issuer),
    challenge,
    userVerification: 'required',
    timeout: LIFETIME.passkeyChallenge * 1000,
  }
}
