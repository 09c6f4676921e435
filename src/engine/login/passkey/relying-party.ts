// What this server demands of everything that a passkey attests or signs (WebAuthn §7).
import { parsers } from '@passwordless-id/webauthn'

/** The RP id: a passkey belongs to a hostname, and works at no other. */
export function relyingPartyId(issuer: string): string {
  return new URL(issuer).hostname
}

/** Which ceremony an answer must belong to. */
export interface Ceremony {
  readonly issuer: string
  readonly challenge: string
}

/** The same for the library, which otherwise takes the RP id from the answer itself. */
export function expectations({ issuer, challenge }: Ceremony) {
  return { challenge, origin: issuer, domain: relyingPartyId(issuer), userVerified: true }
}

/** Whether the page was in a frame of another site, where ours never is. */
export function isFramed(clientDataJSON: string): boolean {
  return parsers.parseClient(clientDataJSON).crossOrigin === true
}
