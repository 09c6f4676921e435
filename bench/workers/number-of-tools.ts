// Makes the list of tools as long as the bench wants it, before anything has looked at it.
import * as z from 'zod'
import { defineTool, type Tool } from '../../src/engine/mcp/define-tool.ts'
import { tools } from '../../test/fixture/src/server/index.ts'

/** Set when this is bundled. */
declare const TOOLS: number

const list = tools as Tool[]
list.length = Math.min(list.length, TOOLS)
while (list.length < TOOLS) {
  const number = list.length
  list.push(
    defineTool({
      name: `tool_${number}`,
      title: `Tool ${number}`,
      description: 'One of many tools, as long in its description as tools are that a model can choose well.',
      input: z.object({
        text: z.string().min(1).max(200).describe('What to look for'),
        limit: z.number().int().min(1).max(100).default(20).describe('How many at most'),
        exact: z.boolean().optional(),
      }),
      annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
      handler: ({ text }) => text,
    }),
  )
}
