// /account: what a person has allowed, what happened lately, and taking it back. A client may hold several grants
// (each step-up makes one); the page shows one app, and Revoke ends all of them.
import { type Context, Hono } from 'hono'
import { isOwner } from '../identity.ts'
import { log } from '../log.ts'
import { type LoginMethod, scriptOf } from '../login/method.ts'
import { endSession, loginUrl, readSession, type Session } from '../login/session.ts'
import { activityOf, type GrantDescription } from '../oauth/grants/object.ts'
import { grantsOf, revokeGrant } from '../oauth/grants/store.ts'
import { readForm } from '../oauth/parameters.ts'
import { type AppEnv, requireOwnPage } from '../origin.ts'
import { accountPage } from '../pages/account.tsx'
import { erasedPage, erasePage, SURE } from '../pages/erase.tsx'
import type { Activity } from './activity.ts'
import { groupByClient } from './apps.ts'
import { type Erased, erasePerson } from './erase.ts'
import type { Forget } from './object.ts'
import { accountOf } from './store.ts'

const MAX_ACTIVITY = 200

const NOTICES: Record<string, string> = {
  revoked: 'Revoked. The app is out within two minutes.',
  'revoked-all': 'All apps are revoked. They are out within two minutes.',
}

/**
 * @param methods whose sections the page shows
 * @param forget how tools delete what they keep of a person
 */
export function accountRoutes(methods: readonly LoginMethod[], forget: Forget): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const nameOf = (method: string) => methods.find(({ id }) => id === method)?.name ?? method

  app.get('/account', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    const [grants, past, sections] = await Promise.all([
      grantsOf(c.env, session.userId),
      accountOf(c.env, session.userId).activity(MAX_ACTIVITY),
      Promise.all(methods.map(({ accountSection }) => accountSection?.(c, session))),
    ])
    const recent = [...past.map(withNameOf), ...grants.flatMap(activityOf)].sort((a, b) => b.at - a.at)
    return accountPage({
      person: { ...session.identity, method: session.method },
      apps: groupByClient(grants),
      activity: recent.slice(0, MAX_ACTIVITY),
      sections,
      script: scriptOf(methods),
      adminPath: isOwner(c.get('config'), session.identity) ? '/admin' : undefined,
      notice: NOTICES[c.req.query('done') ?? ''],
    })
  })

  function withNameOf(one: Activity): Activity {
    return one.kind === 'signed_in' ? { ...one, about: nameOf(one.about) } : one
  }

  app.post('/account/revoke', async (c) => {
    const session = await requireSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    const clientId = (await readForm(c.req.raw)).require('client_id')
    // Looked up among the person's own grants, so that nobody can name another's.
    await revoke(c, session, (grant) => grant.record.clientId === clientId)
    return c.redirect('/account?done=revoked', 303)
  })

  app.post('/account/revoke-all', async (c) => {
    const session = await requireSession(c)
    if (!session) return c.redirect(loginUrl('/account'), 303)
    await revoke(c, session, () => true)
    return c.redirect('/account?done=revoked-all', 303)
  })

  app.post('/account/sign-out-everywhere', async (c) => {
    const session = await requireSession(c)
    if (session) {
      await accountOf(c.env, session.userId).signOutEverywhere()
      log('signout.everywhere', { user: session.userId, by: 'user' }, { person: session.identity })
    }
    endSession(c)
    return c.redirect('/login', 303)
  })

  app.get('/account/erase', async (c) => {
    const session = await readSession(c)
    if (!session) return c.redirect(loginUrl('/account/erase'), 303)
    return erasePage({ ...questionFor(session), partly: c.req.query('done') === 'partly' })
  })

  app.post('/account/erase', async (c) => {
    const session = await requireSession(c)
    if (!session) return c.redirect(loginUrl('/account/erase'), 303)
    if ((await readForm(c.req.raw)).get(SURE) === undefined) {
      return erasePage({ ...questionFor(session), unsure: true })
    }
    if ((await eraseOwn(c, session)) === 'partly') return c.redirect('/account/erase?done=partly', 303)
    endSession(c)
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

function questionFor(session: Session) {
  const { name } = session.identity
  return { name, afterwards: afterErasure(session), action: '/account/erase', back: '/account' }
}

function afterErasure({ identity: { method, expiresAt } }: Session): string {
  if (expiresAt !== undefined) return 'As a guest, you cannot come back to this account.'
  return method === 'passkey'
    ? 'Only a passkey lets you in here: to come back you need a new invitation of the owner.'
    : 'You can still sign in as before, and find an account in which there is nothing.'
}

async function requireSession(c: Context<AppEnv>): Promise<Session | undefined> {
  requireOwnPage(c)
  return readSession(c)
}

async function revoke(
  c: Context<AppEnv>,
  { userId }: Session,
  which: (grant: GrantDescription) => boolean,
): Promise<void> {
  const grants = (await grantsOf(c.env, userId)).filter(which)
  for (const { record } of grants) await revokeGrant(c.env, record.id, 'revoked_by_user')
}
