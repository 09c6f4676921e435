// The open sessions of a person on the account page, and ending one of them.
import type { Child } from 'hono/jsx'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { readForm } from '../http/parameters.ts'
import { log } from '../log/log.ts'
import { SessionsSection } from '../pages/account-sessions.tsx'
import { accountOf } from '../people/account-store.ts'
import { MOST, type OpenSession } from '../people/open-sessions.ts'
import { loginUrl, orPage, readSession, type Session } from '../people/session.ts'

const ENDED = 'session-ended'

export const sessionRoutes = new Hono<AppEnv>()

sessionRoutes.post('/end', async (c) => {
  const session = await readSession(c)
  if (!session) return c.redirect(loginUrl('/account'), 303)
  // The person's own object looks for it, so that a form cannot name another person's.
  const id = (await readForm(c.req.raw)).require('id')
  if (await orPage(accountOf(c.env, session.userId).endOpenSession(id))) log('signout', {})
  return c.redirect(`/account?done=${ENDED}#sessions`, 303)
})

/**
 * What the account page shows of them.
 * @param nameOf what people call a login method
 */
export function sessionsSection(
  sessions: readonly OpenSession[],
  { id: ownId }: Session,
  nameOf: (method: string) => string,
  done: string | undefined,
): Child {
  return SessionsSection({
    sessions: sessions.map((one) => ({ ...one, method: nameOf(one.method), isThis: one.id === ownId })),
    more: sessions.length >= MOST,
    notice: done === ENDED ? 'That session is over.' : undefined,
  })
}
