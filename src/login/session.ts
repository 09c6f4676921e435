// Who is signed in in this browser: a sealed cookie, 12 hours, checked against the account's epoch. Every login
// method ends in finishLogin(); nothing else begins a session.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { accountOf } from '../account/store.ts'
import type { UpstreamGrant } from '../account/upstream.ts'
import { LIFETIME } from '../config.ts'
import { cookieName, cookieOptions } from '../cookies.ts'
import { displayable } from '../displayable.ts'
import { type Identity, isAdmitted, isStill, nameOf, secondsLeft, userIdOf } from '../identity.ts'
import { log } from '../log.ts'
import { type AppEnv, whereFrom } from '../origin.ts'
import { PageError } from '../pages/error.tsx'
import { seal, unseal } from '../seal.ts'
import { LoginRefused } from './refused.ts'

export interface Session {
  readonly id: string
  /** See userIdOf(). */
  readonly userId: string
  readonly identity: Identity
  readonly epoch: number
  /** By which method they came in this time. */
  readonly method: string
}

interface Upstream {
  readonly name: string
  readonly grant: UpstreamGrant
}

/**
 * Begins a session and goes back to where the person was going.
 * @param found who the person is; their name may be whatever a stranger has written
 * @param returnTo what came in with the form
 * @param more.by the method by which they came in, where it is another one that knows who they are
 * @param more.upstream what tools may do for them with the token of the login method
 * @throws LoginRefused when the configuration does not let them in
 */
export async function finishLogin(
  c: Context<AppEnv>,
  found: Identity,
  returnTo: string | undefined,
  more: { readonly by?: string; readonly upstream?: Upstream | undefined } = {},
): Promise<Response> {
  const config = c.get('config')
  const identity: Identity = { ...found, name: nameOf(found.name) }
  const { expiresAt } = identity
  const { by: method = identity.method, upstream } = more
  if (!isAdmitted(config, identity)) {
    log('signin.failed', { method, reason: 'not_allowed' })
    throw notAllowed(identity)
  }
  const userId = await userIdOf(config, identity)
  const account = accountOf(c.env, userId)
  const epoch = await orPage(account.signIn({ method, place: whereFrom(c), expiresAt }))
  if (upstream) await orPage(account.keepUpstream(upstream.name, upstream.grant, epoch))
  const session: Session = { id: crypto.randomUUID(), userId, identity, epoch, method }
  const lifetime = secondsLeft(identity, LIFETIME.session)
  const sealed = await seal(config, 'session', c.get('issuer'), session, lifetime)
  setCookie(c, cookieName(c, 'session'), sealed, { ...cookieOptions(c), maxAge: lifetime })
  log('signin.succeeded', { user: userId, method }, { person: identity })
  return c.redirect(localPath(returnTo), 303)
}

// The owner of a server is often the first who is refused: they are told what to do.
function notAllowed({ name, knownAs }: Identity): LoginRefused {
  const rule = knownAs.find((one) => displayable(one) === one)
  const advice = rule ? `The owner of this server can add ${rule} to ALLOWED_USERS.` : ''
  return new LoginRefused(`You signed in as ${name}, who may not come in here. ${advice}`)
}

/** The session of this browser, if there is one, its account stands by it and the person may still be here. */
export async function readSession(c: Context<AppEnv>): Promise<Session | undefined> {
  const config = c.get('config')
  const cookie = getCookie(c, cookieName(c, 'session'))
  const session = cookie && (await unseal<Session>(config, 'session', c.get('issuer'), cookie))
  if (!session || !(await isStill(config, session.userId, session.identity))) return undefined
  return session.epoch === (await orPage(accountOf(c.env, session.userId).epoch())) ? session : undefined
}

export function endSession(c: Context<AppEnv>): void {
  deleteCookie(c, cookieName(c, 'session'), cookieOptions(c))
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

/** What an account object answers. @throws PageError 503 when it does not */
export function orPage<T>(answer: Promise<T>): Promise<T> {
  return answer.catch(() => {
    throw new PageError(503, 'One moment', 'Your account could not be read just now. Please try again.')
  })
}
