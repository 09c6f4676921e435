// Two tools that ask before they act, and seal what they asked about. Import it before the Worker.
import { acceptedContent, inputRequired } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { tools } from '../fixture/src/server/index.ts'

const answer = z.object({ sure: z.boolean() })

function confirmed(name: string) {
  return defineTool({
    name,
    title: name,
    description: 'A fixture.',
    input: z.object({ ids: z.array(z.string()) }),
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
    handler: async ({ ids }, { mcp, sealState }) => {
      const state = mcp.mcpReq.requestState<{ ids: string[] }>()
      if (state && acceptedContent(mcp.mcpReq.inputResponses, 'confirm', answer)?.sure) {
        return `${name}: ${state.ids}`
      }
      const properties = { sure: { type: 'boolean' } } as const
      const confirm = inputRequired.elicit({
        message: `Sure about ${ids}?`,
        requestedSchema: { type: 'object', properties },
      })
      return inputRequired({ inputRequests: { confirm }, requestState: await sealState({ ids }) })
    },
  })
}

tools.push(confirmed('archive'), confirmed('delete'))
