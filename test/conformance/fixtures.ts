// What the conformance suite calls by name. Its tools are made with `defineTool`, as those of the product are.
import type { Tool } from '#engine/mcp/define-tool.ts'
import { contentTools } from './content-tools.ts'
import { inputTools } from './input-tools.ts'
import { prompts } from './prompts.ts'
import { resources } from './resources.ts'
import { schemaTools } from './schema-tools.ts'
import { skills } from './skills.ts'

// First, since the SDK declares what is missing when the first resource or prompt is registered.
const capabilities: Tool = {
  name: 'capabilities',
  register: ({ server }) => {
    const fixed = { listChanged: false }
    server.registerCapabilities({ logging: {}, prompts: fixed, resources: { ...fixed, subscribe: true } })
  },
}

export const fixtures: readonly Tool[] = [
  capabilities,
  ...contentTools,
  ...inputTools,
  ...schemaTools,
  resources,
  prompts,
  skills,
]
