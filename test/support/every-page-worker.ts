// The Worker of login-worker.ts with what further pages need: a server beside the main one, and at /signed-in-long-ago a
// session that began before.
import './login-worker-lists.ts'
import './further-scopes.ts'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Scope } from '#config'
import { seal, unseal } from '#engine/crypto/seal.ts'
import type { AppEnv } from '#engine/http/app-env.ts'
import { cookieName, cookieOptions } from '#engine/http/cookies.ts'
import { defineServer } from '#engine/mcp/servers/define-server.ts'
import { routes } from '../fixture/src/routes.ts'
import { servers } from '../fixture/src/server/index.ts'

servers.push(
  defineServer({
    url: 'https://reports.example/mcp',
    name: `Reports of ${'many years '.repeat(9)}`,
    scopes: ['reports:read' as string as Scope],
  }),
)

routes.get('/signed-in-long-ago', async (own) => {
  const c = own as unknown as Context<AppEnv>
  const { settings, issuer } = c.var
  const name = cookieName(c, 'session')
  const session = await unseal(settings, 'session', issuer, getCookie(c, name) ?? '')
  const aged = await seal(settings, 'session', issuer, { ...session, signedInAt: 0 }, 3600)
  setCookie(c, name, aged, cookieOptions(c))
  return c.redirect('/account/export')
})

export * from '#worker'
export { default } from '#worker'
