// /login and /logout, around the login methods that are on.
import type { Context } from 'hono'
import type { AppEnv, UpstreamScopes } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { requireOwnPage } from '../http/own-page.ts'
import { readForm } from '../http/parameters.ts'
import { log } from '../log/log.ts'
import { loginPage, type SentBy } from '../pages/login.tsx'
import { localPath, loginUrl, readSession, signOut } from '../people/session.ts'
import { type LoginMethod, scriptOf } from './method.ts'
import { LoginRefused } from './refused.ts'

/**
 * @param upstreamScopes what the tools want to do upstream, by login method
 * @param appAt the app whose request is at a path, where there is one
 */
export function loginRoutes(
  methods: readonly LoginMethod[],
  upstreamScopes: UpstreamScopes,
  appAt: (c: Context<AppEnv>, path: string) => Promise<SentBy | undefined>,
): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.use('/login/*', async (c, next) => {
    c.set('upstreamScopes', upstreamScopes)
    if (c.req.method === 'POST') {
      requireOwnPage(c)
      c.set('form', await readForm(c.req.raw))
    }
    await next()
  })

  const showForms = async (c: Context<AppEnv>, returnTo: string, refused?: LoginRefused) => {
    const shown = (place: LoginMethod['place']) =>
      methods.filter((one) => one.place === place).map(({ View }) => <View returnTo={returnTo} />)
    const forms = [...shown('first'), ...shown(undefined)]
    const ofOwner = { forms: shown('owner'), isOpen: forms.length === 0 || triedAsOwner(c, methods) }
    const { message, status, retryAfter } = refused ?? {}
    const sentBy = await appAt(c, returnTo)
    return loginPage({
      sentBy,
      forms,
      ofOwner,
      script: scriptOf(methods),
      refusal: message,
      status,
      retryAfter,
    })
  }

  app.get('/login', async (c) => {
    const returnTo = localPath(c.req.query('return_to'))
    return (await readSession(c)) ? c.redirect(returnTo, 303) : showForms(c, returnTo)
  })

  app.post('/logout', async (c) => {
    requireOwnPage(c)
    const returnTo = (await readForm(c.req.raw)).get('return_to')
    await signOut(c)
    log('signout', {})
    return c.redirect(returnTo === undefined ? '/login' : loginUrl(localPath(returnTo)), 303)
  })

  for (const method of methods) app.route(`/login/${method.id}`, refusedToForms(method.routes))
  return app

  function refusedToForms(routes: Hono<AppEnv>): Hono<AppEnv> {
    return new Hono<AppEnv>().route('/', routes).onError(async (error, c: Context<AppEnv>) => {
      if (!(error instanceof LoginRefused)) throw error
      const page = await showForms(c, localPath(returnToOf(c)), error)
      // With the cookies that the method has set or deleted: what was tried once cannot be tried again.
      return c.newResponse(page.body, page)
    })
  }
}

/** Where the person was going, so that a wrong passphrase does not lose their way. */
function returnToOf(c: Context<AppEnv>): string | undefined {
  const returnTo = c.get('returnTo')
  if (returnTo !== undefined) return returnTo
  return c.req.method === 'POST' ? c.get('form').get('return_to') : c.req.query('return_to')
}

function triedAsOwner(c: Context<AppEnv>, methods: readonly LoginMethod[]): boolean {
  return methods.some(({ id, place }) => place === 'owner' && c.req.path === `/login/${id}`)
}
