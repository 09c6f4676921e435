// The smallest tool: it tells the caller who they are. It names no scope, so any token will do.
import * as z from 'zod'
import { answer, defineTool } from '../mcp/define-tool.ts'

export const whoami = defineTool({
  name: 'whoami',
  title: 'Who am I',
  description: 'Tells which person you act for here, through which client, and what you may do.',
  input: z.object({}),
  output: z.object({
    userId: z.string(),
    name: z.string(),
    clientId: z.string(),
    scopes: z.array(z.string()),
  }),
  annotations: { readOnlyHint: true, openWorldHint: false },
  handler: (_input, { user, client, scopes }) =>
    answer(`You act for ${user.name}, with the scopes: ${scopes.join(' ') || 'none'}.`, {
      userId: user.id,
      name: user.name,
      clientId: client.id,
      scopes,
    }),
})
