// Servers beside the one at /mcp, put on the list before the Worker is made: one here, two that are handed their requests, one
// elsewhere. They have the same scope, so that only the audience keeps their tokens apart.
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { answer, defineTool } from '#engine/mcp/define-tool.ts'
import { defineServer } from '#engine/mcp/servers/define-server.ts'
import type { Handler } from '#engine/mcp/servers/server.ts'
import { servers, tools } from '../fixture/src/server/index.ts'

export const ELSEWHERE = 'https://elsewhere.example/mcp'

const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }

// Tells what it was handed, begins a session, and tries to leave a cookie on the origin of the sign-in page.
const echo: Handler = async (request, _env, ctx) =>
  Response.json(
    { headers: Object.fromEntries(request.headers), props: ctx.props, body: await request.text() },
    { headers: { 'Set-Cookie': '__Host-session=mine; Path=/; Secure', 'Mcp-Session-Id': 'session-1' } },
  )

servers.push(
  defineServer({
    path: '/billing/mcp',
    name: 'Billing <b>',
    scopes: ['notes:write'],
    instructions: 'Ask for the invoice first.',
    tools: [
      ...tools.filter(({ name }) => ['whoami', 'archive'].includes(name)),
      defineTool({
        name: 'invoice',
        title: 'Invoice',
        description: 'A fixture.',
        scope: 'notes:write',
        input: z.object({}),
        output: z.object({ of: z.string() }),
        annotations,
        handler: (_input, { user }) => answer('An invoice', { of: user.name }),
      }),
    ],
    prompts: [
      definePrompt({
        name: 'dun',
        title: 'Dun',
        description: 'A fixture.',
        input: z.object({}),
        handler: () => 'Pay.',
      }),
    ],
  }),
  defineServer({ path: '/legacy/mcp', name: 'Legacy', scopes: ['notes:write'], handler: echo }),
  defineServer({ path: '/agent/mcp', name: 'Agent', scopes: ['notes:write'], handler: echo }),
  defineServer({ url: ELSEWHERE, name: 'Elsewhere', scopes: ['notes:write'] }),
)
