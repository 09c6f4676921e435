// What the conformance suite calls by name. It is declared as what the product offers is.
import type { Tool } from '#engine/mcp/define-tool.ts'
import { contentTools } from './content-tools.ts'
import { inputTools } from './input-tools.ts'
import { schemaTools } from './schema-tools.ts'

// What the product has no use for: log messages, and subscriptions. Nothing here ever changes, so there is nothing to
// remember of one.
const capabilities: Tool = {
  name: 'capabilities',
  register: ({ server }) => {
    server.registerCapabilities({ logging: {}, resources: { subscribe: true } })
    server.setRequestHandler('resources/subscribe', () => ({}))
    server.setRequestHandler('resources/unsubscribe', () => ({}))
  },
}

export const fixtures: readonly Tool[] = [capabilities, ...contentTools, ...inputTools, ...schemaTools]
