// The records of reviewers, which `npm run reviewer` writes: who may sign in with which password, and until when. The
// key is a hash of the password, so that none is kept.
import { sha256 } from '../../crypto/digest.ts'

/** Someone who tries the server for a directory. */
export interface Reviewer {
  /** Random: what their account is known by. */
  readonly id: string
  /** When their account ends, in milliseconds since the epoch. */
  readonly expiresAt: number
}

export const REVIEWERS = 'reviewer:'

/** As scripts/setup.ts makes a passphrase: 140 random bits, in seven groups. */
const FORM = /^[a-z0-9]{4}(?:-[a-z0-9]{4}){6}$/

/** The name of the record of a password. */
export async function reviewerKey(password: string): Promise<string> {
  return REVIEWERS + (await sha256(password))
}

/** Whose password it is; undefined for a wrong one, and for one that was withdrawn or has ended. */
export async function reviewerWith(env: Env, password: string): Promise<Reviewer | undefined> {
  // What no script has made costs no read.
  if (!FORM.test(password)) return undefined
  const found = await env.RECORDS.get<Reviewer>(await reviewerKey(password), 'json')
  return found && Date.now() < found.expiresAt ? found : undefined
}
