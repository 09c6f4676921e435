// Cookies of this origin alone, out of reach of scripts.
import type { Context } from 'hono'
import type { AppEnv } from './app-env.ts'

/**
 * What a cookie is called here. `__Host-` binds it to this host over https; a browser takes that name on http only
 * for localhost, and not every browser does.
 */
export function cookieName(c: Context<AppEnv>, name: string): string {
  return isSecure(c) ? `__Host-${name}` : `gatehouse-${name}`
}

// Lax: people come here from other sites, from a client to /authorize, from an upstream sign-in to its callback.
export function cookieOptions(c: Context<AppEnv>) {
  return { path: '/', httpOnly: true, secure: isSecure(c), sameSite: 'Lax' } as const
}

function isSecure(c: Context<AppEnv>): boolean {
  return c.get('issuer').startsWith('https:')
}
