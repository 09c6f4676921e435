// Which origin this server is, and from where a request may come. The first thing that every request meets.
import type { Context, MiddlewareHandler } from 'hono'
import { PageError } from './pages/error.tsx'
import { isLoopback } from './secure-address.ts'
import { type Config, loadConfig } from './settings/load.ts'

/** What every handler finds in its context. */
export interface AppEnv {
  Bindings: Env
  Variables: {
    config: Config
    /** An origin without a trailing slash. */
    issuer: string
    /** Within /login: which upstream scopes the tools want, by login method. */
    upstreamScopes: UpstreamScopes
    /** Within /login: where a person who is on their way through another site was going. */
    returnTo?: string
  }
}

export type UpstreamScopes = Readonly<Record<string, readonly string[]>>

/**
 * Plain http is for this computer alone: elsewhere it could be read on its way, and a foreign Host on a local
 * server is a page that has rebound its name. With PUBLIC_URL set, no other hostname is served.
 */
export const guardOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = loadConfig(c.env)
  const issuer = isUnder(config.publicUrl, c.req.url) ? config.publicUrl : originOf(c, config)
  if (issuer instanceof Response) return issuer
  c.set('config', config)
  c.set('issuer', issuer)
  await next()
}

// What nearly every request of a deployment is, told without reading the URL in its parts.
function isUnder(publicUrl: string | undefined, url: string): publicUrl is string {
  return publicUrl !== undefined && url.startsWith(`${publicUrl}/`)
}

/** Which origin this is, or the answer to a request that came to another. */
function originOf(c: Context, { publicUrl }: Config): string | Response {
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

/** What every answer says to a browser, whoever gave it: no guessing of types, no cache unless one is named. */
export const secureHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  const { headers } = withoutGuessing(c)
  // Not `no-referrer`: with it Chromium sends `Origin: null` from our own forms.
  headers.set('Referrer-Policy', 'same-origin')
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  if (c.req.url.startsWith('https:')) headers.set('Strict-Transport-Security', 'max-age=31536000')
}

// The answer of another server has headers that cannot be changed, and is copied for it. A copy costs a twentieth of a
// call, so that no other answer is.
function withoutGuessing(c: Context): Response {
  const header = ['X-Content-Type-Options', 'nosniff'] as const
  try {
    c.res.headers.set(...header)
  } catch {
    c.header(...header)
  }
  return c.res
}

function isNavigation(c: Context): boolean {
  return c.req.method === 'GET' && (c.req.header('Accept') ?? '').includes('text/html')
}

/**
 * A form may be sent only from one of our own pages. Browsers say where a request comes from and no page can make
 * them lie; a browser too old for fetch metadata still names its Origin. @throws PageError 403
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

/** From where in the world a request comes, as far as Cloudflare tells: a town and a country, never an address. */
export function whereFrom(c: Context): string {
  const { city, country } = (c.req.raw.cf ?? {}) as { city?: string; country?: string }
  return [city, country].filter(Boolean).join(', ')
}
