// /account/tokens: a user makes and revokes personal access tokens. docs/scripts.md says when to take one.
import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { AppEnv } from '../http/app-env.ts'
import { displayable } from '../http/displayable.ts'
import { Hono } from '../http/hono.ts'
import { ownForms } from '../http/own-page.ts'
import { ownWindow } from '../http/own-window.ts'
import { PageError } from '../http/page-error.ts'
import { type Parameters, readForm } from '../http/parameters.ts'
import { whereFrom } from '../http/requester.ts'
import { audit } from '../log/audit.ts'
import { describeScopes } from '../oauth/scopes.ts'
import { accountOf } from '../people/account-store.ts'
import { withinCeiling } from '../people/ceiling.ts'
import { secondsLeft } from '../people/identity.ts'
import { owns } from '../people/owners.ts'
import type { KeptToken } from '../people/personal-tokens.ts'
import { loginUrl, orPage, proofOf, readSession, type Session } from '../people/session.ts'
import { LIFETIMES, Section, tokenMadePage } from './pages.tsx'
import { makePersonalToken } from './token.ts'

const ACCOUNT = { href: '/account', text: 'Your account' } as const
const DAY_SECONDS = 24 * 60 * 60

export const tokenPages = new Hono<AppEnv>()

tokenPages.use('/account/tokens/*', ownWindow, ownForms, async (c, next) =>
  c.get('settings').personalTokens ? next() : c.notFound(),
)

tokenPages.post('/account/tokens/make', async (c) => {
  const session = await requireSession(c)
  const { userId, identity } = session
  const { text, hash } = await makePersonalToken(userId)
  const token = tokenIn(c, session, await readForm(c.req.raw), hash)
  const account = accountOf(c.env, userId)
  const outcome = await orPage(account.addPersonalToken(hash, token, whereFrom(c), proofOf(session)))
  if (outcome === 'signed_out') throw signedOut()
  if (outcome === 'too_many') {
    throw new PageError(409, 'Too many tokens', 'There are twenty already. Revoke one first.', ACCOUNT)
  }
  const { id, scopes } = token
  audit('personal_token.made', { user: userId, client: id, scopes }, { person: identity, app: token.name })
  // Not a redirect: only a hash is kept, so this answer is the only one that can show the token.
  const owner = owns(c.get('settings'), { userId, identity })
  return tokenMadePage({ owner, name: token.name, text, expiresAt: token.expiresAt })
})

tokenPages.post('/account/tokens/revoke', async (c) => {
  const { userId, identity } = await requireSession(c)
  const id = (await readForm(c.req.raw)).require('id')
  const revoked = await orPage(accountOf(c.env, userId).revokePersonalToken(id, whereFrom(c)))
  if (revoked) audit('personal_token.revoked', { user: userId, client: id, by: 'user' }, { person: identity })
  return c.redirect('/account?done=token-revoked#tokens', 303)
})

/** What the account page shows of them; undefined where they are off. */
export async function tokensSection(c: Context<AppEnv>, session: Session): Promise<Child> {
  if (!c.get('settings').personalTokens) return undefined
  const tokens = await orPage(accountOf(c.env, session.userId).personalTokens())
  return Section({ tokens, scopes: describeScopes(scopesFor(c, session)), done: c.req.query('done') })
}

/** @throws PageError 400 */
function tokenIn(c: Context<AppEnv>, session: Session, form: Parameters, hash: string): KeptToken {
  const name = displayable(form.get('name'))
  if (name === undefined) {
    throw new PageError(400, 'A name is missing', 'Say which script the token is for.', ACCOUNT)
  }
  const days = LIFETIMES.find((one) => String(one) === form.get('days'))
  if (days === undefined) {
    throw new PageError(400, 'How long?', 'Choose how long the token is to last.', ACCOUNT)
  }
  const { identity } = session
  const asked = form.all('scope')
  return {
    id: hash.slice(0, 16),
    name,
    // What is not offered is not given.
    scopes: scopesFor(c, session).filter((scope) => asked.includes(scope)),
    issuer: c.get('issuer'),
    identity,
    expiresAt: Date.now() + secondsLeft(identity, days * DAY_SECONDS) * 1000,
  }
}

function scopesFor(c: Context<AppEnv>, { identity }: Session): string[] {
  const [main] = c.get('resources')
  return withinCeiling(c.get('settings'), identity, main.scopes)
}

/** @throws PageError 403 */
async function requireSession(c: Context<AppEnv>): Promise<Session> {
  const session = await readSession(c)
  if (session) return session
  throw signedOut()
}

function signedOut(): PageError {
  const signIn = { href: loginUrl(ACCOUNT.href), text: 'Sign in' }
  return new PageError(403, 'You are signed out', 'Sign in, then try again.', signIn)
}
