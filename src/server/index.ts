// What your MCP server offers: one import and one entry per tool.
import type { Tool } from '#engine/mcp/define-tool.ts'
import { forgetNotes, notes } from './notes/tools.ts' // sample
import { whoami } from './whoami.ts'

export const tools: readonly Tool[] = [
  whoami,
  ...notes, // sample
]

/**
 * Deletes the data that your tools keep about a user. The engine calls it when the user deletes their data, again if it
 * failed, and once more 65 minutes later.
 */
export async function forget(env: Env, userId: string): Promise<void> {
  await forgetNotes(env, userId) // sample
}
