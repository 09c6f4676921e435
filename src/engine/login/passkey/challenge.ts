// What a passkey has to sign: random, for five minutes, for one purpose, and for the browser that asked, which keeps it
// in a sealed cookie. That it is used once is the account object's to decide.
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { LIFETIME } from '#config'
import { seal, unseal } from '../../crypto/seal.ts'
import { randomSecret } from '../../crypto/secrets.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { cookieName, cookieOptions } from '../../http/cookies.ts'

const COOKIE = 'passkey'

export const NO_CHALLENGE = 'That took more than five minutes, or was begun in another tab. Please try again.'

/** What the answer to a challenge will be good for. */
type Purpose =
  | { readonly to: 'sign in' }
  | { readonly to: 'add'; readonly userId: string }
  | { readonly to: 'join'; readonly invitation: string }

interface Given {
  readonly challenge: string
  readonly purpose: Purpose
}

/** @returns the challenge, 32 random bytes in base64url */
export async function giveChallenge(c: Context<AppEnv>, purpose: Purpose): Promise<string> {
  const given: Given = { challenge: randomSecret(), purpose }
  const sealed = await seal(c.get('settings'), 'passkey', c.get('issuer'), given, LIFETIME.passkeyChallenge)
  const options = { ...cookieOptions(c), maxAge: LIFETIME.passkeyChallenge }
  setCookie(c, cookieName(c, COOKIE), sealed, options)
  return given.challenge
}

/** The challenge that this browser was given for this purpose; undefined when there is none, or it is too old. */
export async function givenChallenge<To extends Purpose['to']>(
  c: Context<AppEnv>,
  to: To,
): Promise<{ challenge: string; purpose: Extract<Purpose, { to: To }> } | undefined> {
  const sealed = getCookie(c, cookieName(c, COOKIE))
  const given = sealed && (await unseal<Given>(c.get('settings'), 'passkey', c.get('issuer'), sealed))
  if (!given || given.purpose.to !== to) return undefined
  return given as { challenge: string; purpose: Extract<Purpose, { to: To }> }
}
