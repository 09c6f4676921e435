// Read first: how the parts are wired. A request meets guardOrigin, then one of these:
//   /mcp                            the MCP server and its bearer check                      mcp/
//   /authorize, /token, /register…  the authorization server that issues those bearers       oauth/
//                                   (AUTHORIZATION_SERVERS puts somebody else's in its place)
//   /login, /logout                 who a person is                                          login/
//   /account                        what they have allowed, and taking it back               account/
//   /admin                          the same of everybody, for the owner alone               admin/
// To add a tool: tools/index.ts. To change login: login/index.ts. The look: pages/theme.ts. Scopes and lifetimes: config.ts.
import { Hono } from 'hono'
import { LinearRouter } from 'hono/router/linear-router'
import { accountObject } from './account/object.ts'
import { accountRoutes } from './account/routes.ts'
import { adminRoutes } from './admin/routes.ts'
import { logError } from './log.ts'
import { loginMethods } from './login/index.ts'
import { loginRoutes } from './login/routes.tsx'
import { upstreamScopesOf } from './mcp/define-tool.ts'
import { mcpEndpoint } from './mcp/endpoint.ts'
import { legacySession } from './mcp/sessions/object.ts'
import { OAuthError } from './oauth/errors.ts'
import { resourceOf } from './oauth/resource.ts'
import { authorizationEndpoint, machineEndpoints, resourceEndpoints } from './oauth/routes.ts'
import { type AppEnv, guardOrigin, secureHeaders } from './origin.ts'
import { errorPage, PageError, UNEXPECTED } from './pages/error.tsx'
import { homePage } from './pages/home.tsx'
import { isLoopback } from './secure-address.ts'
import { ConfigError } from './settings/setting.ts'
import { forget, tools } from './tools/index.ts'

export { AuditObject } from './audit/object.ts'
export { SeenObject } from './oauth/assertions/seen-object.ts'
export { ClientObject } from './oauth/clients/object.ts'
export { GrantObject } from './oauth/grants/object.ts'
export { Notebook } from './tools/notes/notebook.ts'
export class AccountObject extends accountObject(forget) {}
export class LegacySession extends legacySession(tools) {}

// A router that prepares nothing, and goes through the routes one by one: Hono's usual one compiles all of them in the
// first request of an isolate, which takes milliseconds, to save each later one a microsecond.
const app = new Hono<AppEnv>({ router: new LinearRouter() })
app.use(secureHeaders, guardOrigin)
app.route('/', mcpEndpoint(tools))
app.route('/', resourceEndpoints)
app.get('/', (c) => {
  const { issuer, config } = c.var
  const local = isLoopback(new URL(issuer).hostname)
  return homePage({ mcpUrl: resourceOf(issuer), local, signsInHere: config.ownAuthorizationServer })
})
// Whatever follows is there for the authorization server that is built in, and only as long as it is in force.
app.use(async (c, next) => (c.get('config').ownAuthorizationServer ? next() : c.notFound()))
app.route('/', machineEndpoints)
app.route('/', authorizationEndpoint)
app.route('/', loginRoutes(loginMethods, upstreamScopesOf(tools)))
app.route('/', accountRoutes(loginMethods, forget))
app.route('/', adminRoutes(loginMethods, forget))

app.notFound((c) => {
  const wantsPage = (c.req.header('Accept') ?? '').includes('text/html')
  if (!wantsPage) return c.json({ error: 'not_found' }, 404)
  return errorPage(
    new PageError(404, 'There is nothing here', 'The address may be mistyped.', { href: '/', text: 'Home' }),
  )
})

app.onError((error) => {
  if (error instanceof ConfigError) {
    console.error(error.message)
    return new Response(`${error.message}\n`, { status: 500 })
  }
  if (error instanceof PageError) return errorPage(error)
  if (error instanceof OAuthError)
    return errorPage(new PageError(error.status, 'That did not work', error.description))
  logError(error)
  return errorPage(UNEXPECTED)
})

export default app
