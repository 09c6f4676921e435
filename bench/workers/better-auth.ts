// What one would pick instead: Better Auth and its MCP plugin before the same MCP tools, with D1, as its documentation sets
// it up. Its consent page is the minimum: it looks nothing up.
import { requireMcpAuth } from '@better-auth/mcp'
import { betterAuth } from 'better-auth'
import { answer } from './answer.ts'
import { options, RESOURCE } from './better-auth-options.ts'

export { Notebook } from '../../test/fixture/src/server/notebook.ts'

interface PeerEnv extends Env {
  readonly DB: D1Database
  readonly BETTER_AUTH_SECRET: string
}

export default {
  fetch(request: Request, env: PeerEnv): Response | Promise<Response> {
    made ??= make(env)
    const { auth, mcp } = made
    const { pathname } = new URL(request.url)
    if (pathname === '/mcp') return mcp(request)
    return pathname === '/consent' ? consent(auth, request) : auth.handler(request)
  },
}

/** It asks its database when it is made, so the first request makes it. */
let made: ReturnType<typeof make> | undefined

function make(env: PeerEnv) {
  const auth = betterAuth({ ...options, database: env.DB, secret: env.BETTER_AUTH_SECRET })
  const mcp = requireMcpAuth(
    auth,
    (request, { sub = '', client_id, scope }) => {
      const [clientId, scopes] = [String(client_id), String(scope).split(' ')]
      const who = { user: { id: sub, name: sub }, client: { id: clientId }, scopes }
      return answer(request, env, who, { token: '', clientId, scopes })
    },
    { resource: RESOURCE },
  )
  return { auth, mcp }
}

async function consent(auth: ReturnType<typeof make>['auth'], request: Request): Promise<Response> {
  if (request.method === 'GET') {
    return new Response('<!doctype html><form method="post"><button>Allow</button></form>', {
      headers: { 'Content-Type': 'text/html' },
    })
  }
  const { origin, search } = new URL(request.url)
  const headers = new Headers(request.headers)
  headers.set('Content-Type', 'application/json')
  headers.set('Origin', origin)
  const body = JSON.stringify({ accept: true, oauth_query: search.slice(1) })
  const decided = new Request(`${origin}/api/auth/oauth2/consent`, { method: 'POST', headers, body })
  const { url } = await (await auth.handler(decided)).json<{ url: string }>()
  return new Response(null, { status: 302, headers: { Location: url } })
}
