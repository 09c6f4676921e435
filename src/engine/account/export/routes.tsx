// /account/export: a user downloads what this server keeps about them. Only a person who has just signed in: a browser that
// was left open must not hand it all to the next one who sits down.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { PageError } from '../../http/page-error.ts'
import { whereFrom } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import { logError } from '../../log/log.ts'
import { accountOf } from '../../people/account-store.ts'
import { owns } from '../../people/owners.ts'
import { loginUrl, orPage, readSession, type Session } from '../../people/session.ts'
import { dataOf, type ExportData } from './data.ts'
import { exportPage, Section } from './pages.tsx'

const PATH = '/account/export'
const FRESH_MS = 10 * 60 * 1000

/** The part of the account page that leads here. */
export function exportSection() {
  return <Section />
}

/** Below /account, which has checked that a form came from one of our pages. */
export function exportRoutes(exportData: ExportData): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/', async (c) => {
    const session = await readSession(c)
    return session ? pageFor(c, session, isFresh(session)) : c.redirect(loginUrl(PATH), 303)
  })

  app.post('/', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl(PATH), 303)
    if (!isFresh(session)) return pageFor(c, session, false)
    const data = await dataOf(c.env, session, exportData).catch(notNow)
    await orPage(accountOf(c.env, session.userId).noteExport(whereFrom(c)))
    audit('account.exported', { user: session.userId }, { person: session.identity })
    return download(c, data)
  })

  return app
}

function pageFor(c: Context<AppEnv>, session: Session, isFresh: boolean): Promise<Response> {
  return exportPage({ isFresh, owner: owns(c.get('settings'), session) })
}

/** Whether they signed in a moment ago. Guests cannot sign in again to the same account: their session is all they have. */
function isFresh({ signedInAt = 0, identity }: Session, now = Date.now()): boolean {
  return identity.expiresAt !== undefined || now - signedInAt < FRESH_MS
}

function notNow(error: unknown): never {
  logError(error)
  throw new PageError(
    503,
    'Your data could not be collected',
    'Something did not answer just now. Please try again in a minute.',
    { href: PATH, text: 'Try again' },
  )
}

function download(c: Context<AppEnv>, data: object): Response {
  const now = new Date().toISOString()
  const body = JSON.stringify({ exported_at: now, server: c.get('issuer'), ...data }, null, 2)
  return c.body(body, 200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': `attachment; filename="my-data-${now.slice(0, 10)}.json"`,
    'Cache-Control': 'no-store',
  })
}
