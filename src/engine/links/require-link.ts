// What stands before a route that only a signed link opens.
import type { Context, MiddlewareHandler } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { PageError } from '../http/page-error.ts'
import { orPage } from '../people/session.ts'
import { userOfLink } from './link.ts'

interface LinkEnv {
  Bindings: Env
  Variables: {
    /** A tool made the link for this user. */
    user: { readonly id: string }
  }
}

/**
 * Lets a request pass that carries a link of `signedLink()` for its own path. The route finds the user in `c.get('user')`.
 * A link reads and changes nothing, because a mail scanner or a chat opens it, too: GET and HEAD only.
 */
export const requireLink: MiddlewareHandler<LinkEnv> = async (c, next) => {
  const { req, env, var: own } = c as unknown as Context<AppEnv>
  const reads = req.method === 'GET' || req.method === 'HEAD'
  const id = reads ? await orPage(userOfLink(env, own.settings, own.issuer, req.url)) : undefined
  if (id === undefined)
    throw new PageError(
      403,
      'This link no longer works',
      'It has ended or is incomplete. Ask the app for a new one.',
    )
  c.set('user', { id })
  await next()
}
