// A sign-in that goes by way of another site. What must be known when the person comes back waits in cookies, so that
// only the browser that left can return (RFC 9700 §4.7). Each flow has its own: two tabs do not disturb each other. Bounded:
// a browser keeps five flows, of at most six cookies each.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { base64url } from 'jose'
import { LIFETIME } from '#config'
import { seal, unseal } from '../crypto/seal.ts'
import { randomSecret } from '../crypto/secrets.ts'
import type { AppEnv } from '../http/app-env.ts'
import { cookieName, cookieOptions } from '../http/cookies.ts'
import { audit } from '../log/audit.ts'
import { localPath } from '../people/session.ts'
import { LoginRefused } from './refused.ts'

const MAX_FLOWS = 5
/** Of what a cookie holds: a browser drops one that has more than 4,096 bytes with its name. */
const PART_LENGTH = 3_800
/** An authorization request of MAX_REQUEST_LENGTH, encoded, has 16,000 characters. */
const MAX_PARTS = 5

export interface Flow {
  readonly method: string
  readonly state: string
  /** RFC 7636 */
  readonly codeVerifier: string
  /** OpenID Connect Core §3.1.2.1 */
  readonly nonce: string
}

/** @param returnTo where the person goes afterwards */
export async function beginFlow(
  c: Context<AppEnv>,
  method: string,
  returnTo: string | undefined,
): Promise<Flow> {
  const flow = { method, state: randomSecret(), codeVerifier: randomSecret(), nonce: randomSecret() }
  const sealed = await seal(c.get('settings'), 'flow', c.get('issuer'), flow, LIFETIME.signIn)
  const options = { ...cookieOptions(c), maxAge: LIFETIME.signIn }
  // The header has the oldest first (RFC 6265 §5.4). Where it has not, another tab begins again.
  for (const id of idsIn(c).slice(0, 1 - MAX_FLOWS)) forget(c, id)
  const id = idOf(flow.state)
  setCookie(c, flowCookie(c, id), sealed, options)
  // Apart, for the state of a client's request makes it long. It is checked when it is used.
  const path = base64url.encode(localPath(returnTo))
  if (path.length <= MAX_PARTS * PART_LENGTH) {
    for (let part = 0; part * PART_LENGTH < path.length; part++)
      setCookie(c, returnCookie(c, id, part), path.slice(part * PART_LENGTH).slice(0, PART_LENGTH), options)
  }
  return flow
}

/**
 * The flow that a callback belongs to, once.
 * @throws LoginRefused when this browser has not begun it, or too long ago
 */
export async function resumeFlow(c: Context<AppEnv>, method: string): Promise<Flow & { returnTo: string }> {
  const state = c.req.query('state') ?? ''
  const id = idOf(state)
  const sealed = getCookie(c, flowCookie(c, id)) ?? ''
  const parts = Array.from({ length: MAX_PARTS }, (_, part) => getCookie(c, returnCookie(c, id, part)))
  forget(c, id)
  const flow = await unseal<Flow>(c.get('settings'), 'flow', c.get('issuer'), sealed)
  if (flow?.state !== state || flow.method !== method) {
    audit('signin.failed', { method, reason: 'not_begun_here' })
    throw new LoginRefused(
      'That sign-in was begun in another browser, is over, or took too long. Start it again here.',
    )
  }
  return { ...flow, returnTo: localPath(decode(parts.join(''))) }
}

/** Which flows this browser has begun and not ended, the oldest first. */
function idsIn(c: Context<AppEnv>): string[] {
  const prefix = flowCookie(c, '')
  const names = Object.keys(getCookie(c)).filter((name) => name.startsWith(prefix))
  return names.map((name) => name.slice(prefix.length))
}

function forget(c: Context<AppEnv>, id: string): void {
  const parts = Array.from({ length: MAX_PARTS }, (_, part) => returnCookie(c, id, part))
  for (const name of [flowCookie(c, id), ...parts]) {
    if (getCookie(c, name) !== undefined) deleteCookie(c, name, cookieOptions(c))
  }
}

function flowCookie(c: Context<AppEnv>, id: string): string {
  return cookieName(c, `flow-${id}`)
}

function returnCookie(c: Context<AppEnv>, id: string, part: number): string {
  return cookieName(c, `return-${id}${part === 0 ? '' : `.${part}`}`)
}

/** Enough of a state to tell flows apart; whatever a stranger puts there, the name of a cookie. */
function idOf(state: string): string {
  return state.replace(/[^\w-]/g, '').slice(0, 16)
}

function decode(text: string): string | undefined {
  try {
    return new TextDecoder().decode(base64url.decode(text))
  } catch {
    return undefined
  }
}
