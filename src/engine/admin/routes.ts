// /admin: everybody's apps, the registrations and the recent security events, for the owner alone. For anybody else who
// is signed in, there is nothing here.
import { type Context, Hono } from 'hono'
import { erasePerson } from '../account/erase.ts'
import type { AppEnv } from '../http/app-env.ts'
import { requireOwnPage } from '../http/own-page.ts'
import { ownWindow } from '../http/own-window.ts'
import { PageError } from '../http/page-error.ts'
import { readForm } from '../http/parameters.ts'
import type { LoginMethod } from '../login/method.ts'
import type { Ended } from '../oauth/grants/user-store.ts'
import { adminPage } from '../pages/admin.tsx'
import { erasePage, SURE } from '../pages/erase.tsx'
import type { Forget } from '../people/account-object.ts'
import { isOwner, isUserId } from '../people/identity.ts'
import { loginUrl, readSession } from '../people/session.ts'
import { endApp, endPerson, endRegistration } from './end.ts'
import { happened, nameOfPerson, people, registrations } from './overview.ts'

const NOTICES: Record<string, string> = {
  app: 'Revoked. The app is out within two minutes.',
  person:
    'Their apps are revoked, and they are signed out everywhere. They can come back while ALLOWED_USERS or a passkey lets them in.',
  registration: 'Removed. Its apps are out within two minutes, and it has to introduce itself again.',
  erased:
    'Whatever was kept of that person is deleted, and they are signed out. They can come back with an empty account while ALLOWED_USERS lets them in.',
  gone: 'There was nothing left to end: it was over already.',
  partly: 'Not everything could be ended at once. Wait a minute, then press it again.',
}

/**
 * @param methods whose names are shown
 * @param forget how tools delete what they keep of a person
 */
export function adminRoutes(methods: readonly LoginMethod[], forget: Forget): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const nameOf = (method: string) => methods.find(({ id }) => id === method)?.name ?? method

  app.use('/admin/*', ownWindow, async (c, next) => {
    const session = await readSession(c)
    if (session && !isOwner(c.get('settings'), session.identity)) return c.notFound()
    if (c.req.method === 'POST') requireOwnPage(c)
    if (!session) return c.redirect(loginUrl('/admin'), 303)
    c.set('owner', session.userId)
    return next()
  })

  app.get('/admin', async (c) => {
    const { env } = c
    const { done = '', people: ofPeople, registrations: ofRegistrations } = c.req.query()
    const [persons, registered, events] = await Promise.all([
      people(env, ofPeople, nameOf),
      registrations(env, ofRegistrations),
      happened(env, nameOf),
    ])
    return adminPage({
      people: persons,
      registrations: registered,
      events,
      reader: c.get('owner'),
      notice: NOTICES[done],
    })
  })

  app.post('/admin/revoke', async (c) => {
    const form = await readForm(c.req.raw)
    return back(
      c,
      'app',
      await endApp(c.env, c.get('owner'), form.require('user'), form.require('client_id')),
    )
  })

  app.post('/admin/revoke-all', async (c) => {
    const form = await readForm(c.req.raw)
    return back(c, 'person', await endPerson(c.env, c.get('owner'), form.require('user')))
  })

  app.post('/admin/remove', async (c) => {
    const form = await readForm(c.req.raw)
    return back(c, 'registration', await endRegistration(c.env, c.get('owner'), form.require('registration')))
  })

  app.get('/admin/erase', async (c) => {
    const { user, done } = c.req.query()
    return erasePage({ ...(await questionAbout(c.env, requireUserId(user))), partly: done === 'partly' })
  })

  app.post('/admin/erase', async (c) => {
    const form = await readForm(c.req.raw)
    const userId = requireUserId(form.get('user'))
    if (form.get(SURE) === undefined) {
      return erasePage({ ...(await questionAbout(c.env, userId)), unsure: true })
    }
    const again = { href: erasePath(userId), text: 'Delete a person’s data' }
    const erased = await erasePerson(c.env, userId, forget, { by: 'owner', actor: c.get('owner'), again })
    return c.redirect(erased === 'erased' ? '/admin?done=erased' : `${erasePath(userId)}&done=partly`, 303)
  })

  return app
}

async function questionAbout(env: Env, userId: string) {
  return {
    userId,
    name: await nameOfPerson(env, userId),
    afterwards:
      'Whom ALLOWED_USERS lets in can sign in again, and finds an account in which there is nothing. Whoever has only a passkey needs a new invitation.',
    action: '/admin/erase',
    back: '/admin',
  }
}

function erasePath(userId: string): string {
  return `/admin/erase?user=${userId}`
}

/** @throws PageError 400 */
function requireUserId(text = ''): string {
  const userId = text.trim()
  if (isUserId(userId)) return userId
  throw new PageError(
    400,
    'That is not the id of a person',
    'It begins with user_ and has 43 letters after that. The list of people has it, and the log.',
    { href: '/admin', text: 'Your server' },
  )
}

function back(c: Context<AppEnv>, what: string, ended: Ended): Response {
  return c.redirect(`/admin?done=${ended === 'ended' ? what : ended}`, 303)
}
