// Cross-site request forgery: a form counts only when one of our own pages sent it.
import type { Context, MiddlewareHandler } from 'hono'
import type { AppEnv } from './app-env.ts'
import { PageError } from './page-error.ts'

/**
 * Browsers say where a request comes from, and no page can make them lie. A browser too old for fetch metadata still
 * names its Origin. @throws PageError 403
 */
export function requireOwnPage(c: Context<AppEnv>): void {
  const site = c.req.header('Sec-Fetch-Site')
  const own = site === undefined ? c.req.header('Origin') === c.get('issuer') : site === 'same-origin'
  if (!own) {
    throw new PageError(
      403,
      'This did not come from here',
      'Another site sent this form. Nothing was changed.',
    )
  }
}

/** For pages whose forms only they send. @throws PageError 403 */
export const ownForms: MiddlewareHandler<AppEnv> = (c, next) => {
  if (c.req.method === 'POST') requireOwnPage(c)
  return next()
}
