// The endpoint of an MCP server, for the 2026-07-28 protocol and the `initialize` era alike. A fresh server for every
// request, or for every session of the older era, so that nothing of one user is ever in reach of another.
import { type AuthInfo, createMcpHandler } from '@modelcontextprotocol/server'
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { anyOrigin } from '../http/cors.ts'
import { Hono } from '../http/hono.ts'
import type { Fields } from '../log/events.ts'
import { log } from '../log/log.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { isLoopback } from '../settings/secure-address.ts'
import { VERSION } from '../version.ts'
import { withAttainable } from './attainable.ts'
import { authenticate, authInfoOf, NoToken } from './bearer-auth.ts'
import { type Catalog, reachableBy, requireDistinct, type Served } from './catalog.ts'
import { challenge } from './challenge.ts'
import { withSingleHeaders, withSingleParameters } from './headers.ts'
import { readMessage } from './message.ts'
import { asToolResult, readsResultsOnly } from './refusal.ts'
import { forOperation } from './request-state.ts'
import { newServer } from './server.ts'
import { askSession, isOfSession } from './sessions/store.ts'
import { isStrangers, publicOf, reachableByStrangers, requireFewFrom } from './strangers.ts'
import { endingWith } from './stream.ts'

/** Of a message whose sender is unknown: to parse JSON costs more than any refusal. */
const MAX_STRANGERS_BYTES = 64 * 1024

interface Message {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown }
}

/** What pages of other origins may do at an MCP server. */
export const anyPage = anyOrigin({
  methods: ['GET', 'POST', 'DELETE'],
  // By name, since `*` does not cover Authorization; `*` is for Mcp-Param-…, which each tool names as it likes.
  headers: [
    'Authorization',
    'Content-Type',
    'MCP-Protocol-Version',
    'Mcp-Method',
    'Mcp-Name',
    'Mcp-Session-Id',
    'Last-Event-ID',
    '*',
  ],
  exposed: ['WWW-Authenticate', 'DPoP-Nonce', 'Mcp-Session-Id', 'Retry-After'],
})

/** @throws Error at the start of the server, with what to change */
export function mcpEndpoint(served: Served): Hono<AppEnv> {
  const { resource, catalog } = served
  requireDistinct(catalog)
  const app = new Hono<AppEnv>()
  app.onError(refuse)
  app.use(resource.at, anyPage)
  const open = publicOf(catalog)
  app.all(resource.at, (c) => {
    c.set('resource', resource)
    return serve(c, served, open)
  })
  return app
}

/** @param open what is public of the catalog; undefined where nothing is */
async function serve(
  c: Context<AppEnv>,
  { catalog, bearers = [] }: Served,
  open: Catalog | undefined,
): Promise<Response> {
  c.req.raw = withSingleHeaders(c.req.raw)
  const refused = refuseForeignOrigin(c)
  if (refused) return refused
  const started = Date.now()
  const isPublic = open !== undefined && isStrangers(c)
  if (isPublic) await requireFewFrom(c)
  const accessToken = isPublic ? undefined : await authenticate(c, bearers)
  const most = isPublic ? MAX_STRANGERS_BYTES : undefined
  const posted = c.req.method === 'POST' ? await readMessage(c.req.raw, most) : { message: undefined }
  const response =
    'refusal' in posted ? posted.refusal : await handleMessage(c, catalog, open, accessToken, posted.message)
  log(response.status === 403 ? 'scope.refused' : 'mcp.request', {
    ...(accessToken && { user: accessToken.userId, client: accessToken.clientId }),
    ...('message' in posted && posted.message && operationOf(posted.message)),
    status: response.status,
    ms: Date.now() - started,
    version: VERSION,
  })
  const understood =
    'message' in posted && readsResultsOnly(c.req.raw.headers, accessToken)
      ? await asToolResult(response, posted.message ?? {})
      : response
  return accessToken ? endingWith(accessToken, c, understood, bearers) : understood
}

/** The answer to a request without a right, in the form that its host understands. */
async function refuse(error: Error, c: Context<AppEnv>): Promise<Response> {
  const response = challenge(c, error)
  const { method, headers, bodyUsed } = c.req.raw
  if (response.status !== 401 || method !== 'POST' || bodyUsed || !readsResultsOnly(headers)) return response
  const posted = await readMessage(c.req.raw, MAX_STRANGERS_BYTES)
  return 'message' in posted ? asToolResult(response, posted.message) : response
}

async function handleMessage(
  c: Context<AppEnv>,
  catalog: Catalog,
  open: Catalog | undefined,
  accessToken: AccessToken | undefined,
  message: Message | undefined,
): Promise<Response> {
  const { env } = c
  const issuer = c.get('issuer')
  if (message) c.req.raw = withSingleParameters(c.req.raw, message)
  if (!accessToken) {
    const reachable = open && reachableByStrangers(message ?? {}, catalog, open)
    return reachable ? answer(c, reachable, message) : challenge(c, new NoToken())
  }
  const caller = await withAttainable(env, c.get('settings'), accessToken, message)
  if (await isOfSession(c.req.raw, message)) {
    return askSession(env, c.req.raw, { issuer, accessToken: caller }, message)
  }
  return answer(c, catalog, message, forOperation(authInfoOf(issuer, caller), message))
}

function answer(
  c: Context<AppEnv>,
  catalog: Catalog,
  message: Message | undefined,
  authInfo?: AuthInfo,
): Promise<Response> {
  const { env } = c
  const reachable = reachableBy(message, catalog)
  const introduces = message?.method === 'initialize' || message?.method === 'server/discover'
  const settings = c.get('settings')
  const surroundings = { env, settings, issuer: c.get('issuer'), resource: c.get('resource'), introduces }
  const handler = createMcpHandler(() => newServer(reachable, surroundings))
  return handler.fetch(withoutToken(c.req.raw), {
    ...(authInfo && { authInfo }),
    ...(message && { parsedBody: message }),
  })
}

// A handler cannot pass on a token that it cannot read. The body has been read.
function withoutToken({ url, method, headers, signal }: Request): Request {
  const request = new Request(url, { method, headers, signal })
  request.headers.delete('Authorization')
  request.headers.delete('DPoP')
  return request
}

/** What was asked for, for the log: cut, since a stranger wrote it. */
function operationOf({
  method,
  params,
}: Message): Pick<Fields<'mcp.request'>, 'operation' | 'tool' | 'prompt'> {
  const name = typeof params?.name === 'string' && params.name.slice(0, 60)
  return {
    ...(typeof method === 'string' && { operation: method.slice(0, 60) }),
    ...(name && (method === 'prompts/get' ? { prompt: name } : { tool: name })),
  }
}

// MCP transports, "DNS rebinding": a page on the internet must not reach a server on this computer. On a public host
// any origin is welcome, because nothing but the bearer token counts here.
export function refuseForeignOrigin(c: Context<AppEnv>): Response | undefined {
  const origin = c.req.header('Origin')
  if (origin === undefined || !isLoopback(new URL(c.get('issuer')).hostname)) return undefined
  if (URL.canParse(origin) && isLoopback(new URL(origin).hostname)) return undefined
  return c.json({ error: 'forbidden', error_description: 'Only local pages may call this.' }, 403)
}
