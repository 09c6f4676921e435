// /account: what a person has allowed, what happened lately, and taking it back. A client may hold several grants
// (each step-up makes one); the page shows one app, and Revoke ends all of them.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { ownForms } from '../http/own-page.ts'
import { ownWindow } from '../http/own-window.ts'
import { readForm } from '../http/parameters.ts'
import { audit } from '../log/audit.ts'
import { type LoginMethod, scriptOf } from '../login/method.ts'
import { activityOf } from '../oauth/grants/logged.ts'
import { grantIdsOf, MAX_REVOKED_AT_ONCE, revokeGrants } from '../oauth/grants/user-store.ts'
import type { Part } from '../oauth/part.ts'
import { accountPage } from '../pages/account.tsx'
import { erasedPage, erasePage, SURE } from '../pages/erase.tsx'
import type { Forget } from '../people/account-object.ts'
import { accountOf } from '../people/account-store.ts'
import type { Activity } from '../people/activity.ts'
import { owns } from '../people/owners.ts'
import { forgetSession, loginUrl, readSession, type Session } from '../people/session.ts'
import { byAppAndDay } from './activity.ts'
import { appsOf } from './apps.ts'
import { type Erased, erasePerson, leftOf } from './erase.ts'
import type { ExportData } from './export/data.ts'
import { exportRoutes, exportSection } from './export/routes.tsx'
import { sessionRoutes, sessionsSection } from './sessions.ts'

const MAX_ACTIVITY = 200
/** These are about a login method. */
const WITH_METHOD: readonly Activity['kind'][] = ['signed_in', 'session_ended']

const NOTICES: Record<string, string> = {
  revoked: 'Revoked. The app loses access within two minutes.',
  'revoked-all': 'All apps are revoked. They lose access within two minutes.',
  partly: `One press revokes at most ${MAX_REVOKED_AT_ONCE} approvals, and more are left. Press again: it goes on with them.`,
}

/**
 * @param methods whose sections the page shows
 * @param parts whose sections follow
 * @param forget how tools delete what they keep of a person
 * @param exportData what they keep
 */
export function accountRoutes(
  methods: readonly LoginMethod[],
  parts: readonly Part[],
  forget: Forget,
  exportData: ExportData,
): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const nameOf = (method: string) => methods.find(({ id }) => id === method)?.name ?? method

  app.use('/account/*', ownWindow, ownForms)

  app.route('/account/sessions', sessionRoutes)
  app.route('/account/export', exportRoutes(exportData))

  app.get('/account', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    const [{ apps, grants }, past, sections] = await Promise.all([
      appsOf(c.env, c.var, session.userId, c.req.query('apps')),
      accountOf(c.env, session.userId).past(MAX_ACTIVITY),
      Promise.all([
        ...[...methods, ...parts].map(({ accountSection }) => accountSection?.(c, session)),
        exportSection(),
      ]),
    ])
    const done = c.req.query('done')
    const recent = byAppAndDay([...past.activity.map(withNameOf), ...grants.flatMap(activityOf)])
    return accountPage({
      person: { ...session.identity, method: nameOf(session.method) },
      owner: owns(c.get('settings'), session),
      apps,
      activity: recent.slice(0, MAX_ACTIVITY),
      sections: [sessionsSection(past.sessions, session, nameOf, done), ...sections],
      script: scriptOf(methods),
      notice: NOTICES[done ?? ''],
    })
  })

  function withNameOf(one: Activity): Activity {
    return WITH_METHOD.includes(one.kind) ? { ...one, about: nameOf(one.about) } : one
  }

  app.post('/account/revoke', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    const clientId = (await readForm(c.req.raw)).require('client_id')
    return revoke(c, session, clientId, 'revoked')
  })

  app.post('/account/revoke-all', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    return revoke(c, session, undefined, 'revoked-all')
  })

  app.post('/account/sign-out-everywhere', async (c) => {
    const session = await readSession(c)
    if (session) {
      await accountOf(c.env, session.userId).signOutEverywhere()
      audit('signout.everywhere', { user: session.userId, by: 'user' }, { person: session.identity })
    }
    forgetSession(c)
    return c.redirect('/login', 303)
  })

  app.get('/account/erase', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account/erase'), 303)
    const left = c.req.query('done') === 'partly' ? await leftOf(c.env, session.userId) : undefined
    return erasePage({ ...questionFor(c, session), left })
  })

  app.post('/account/erase', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account/erase'), 303)
    if ((await readForm(c.req.raw)).get(SURE) === undefined) {
      return erasePage({ ...questionFor(c, session), unsure: true })
    }
    if ((await eraseOwn(c, session)) === 'partly') return c.redirect('/account/erase?done=partly', 303)
    forgetSession(c)
    const page = await erasedPage(afterErasure(session))
    // With the cookie that was deleted.
    return c.newResponse(page.body, page)
  })

  return app

  function eraseOwn({ env }: Context<AppEnv>, { userId, identity }: Session): Promise<Erased> {
    const again = { href: '/account/erase', text: 'Delete your data' }
    return erasePerson(env, userId, forget, { by: 'user', identity, again })
  }
}

function questionFor(c: Context<AppEnv>, session: Session) {
  const { name } = session.identity
  const owner = owns(c.get('settings'), session)
  return { name, owner, afterwards: afterErasure(session), action: '/account/erase', back: '/account' }
}

function afterErasure({ identity: { method, expiresAt } }: Session): string {
  if (expiresAt !== undefined) return 'As a guest, you cannot come back to this account.'
  return method === 'passkey'
    ? 'Only a passkey lets you in here: to come back you need a new invitation of the owner.'
    : 'You can still sign in as before, and find an account in which there is nothing.'
}

/** @param clientId of the one app; undefined for all of them */
async function revoke(
  c: Context<AppEnv>,
  { userId }: Session,
  clientId: string | undefined,
  done: string,
): Promise<Response> {
  // Only the user's own grants count, so that a form cannot name another user's.
  const ids = await grantIdsOf(c.env, userId, clientId)
  const { outcome } = await revokeGrants(c.env, ids, 'revoked_by_user')
  return c.redirect(`/account?done=${outcome === 'partly' ? 'partly' : done}`, 303)
}
