// Forms for signed-in users, and forms for the owner only.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { PageError } from '../../http/page-error.ts'
import { type Identity, isOwner, OWNER } from '../../people/identity.ts'
import { owns } from '../../people/owners.ts'
import { loginUrl, readSession, type Session } from '../../people/session.ts'

/** The way on from a refusal. */
export const ACCOUNT = { href: '/account', text: 'Your account' } as const

/** Back to the section, which says what was done. */
export function done(what: string): string {
  return `/account?done=${what}#passkeys`
}

/** @throws PageError 403 */
export async function requireSignedIn(c: Context<AppEnv>): Promise<Session> {
  const session = await readSession(c)
  if (session) return session
  throw signedOut()
}

export function signedOut(): PageError {
  return new PageError(403, 'You are signed out', 'Sign in, then try again.', {
    href: loginUrl(ACCOUNT.href),
    text: 'Sign in',
  })
}

/** @throws PageError 403 */
export async function requireOwner(c: Context<AppEnv>): Promise<Session> {
  const session = await requireSignedIn(c)
  if (owns(c.get('settings'), session)) return session
  throw new PageError(
    403,
    'Only the owner invites',
    'Ask the owner of this server for an invitation.',
    ACCOUNT,
  )
}

/** The login method by which a person can come in without a passkey; undefined where none that is on knows them. */
export function otherWayIn(c: Context<AppEnv>, identity: Identity): string | undefined {
  const known = isOwner(c.get('settings'), identity) ? [identity.method, OWNER.method] : [identity.method]
  // A guest is a new one each time.
  if (identity.expiresAt !== undefined) return undefined
  return known.find((method) => method !== 'passkey' && c.get('loginMethods').includes(method))
}
