// W3: what a secret looks like, and the ones that a run has used.

// A JWT; the secret of a code, refresh token, client or verifier (43 characters, not longer: user ids are); a sealed
// value with its MAC.
const SECRET = /eyJ[\w-]{20,}(?:\.[\w-]{20,})+|(?<![\w-])[\w-]{43}(?![\w-])/g

export function secretsIn(text: string): string[] {
  return text.match(SECRET) ?? []
}

/** Every secret that went over the wire, in either direction. */
export const seenSecrets = new Set<string>()

export function noteSecrets(text: string): void {
  for (const secret of secretsIn(text)) seenSecrets.add(secret)
}
