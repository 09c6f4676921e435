// /admin: all users, the registrations and the recent security events, for the owner only. For other users who
// are signed in, there is nothing here.
import { erasePerson, leftOf } from '../account/erase.ts'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { ownForms } from '../http/own-page.ts'
import { ownWindow } from '../http/own-window.ts'
import { PageError } from '../http/page-error.ts'
import { readForm } from '../http/parameters.ts'
import type { LoginMethod } from '../login/method.ts'
import { appsPage } from '../pages/admin-apps.tsx'
import { peoplePage } from '../pages/admin-people.tsx'
import { personPage } from '../pages/admin-person.tsx'
import { askPage } from '../pages/ask.tsx'
import { erasePage, SURE } from '../pages/erase.tsx'
import type { Forget } from '../people/account-object.ts'
import { accountOf } from '../people/account-store.ts'
import { admissionOf, isUserId } from '../people/identity.ts'
import { owns } from '../people/owners.ts'
import { loginUrl, orPage, readSession } from '../people/session.ts'
import { ACTIONS, type Fields, requireAction, subjectOf } from './actions.ts'
import { ownerStays } from './end.ts'
import { eventRoutes } from './events/routes.ts'
import { nameOfPerson, people, person, registrations } from './overview.ts'

const NOTICES: Readonly<Record<string, string>> = {
  erased:
    'All data of that person is deleted, and they are signed out. They can sign in to an empty account if ALLOWED_USERS admits them.',
  gone: 'There was nothing left to end: it was over already.',
  partly: 'Not everything could be ended at once. Press it again: it goes on with what is left.',
}

function noticeOf(done = ''): string | undefined {
  return NOTICES[done] ?? (Object.hasOwn(ACTIONS, done) ? ACTIONS[done]?.notice : undefined)
}

/**
 * @param methods whose names are shown
 * @param forget how tools delete what they keep of a person
 */
export function adminRoutes(methods: readonly LoginMethod[], forget: Forget): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const nameOf = (method: string) => methods.find(({ id }) => id === method)?.name ?? method

  app.use('/admin/*', ownWindow, ownForms, async (c, next) => {
    const session = await readSession(c)
    if (session && !owns(c.get('settings'), session)) return c.notFound()
    if (!session) return c.redirect(loginUrl('/admin'), 303)
    c.set('owner', session.userId)
    return next()
  })

  app.get('/admin', async (c) => {
    const { q: text = '', guests, people: from, done } = c.req.query()
    const asked = { text, guests: guests !== undefined, from }
    const [found, invitations] = await Promise.all([
      people(c.env, asked, nameOf),
      orPage(accountOf(c.env, c.get('owner')).invitations()),
    ])
    const unlisted = found.shown.length === 0 && isUserId(text.trim()) ? text.trim() : undefined
    return peoplePage({ ...asked, people: found, unlisted, invitations, notice: noticeOf(done) })
  })

  app.get('/admin/apps', async (c) => {
    const { registrations: from, done } = c.req.query()
    return appsPage(await registrations(c.env, from), noticeOf(done))
  })

  app.route('/admin/events', eventRoutes(nameOf))

  app.get('/admin/person', async (c) => {
    const { user, apps: from, done } = c.req.query()
    const asked = { userId: requireUserId(user), from }
    return personPage(await person(c.env, c.var, asked, nameOf), noticeOf(done))
  })

  app.get('/admin/ask', async (c) => {
    const { do: name = '', ...query } = c.req.query()
    const { title, consequences, button, fields } = requireAction(name)
    const named = fieldsOf(fields, (field) => query[field])
    return askPage({
      title,
      subject: await subjectOf(c.env, named),
      consequences,
      button,
      action: `/admin/${name}`,
      fields: named,
      back: placeOf(named),
    })
  })

  for (const [name, action] of Object.entries(ACTIONS)) {
    app.post(`/admin/${name}`, async (c) => {
      const form = await readForm(c.req.raw)
      const fields = fieldsOf(action.fields, (field) => form.require(field))
      const { ownerId } = await admissionOf(c.get('settings'))
      const ended = await action.run(c.env, { actor: c.get('owner'), ownerId }, fields)
      const place = placeOf(fields)
      const done = ended === 'ended' ? name : ended
      return c.redirect(`${place}${place.includes('?') ? '&' : '?'}done=${done}`, 303)
    })
  }

  app.get('/admin/erase', async (c) => {
    const { user, done } = c.req.query()
    const userId = requireUserId(user)
    const left = done === 'partly' ? await leftOf(c.env, userId) : undefined
    return erasePage({ ...(await questionAbout(c.env, userId)), left })
  })

  app.post('/admin/erase', async (c) => {
    const form = await readForm(c.req.raw)
    const userId = requireUserId(form.get('user'))
    if (form.get(SURE) === undefined) {
      return erasePage({ ...(await questionAbout(c.env, userId)), unsure: true })
    }
    const { ownerId } = await admissionOf(c.get('settings'))
    if (userId === ownerId && c.get('owner') !== ownerId) throw ownerStays()
    const again = { href: erasePath(userId), text: 'Delete a person’s data' }
    const erased = await erasePerson(c.env, userId, forget, { by: 'owner', actor: c.get('owner'), again })
    return c.redirect(erased === 'erased' ? '/admin?done=erased' : `${erasePath(userId)}&done=partly`, 303)
  })

  return app
}

async function questionAbout(env: Env, userId: string) {
  return {
    owner: true,
    userId,
    name: await nameOfPerson(env, userId),
    afterwards:
      'If ALLOWED_USERS admits them, they can sign in again to an empty account, even if they were disabled. A user with only a passkey needs a new invitation.',
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

/** Those that are there. */
function fieldsOf(names: readonly (keyof Fields)[], given: (name: keyof Fields) => string | undefined) {
  const entries = names.flatMap((name) => {
    const value = given(name)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(entries) as Fields & Record<string, string>
}

/** The page that shows what a button ends. */
function placeOf({ user, registration }: Fields): string {
  if (registration !== undefined) return '/admin/apps'
  return user !== undefined && isUserId(user) ? `/admin/person?user=${user}` : '/admin'
}
