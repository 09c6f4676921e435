// What your MCP server offers: one import and one entry per tool, resource and prompt.
import type { Prompt } from '#engine/mcp/define-prompt.ts'
import type { Resource } from '#engine/mcp/define-resource.ts'
import type { Tool } from '#engine/mcp/define-tool.ts'
import { summarizeNotes } from './notes/prompts.ts' // sample
import { note } from './notes/resources.ts' // sample
import { exportNotes, forgetNotes, notes } from './notes/tools.ts' // sample
import { whoami } from './whoami.ts'

export const tools: readonly Tool[] = [
  whoami,
  ...notes, // sample
]

/** What people attach and models cite. */
export const resources: readonly Resource[] = [
  note, // sample
]

/** What people pick from the menu of their app. */
export const prompts: readonly Prompt[] = [
  summarizeNotes, // sample
]

/**
 * Deletes the data that your server keeps about a user. The engine calls it when the user deletes their data, again if it
 * failed, and once more 65 minutes later.
 */
export async function forget(env: Env, userId: string): Promise<void> {
  await forgetNotes(env, userId) // sample
}

/**
 * What your server keeps about a user, for them to download: JSON under names of your own. Never another user's data, and
 * never a secret.
 */
export async function exportData(env: Env, userId: string): Promise<Record<string, unknown>> {
  return {
    notes: await exportNotes(env, userId), // sample
  }
}
