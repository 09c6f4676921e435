// A sign-in that goes by way of another site. What must be known when the person comes back waits in cookies, so that
// only the browser that left can return (RFC 9700 §4.7). Each flow has its own: two tabs do not disturb each other.
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
  setCookie(c, flowCookie(c, flow.state), sealed, options)
  // Apart, for the state of a client's request makes it long, and a cookie holds 4 KiB. It is checked when it is used.
  setCookie(c, returnCookie(c, flow.state), base64url.encode(localPath(returnTo)), options)
  return flow
}

/**
 * The flow that a callback belongs to, once.
 * @throws LoginRefused when this browser has not begun it, or too long ago
 */
export async function resumeFlow(c: Context<AppEnv>, method: string): Promise<Flow & { returnTo: string }> {
  const state = c.req.query('state') ?? ''
  const sealed = getCookie(c, flowCookie(c, state)) ?? ''
  const returnTo = getCookie(c, returnCookie(c, state)) ?? ''
  for (const name of [flowCookie(c, state), returnCookie(c, state)]) deleteCookie(c, name, cookieOptions(c))
  const flow = await unseal<Flow>(c.get('settings'), 'flow', c.get('issuer'), sealed)
  if (flow?.state !== state || flow.method !== method) {
    audit('signin.failed', { method, reason: 'not_begun_here' })
    throw new LoginRefused(
      'That sign-in was begun in another browser, is over, or took too long. Start it again here.',
    )
  }
  return { ...flow, returnTo: localPath(decode(returnTo)) }
}

function flowCookie(c: Context<AppEnv>, state: string): string {
  return cookieName(c, `flow-${idOf(state)}`)
}

function returnCookie(c: Context<AppEnv>, state: string): string {
  return cookieName(c, `return-${idOf(state)}`)
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
