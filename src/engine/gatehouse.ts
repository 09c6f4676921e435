// The wiring. A request meets guardOrigin, then one of these:
//   /mcp                            the MCP server and its bearer check                      mcp/
//   /authorize, /token, /register…  the authorization server that issues those bearers       oauth/
//                                   (AUTHORIZATION_SERVERS puts another one in its place)
//   /login, /logout                 who a person is                                          login/
//   /account                        what they have allowed, and revoking it                  account/
//   /admin                          the same for everybody, for the owner alone              admin/
//   what else the fork has          its routes, and the files in public/                     own/
import type { Context } from 'hono'
import type { ExportData } from './account/export/data.ts'
import { accountRoutes } from './account/routes.ts'
import { noteSignIns, withDirectory, withDirectoryEntry } from './admin/directory/store.ts'
import { adminRoutes } from './admin/routes.ts'
import { raiseAlerts } from './alerts/alerts.ts'
import { directoryRoutes } from './directories/routes.ts'
import type { AppEnv } from './http/app-env.ts'
import { errorResponse, OAuthError } from './http/errors.ts'
import { Hono } from './http/hono.ts'
import { guardOrigin } from './http/origin-guard.ts'
import { PageError } from './http/page-error.ts'
import { Router } from './http/router.ts'
import { secureHeaders } from './http/secure-headers.ts'
import { logError, watchLines } from './log/log.ts'
import type { LoginMethod } from './login/method.ts'
import { loginRoutes } from './login/routes.tsx'
import { type Catalog, type Served, upstreamScopesOf, withViews } from './mcp/catalog.ts'
import { mcpEndpoint } from './mcp/endpoint.ts'
import { foreignEndpoints } from './mcp/foreign-tokens/endpoints.ts'
import type { FurtherServer } from './mcp/servers/server.ts'
import { legacySession } from './mcp/sessions/object.ts'
import { askingApp } from './oauth/endpoints/asking-app.ts'
import type { Part } from './oauth/part.ts'
import { authorizationEndpoint, machineEndpoints, resourceEndpoints } from './oauth/routes.ts'
import type { Own } from './own/own-routes.ts'
import { errorPage, NOT_SET_UP, UNEXPECTED } from './pages/error.tsx'
import { favicon } from './pages/favicon.ts'
import type { Home } from './pages/home.tsx'
import { accountObject, type Forget } from './people/account-object.ts'
import { identifierOf, type Resources, withMain } from './settings/resources.ts'
import { isLoopback } from './settings/secure-address.ts'
import { SettingsError } from './settings/setting.ts'

/** What a fork brings. */
interface Fork {
  /** The login methods, in the order of the sign-in page. */
  readonly login: readonly LoginMethod[]
  /** What the MCP server offers. */
  readonly tools: Catalog['tools']
  readonly resources?: Catalog['resources']
  readonly prompts?: Catalog['prompts']
  /** Further MCP servers behind the same gate, beside the one at /mcp. */
  readonly servers?: readonly FurtherServer[]
  /** Deletes what your handlers keep of a person. */
  readonly forget: Forget
  /** HTTP routes and files of its own. */
  readonly routes?: Own
  /** What of the engine is optional, and wanted. */
  readonly parts?: readonly Part[]
  /** Returns what your handlers keep of a person, for them to download. */
  readonly exportData?: ExportData
  /** What a browser finds at `/`. */
  readonly home: (home: Home) => Response | Promise<Response>
}

/** A whole server: the Worker, and the two Durable Objects that depend on what the fork brings. */
export function gatehouse(fork: Fork) {
  watchLines(raiseAlerts)
  const forget = withDirectory(fork.forget)
  const { tools, resources = [], prompts = [], servers = [], parts = [] } = fork
  const gate = withMain(servers.map(({ resource }) => resource))
  const main = {
    resource: gate[0],
    catalog: withViews({ tools, resources, prompts }),
    bearers: parts.flatMap(({ bearer }) => bearer ?? []),
  }
  const served = (): readonly [Served, ...Served[]] => [
    main,
    ...servers.flatMap(({ resource, catalog }) => (catalog ? { resource, catalog } : [])),
  ]
  return {
    worker: workerOf({ ...fork, forget }, gate, served()),
    AccountObject: accountObject(forget),
    LegacySession: legacySession(served),
  }
}

function workerOf(
  { login, servers = [], forget, exportData = async () => ({}), routes, parts = [], home }: Fork,
  resources: Resources,
  served: readonly [Served, ...Served[]],
): Hono<AppEnv> {
  const [main, ...others] = resources
  const app = new Hono<AppEnv>()
  app.router = new Router()
  app.use(secureHeaders, guardOrigin)
  for (const one of served) app.route('/', mcpEndpoint(one))
  for (const { endpoint } of servers) if (endpoint) app.route('/', endpoint)
  app.route('/', resourceEndpoints(resources))
  app.route('/', foreignEndpoints)
  app.get('/', (c) => {
    const { issuer, settings } = c.var
    const local = isLoopback(new URL(issuer).hostname)
    const tools = served[0].catalog.tools.flatMap(({ shown }) => shown ?? [])
    return home({
      mcpUrl: identifierOf(issuer, main),
      others: others.map((one) => ({ name: one.name, url: identifierOf(issuer, one) })),
      local,
      signsInHere: settings.ownAuthorizationServer,
      tools,
    })
  })
  // For uptime checks: the Worker runs, and its settings are valid. No storage is asked.
  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' }))
  app.get('/favicon.svg', favicon)
  // Where browsers and directories look that read no page.
  app.get('/favicon.ico', favicon)
  app.route('/', directoryRoutes)
  const complete = routes?.(app)
  // Everything below belongs to the built-in authorization server, and is absent where that is off.
  app.use(async (c, next) => {
    c.set('resources', resources)
    c.set(
      'loginMethods',
      login.map(({ id }) => id),
    )
    return c.get('settings').ownAuthorizationServer ? next() : c.notFound()
  })
  app.route('/', machineEndpoints(parts))
  app.route('/', authorizationEndpoint)
  for (const { pages } of parts) if (pages) app.route('/', pages)
  app.use('/login/*', noteSignIns)
  app.route('/', loginRoutes(login, upstreamScopesOf(served), askingApp))
  app.route('/', accountRoutes(login, parts, forget, withDirectoryEntry(exportData)))
  app.route('/', adminRoutes(login, forget))

  const fileFor = complete?.()
  app.notFound(async (c) => (await fileFor?.(c)) ?? nothingAt(c))
  app.onError(answerError)
  return app
}

function nothingAt(c: Context): Response | Promise<Response> {
  if (!wantsPage(c)) return c.json({ error: 'not_found' }, 404)
  return errorPage(new PageError(404, 'There is nothing here', 'The address may be mistyped.'), c)
}

function wantsPage(c: Context): boolean {
  return (c.req.header('Accept') ?? '').includes('text/html')
}

function answerError(error: Error, c: Context): Response | Promise<Response> {
  if (error instanceof SettingsError) {
    // Its sentence is for the operator: a stranger learns nothing of how the server is set up.
    console.error(error.message)
    return wantsPage(c)
      ? errorPage(NOT_SET_UP, c)
      : errorResponse(new OAuthError('server_error', NOT_SET_UP.title))
  }
  if (error instanceof PageError) return errorPage(error, c)
  if (error instanceof OAuthError)
    return errorPage(new PageError(error.status, 'That did not work', error.description), c)
  logError(error)
  return errorPage(UNEXPECTED, c)
}
