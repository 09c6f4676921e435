// The smallest tool: it says who calls. It names no scope, so every valid token may call it.
import * as z from 'zod'
import { answer, defineTool } from '#engine/mcp/define-tool.ts'

export const whoami = defineTool({
  name: 'whoami',
  title: 'Who am I',
  description: 'Says for which user you act, through which client, and with which scopes.',
  input: z.object({}),
  output: z.object({
    userId: z.string(),
    name: z.string(),
    clientId: z.string(),
    scopes: z.array(z.string()),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
  handler: (_input, { user, client, scopes }) =>
    answer(`You act for ${user.name}, with the scopes: ${scopes.join(' ') || 'none'}.`, {
      userId: user.id,
      name: user.name,
      clientId: client.id,
      scopes,
    }),
})
