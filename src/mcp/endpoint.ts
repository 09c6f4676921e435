// /mcp: the MCP server, stateless, for the 2026-07-28 protocol and the `initialize` era alike. A fresh server for
// every request, so that nothing of one user is ever in reach of another.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { isLoopback, NAME } from '../config.ts'
import { log } from '../log.ts'
import { RESOURCE_PATH } from '../oauth/resource.ts'
import type { AppEnv } from '../origin.ts'
import { authenticate, challenge } from './bearer-auth.ts'
import type { Tool } from './define-tool.ts'
import { readMessage } from './message.ts'
import { requestState } from './request-state.ts'

const VERSION = '0.1.0'

export function mcpEndpoint(tools: readonly Tool[]): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.onError((error, c) => challenge(c, error))
  app.use(
    RESOURCE_PATH,
    cors({
      origin: '*',
      allowMethods: ['GET', 'POST', 'DELETE'],
      // By name: `*` would not cover Authorization.
      allowHeaders: [
        'Authorization',
        'Content-Type',
        'MCP-Protocol-Version',
        'Mcp-Method',
        'Mcp-Name',
        'Mcp-Session-Id',
        'Last-Event-ID',
      ],
      exposeHeaders: ['WWW-Authenticate', 'Mcp-Session-Id', 'Retry-After'],
    }),
  )
  app.all(RESOURCE_PATH, (c) => serve(c, tools))
  return app
}

async function serve(c: Context<AppEnv>, tools: readonly Tool[]): Promise<Response> {
  if (isForeignOrigin(c))
    return c.json({ error: 'forbidden', error_description: 'Only local pages may call this.' }, 403)
  const started = Date.now()
  const authInfo = await authenticate(c)
  const { userId, userName } = authInfo.extra
  const state = requestState(c.get('config'), c.get('issuer'), { userId, clientId: authInfo.clientId })
  const caller = {
    user: { id: userId, name: userName },
    client: { id: authInfo.clientId },
    scopes: authInfo.scopes,
    env: c.env,
    sealState: state.seal,
  }
  const handler = createMcpHandler(() => {
    // The list changes with a deployment only; nobody would be there to say so.
    const server = new McpServer(
      { name: NAME, version: VERSION },
      { capabilities: { tools: { listChanged: false } }, requestState: { verify: state.verify } },
    )
    for (const tool of tools) tool.register(server, caller)
    return server
  })
  const posted = c.req.method === 'POST' ? await readMessage(c.req.raw) : undefined
  const response =
    posted && 'refusal' in posted
      ? posted.refusal
      : await handler.fetch(c.req.raw, { authInfo, ...(posted && { parsedBody: posted.message }) })
  log(response.status === 403 ? 'scope.refused' : 'mcp.request', {
    user: userId,
    client: authInfo.clientId,
    ...(posted && 'message' in posted && operationOf(posted.message)),
    status: response.status,
    ms: Date.now() - started,
  })
  return response
}

/** What was asked for, for the log: cut, since a stranger wrote it. */
function operationOf(message: { method?: unknown; params?: { name?: unknown } }): {
  method?: string
  tool?: string
} {
  const { method, params } = message
  return {
    ...(typeof method === 'string' && { method: method.slice(0, 60) }),
    ...(typeof params?.name === 'string' && { tool: params.name.slice(0, 60) }),
  }
}

// MCP transports, "DNS rebinding": a page on the internet must not reach a server on this computer. On a public host
// any origin is welcome, because nothing but the bearer token counts here.
function isForeignOrigin(c: Context<AppEnv>): boolean {
  const origin = c.req.header('Origin')
  if (origin === undefined || !isLoopback(new URL(c.get('issuer')).hostname)) return false
  return !URL.canParse(origin) || !isLoopback(new URL(origin).hostname)
}
