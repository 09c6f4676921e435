// The first check of every request: which origin this server is, and whether the request came to it.
import type { Context, MiddlewareHandler } from 'hono'
import { loadSettings, type Settings } from '../settings/load.ts'
import { isLoopback } from '../settings/secure-address.ts'
import type { AppEnv } from './app-env.ts'

/**
 * Plain http is for loopback only: elsewhere others could read it, and a foreign Host on a local server is a page that
 * rebound its name. With PUBLIC_URL set, no other hostname is served.
 */
export const guardOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const settings = loadSettings(c.env)
  const issuer = isUnder(settings.publicUrl, c.req.url) ? settings.publicUrl : originOf(c, settings)
  if (issuer instanceof Response) return issuer
  c.set('settings', settings)
  c.set('issuer', issuer)
  await next()
}

// True for nearly every request of a deployment, without parsing the URL.
function isUnder(publicUrl: string | undefined, url: string): publicUrl is string {
  return publicUrl !== undefined && url.startsWith(`${publicUrl}/`)
}

/** The origin, or the answer to a request that came to another one. */
function originOf(c: Context, { publicUrl }: Settings): string | Response {
  const url = new URL(c.req.url)
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    if (isNavigation(c)) return c.redirect(`https://${url.host}${url.pathname}${url.search}`, 308)
    return c.json({ error: 'invalid_request', error_description: 'Only https is served here.' }, 403)
  }
  const issuer = publicUrl ?? url.origin
  if (url.origin === issuer) return issuer
  if (isNavigation(c)) return c.redirect(`${issuer}${url.pathname}${url.search}`, 308)
  return c.json({ error: 'invalid_request', error_description: `This server is ${issuer}` }, 421)
}

function isNavigation(c: Context): boolean {
  return c.req.method === 'GET' && (c.req.header('Accept') ?? '').includes('text/html')
}
