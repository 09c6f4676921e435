// What this server does: one import and one entry per tool; and how tools forget a person.
import type { Tool } from '../mcp/define-tool.ts'
import { addNote, deleteNote, forgetNotes, listNotes, searchNotes } from './notes/tools.ts'
import { whoami } from './whoami.ts'

export const tools: readonly Tool[] = [whoami, listNotes, searchNotes, addNote, deleteNote]

/** Deletes whatever the tools keep of a person. It is asked again when it has failed, and once more an hour later. */
export async function forget(env: Env, userId: string): Promise<void> {
  await forgetNotes(env, userId)
}
