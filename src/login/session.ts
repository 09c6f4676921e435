// Who is signed in in this browser: a sealed cookie, 12 hours, checked against the account's epoch. Every login
// method ends in finishLogin(); nothing else begins a session.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { base64url } from 'jose'
import { accountOf } from '../account/store.ts'
import { LIFETIME } from '../config.ts'
import { log } from '../log.ts'
import type { AppEnv } from '../origin.ts'
import { PageError } from '../pages/error.tsx'
import { seal, unseal } from '../seal.ts'

export interface User {
  /** See identify(). */
  readonly id: string
  /** What people are shown; nothing is decided by it. */
  readonly name: string
}

export interface Session {
  readonly id: string
  readonly user: User
  readonly epoch: number
}

/**
 * The id of a user: a hash of the login method, the issuer that vouches for them, and the subject that it never
 * changes or gives to another. Never an email or a login name. The prefix keeps it apart from client ids.
 */
export async function identify(method: string, issuer: string, subject: string): Promise<string> {
  const identity = new TextEncoder().encode(JSON.stringify([method, issuer, subject]))
  return `user_${base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', identity)))}`
}

/** Begins a session and goes back to where the person was going. @param returnTo what came in with the form */
export async function finishLogin(
  c: Context<AppEnv>,
  user: User,
  returnTo: string | undefined,
): Promise<Response> {
  const session: Session = { id: crypto.randomUUID(), user, epoch: await epochOf(c.env, user.id) }
  const sealed = await seal(c.get('config'), 'session', c.get('issuer'), session, LIFETIME.session)
  setCookie(c, cookieName(c), sealed, { ...cookieOptions(c), maxAge: LIFETIME.session })
  log('signin.succeeded', { user: user.id })
  return c.redirect(localPath(returnTo), 303)
}

/** The session of this browser, if there is one and the account still stands by it. */
export async function readSession(c: Context<AppEnv>): Promise<Session | undefined> {
  const cookie = getCookie(c, cookieName(c))
  const session = cookie && (await unseal<Session>(c.get('config'), 'session', c.get('issuer'), cookie))
  return session && session.epoch === (await epochOf(c.env, session.user.id)) ? session : undefined
}

export function endSession(c: Context<AppEnv>): void {
  deleteCookie(c, cookieName(c), cookieOptions(c))
}

/** The sign-in page, on the way to `path`. */
export function loginUrl(path: string): string {
  return `/login?return_to=${encodeURIComponent(path)}`
}

/** A path on this origin and nothing else: `//evil.test`, `/\evil.test`, `/.//evil.test` and `https:…` lead to /account. */
export function localPath(path: string | undefined): string {
  const base = 'https://gatehouse.invalid'
  if (!path?.startsWith('/') || !URL.canParse(path, base)) return '/account'
  const url = new URL(path, base)
  // What is left once dot segments are gone may begin with another host.
  return url.origin === base && !url.pathname.startsWith('//') ? url.pathname + url.search : '/account'
}

async function epochOf(env: Env, userId: string): Promise<number> {
  try {
    return await accountOf(env, userId).epoch()
  } catch {
    throw new PageError(503, 'One moment', 'Your account could not be read just now. Please try again.')
  }
}

// `__Host-` binds the cookie to this host over https; a browser takes that name on http only for localhost, and not
// every browser does.
function cookieName(c: Context<AppEnv>): string {
  return isSecure(c) ? '__Host-session' : 'gatehouse-session'
}

// Lax: a client opens /authorize from another site, and the session must be there.
function cookieOptions(c: Context<AppEnv>) {
  return { path: '/', httpOnly: true, secure: isSecure(c), sameSite: 'Lax' } as const
}

function isSecure(c: Context<AppEnv>): boolean {
  return c.get('issuer').startsWith('https:')
}
