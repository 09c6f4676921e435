// The shipped Worker, whole, with servers beside the one at /mcp: one here, and the example by its binding and at its address.
import './further-scopes.ts'
import * as z from 'zod'
import type { Scope } from '#config'
import { answer, defineTool } from '#engine/mcp/define-tool.ts'
import { defineServer } from '#engine/mcp/servers/define-server.ts'
import { servers } from '../fixture/src/server/index.ts'

const [billing, reports] = ['billing:read', 'reports:read'] as unknown as readonly [Scope, Scope]

servers.push(
  defineServer({
    path: '/billing/mcp',
    name: 'Billing',
    scopes: [billing],
    tools: [
      defineTool({
        name: 'list_invoices',
        title: 'List invoices',
        description: 'A fixture.',
        scope: billing,
        input: z.object({}),
        output: z.object({ of: z.string() }),
        annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
        handler: (_input, { user }) => answer(`${user.name} has no invoices.`, { of: user.name }),
      }),
    ],
  }),
  defineServer({
    path: '/reports/mcp',
    name: 'Reports',
    scopes: [reports],
    handler: (request, env) => (env as unknown as { REPORTS: Fetcher }).REPORTS.fetch(request),
  }),
  defineServer({ url: 'https://reports.example/mcp', name: 'Reports elsewhere', scopes: [reports] }),
)

export * from '#worker'
export { default } from '#worker'
