// The form of a personal access token: `gatehouse_pat_`, whose it is, a secret, and a checksum. Secret scanners find it by
// the prefix and can tell a real one from a made-up one without asking (docs/scripts.md).
import { sha256 } from '../crypto/digest.ts'
import { randomSecret } from '../crypto/secrets.ts'
import { PERSONAL_TOKEN_PREFIX as PREFIX } from '../people/personal-tokens.ts'

const USER = 'user_'
const CLIENT = 'personal-token:'
const FORM = new RegExp(`^(${PREFIX}([\\w-]{43})[\\w-]{43})([\\w-]{6})$`)
const CHECKSUM_LENGTH = 6

export interface PersonalToken {
  readonly userId: string
  /**
   * SHA-256 of the prefix, the person and the secret, in base64url: all that storage has of it. It covers the person, so
   * that the secret of one works for no other. It begins with the checksum.
   */
  readonly hash: string
}

/** The client id of calls by a token. @param id what people and logs call the token by */
export function clientIdOf(id: string): string {
  return `${CLIENT}${id}`
}

/** A new token of this person. @returns its text, which is shown once, and what storage keeps */
export async function makePersonalToken(userId: string): Promise<{ text: string; hash: string }> {
  const body = `${PREFIX}${userId.slice(USER.length)}${randomSecret()}`
  const hash = await sha256(body)
  return { text: `${body}${hash.slice(0, CHECKSUM_LENGTH)}`, hash }
}

/** What a text says, if it is such a token; undefined if it is malformed or mistyped. */
export async function parsePersonalToken(text: string): Promise<PersonalToken | undefined> {
  const [, body, user, checksum] = FORM.exec(text) ?? []
  const hash = body && (await sha256(body))
  return hash?.slice(0, CHECKSUM_LENGTH) === checksum && hash ? { userId: `${USER}${user}`, hash } : undefined
}
