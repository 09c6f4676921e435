// A browser's session: a sealed cookie for at most 12 hours, which the account's object must still accept.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { LIFETIME } from '#config'
import { seal, unseal } from '../crypto/seal.ts'
import type { AppEnv } from '../http/app-env.ts'
import { cookieName, cookieOptions } from '../http/cookies.ts'
import { PageError } from '../http/page-error.ts'
import { whereFrom } from '../http/requester.ts'
import { accountOf } from './account-store.ts'
import { admissionOf, type Identity, isStillAdmitted, secondsLeft, userIdOf } from './identity.ts'
import type { SessionProof } from './sessions.ts'
import type { UpstreamGrant } from './upstream.ts'

export interface Session {
  readonly id: string
  /** See userIdOf(). */
  readonly userId: string
  readonly identity: Identity
  readonly epoch: number
  /** The login method of this session. It can differ from the one that knows the person: a passkey. */
  readonly method: string
  /** Milliseconds since the epoch; absent from cookies of an older version. */
  readonly signedInAt?: number
}

/** What tools may do with the token of an upstream sign-in. */
export interface Upstream {
  /** The login method. */
  readonly name: string
  readonly grant: UpstreamGrant
}

/**
 * Begins a session for a user that finishLogin() has admitted. Only finishLogin() may call it.
 * @param method the login method of this session
 * @throws PageError 503
 */
export async function beginSession(
  c: Context<AppEnv>,
  identity: Identity,
  method: string,
  upstream: Upstream | undefined,
): Promise<Session | 'disabled'> {
  const settings = c.get('settings')
  const userId = await userIdOf(settings, identity)
  const account = accountOf(c.env, userId)
  const { expiresAt } = identity
  const lifetime = secondsLeft(identity, LIFETIME.session)
  const id = crypto.randomUUID()
  const begun = { id, endsAt: Date.now() + lifetime * 1000 }
  const place = whereFrom(c)
  const epoch = await orPage(account.signIn({ identity, method, place, expiresAt, session: begun }))
  if (epoch === 'disabled') return epoch
  if (upstream) await orPage(account.keepUpstream(upstream.name, upstream.grant, identity, epoch))
  const session: Session = { id, userId, identity, epoch, method, signedInAt: Date.now() }
  const sealed = await seal(settings, 'session', c.get('issuer'), session, lifetime)
  setCookie(c, cookieName(c, 'session'), sealed, { ...cookieOptions(c), maxAge: lifetime })
  return session
}

/** The session of this browser; undefined where there is none, it is over, or the person is no longer admitted. */
export async function readSession(c: Context<AppEnv>): Promise<Session | undefined> {
  const session = await sealedSession(c)
  if (!session) return undefined
  return (await orPage(accountOf(c.env, session.userId).isLive(proofOf(session)))) ? session : undefined
}

/** The same, with the ids of the person's grants to one client, the newest first, in one request to the account. */
export async function readSessionAndGrants(
  c: Context<AppEnv>,
  clientId: string,
): Promise<{ session: Session; grantIds: readonly string[] } | undefined> {
  const session = await sealedSession(c)
  if (!session) return undefined
  const grantIds = await orPage(accountOf(c.env, session.userId).grantIdsIn(proofOf(session), clientId))
  return grantIds && { session, grantIds }
}

/** What the cookie says. The account's object may know that it is over. */
async function sealedSession(c: Context<AppEnv>): Promise<Session | undefined> {
  const settings = c.get('settings')
  const cookie = getCookie(c, cookieName(c, 'session'))
  const session = cookie && (await unseal<Session>(settings, 'session', c.get('issuer'), cookie))
  if (!session) return undefined
  return isStillAdmitted(await admissionOf(settings), session.userId, session.identity) ? session : undefined
}

/** What an account's object compares in the step in which it adds something. */
export function proofOf({ id, epoch }: Session): SessionProof {
  return { id, epoch }
}

/** Signs this browser out, and every copy of its cookie. @throws PageError 503 */
export async function signOut(c: Context<AppEnv>): Promise<void> {
  const session = await readSession(c)
  if (session) await orPage(accountOf(c.env, session.userId).endSession(proofOf(session)))
  forgetSession(c)
}

/** Takes the cookie of a session that is over. */
export function forgetSession(c: Context<AppEnv>): void {
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
export async function orPage<P extends Promise<unknown>>(answer: P): Promise<Awaited<P>> {
  try {
    return await answer
  } catch {
    throw new PageError(503, 'One moment', 'Your account could not be read just now. Please try again.')
  }
}
