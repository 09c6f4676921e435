// An MCP server behind a gate, in both ways: by a service binding, and at an address of its own. Keep the one you need.
import { WorkerEntrypoint } from 'cloudflare:workers'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { type Caller, verifierFor } from './verify.ts'

interface Env {
  /** The origin of the gate. */
  readonly ISSUER: string
  /** The address of this server, where it has one. */
  readonly RESOURCE: string
}

const SCOPE = 'reports:read'

/** For the gate alone: what has a name is reached by service bindings, and by no address. */
export class BehindTheGate extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Response | Promise<Response> {
    const caller: Caller = JSON.parse(decodeURIComponent(request.headers.get('Gatehouse-Caller') ?? 'null'))
    if (!caller?.scopes.includes(SCOPE)) return new Response(null, { status: 403 })
    return answer(request, caller)
  }
}

let verify: ReturnType<typeof verifierFor> | undefined

/** For everyone: the tokens of the gate count. */
export default {
  async fetch(request: Request, { ISSUER, RESOURCE }: Env): Promise<Response> {
    const { origin, pathname } = new URL(RESOURCE)
    switch (new URL(request.url).pathname) {
      case `/.well-known/oauth-protected-resource${pathname}`:
        return Response.json({
          resource: RESOURCE,
          authorization_servers: [ISSUER],
          scopes_supported: [SCOPE],
        })
      case pathname: {
        verify ??= verifierFor(ISSUER, RESOURCE)
        const caller = await verify(request, SCOPE)
        return caller instanceof Response ? caller : answer(request, caller)
      }
      default:
        return new Response(`There is nothing here. The MCP server is ${origin}${pathname}`, { status: 404 })
    }
  },
}

function answer(request: Request, caller: Caller): Promise<Response> {
  return createMcpHandler(() => serverFor(caller)).fetch(request)
}

/** One for each request: nothing of one caller is in reach of another. */
function serverFor({ userName }: Caller): McpServer {
  const server = new McpServer({ name: 'Reports', version: '1.0.0' })
  const description = 'Lists the reports of the user.'
  server.registerTool('list_reports', { description, inputSchema: z.object({}) }, () => ({
    content: [{ type: 'text', text: `${userName} has no reports.` }],
  }))
  return server
}
