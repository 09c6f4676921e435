// The first check of every request: which origin this server is, and whether the request came to it.
import type { Context, MiddlewareHandler } from 'hono'
import { loadSettings, type Settings } from '../settings/load.ts'
import { isLoopback } from '../settings/secure-address.ts'
import type { AppEnv } from './app-env.ts'
import { PageError } from './page-error.ts'

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

/** The origin, or the answer to a request that came to another one. @throws PageError 421 */
function originOf(c: Context, { publicUrl }: Settings): string | Response {
  const url = new URL(c.req.url)
  if (isTunneled(c, url)) return localNamesOnly(c)
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    // On a computer of one's own nothing answers there, and `wrangler dev` writes the redirect back to http.
    if (isNavigation(c) && !isAtEdge(c)) return localNamesOnly(c)
    if (isNavigation(c)) return c.redirect(`https://${url.host}${url.pathname}${url.search}`, 308)
    return c.json(
      { error: 'invalid_request', error_description: 'Only https is served here, and http at local names.' },
      403,
    )
  }
  const issuer = publicUrl ?? url.origin
  if (url.origin === issuer) return issuer
  if (isNavigation(c)) return c.redirect(`${issuer}${url.pathname}${url.search}`, 308)
  return c.json({ error: 'invalid_request', error_description: `This server is ${issuer}` }, 421)
}

// A tunnel to this computer has ended TLS: https, where a redirect would lead, comes back as http. It names the tunnel as
// Host, or writes localhost there and the tunnel elsewhere.
function isTunneled(c: Context, { protocol, host }: URL): boolean {
  if (protocol === 'https:' || firstOf(c, 'X-Forwarded-Proto') !== 'https') return false
  const name = firstOf(c, 'X-Forwarded-Host') ?? host
  return !isLoopback(name.replace(/:\d+$/, ''))
}

// Cloudflare gives each request an id. A tunnel of Cloudflare passes it on, too; isTunneled() comes first.
function isAtEdge(c: Context): boolean {
  return c.req.header('CF-Ray') !== undefined
}

function firstOf(c: Context, header: string): string | undefined {
  return c.req.header(header)?.split(',')[0]?.trim().toLowerCase()
}

function localNamesOnly(c: Context): Response {
  const why =
    'This server runs on one computer and serves local names only, such as http://localhost:8787, whether or not a ' +
    'tunnel in front of it ends TLS. Deploy it (npm run deploy) to reach it from elsewhere.'
  if (isNavigation(c)) throw new PageError(421, 'This address is not served here', why)
  return c.json({ error: 'invalid_request', error_description: why }, 421)
}

function isNavigation(c: Context): boolean {
  return c.req.method === 'GET' && (c.req.header('Accept') ?? '').includes('text/html')
}
