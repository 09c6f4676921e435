// The notes of a user: the sample of tools with scopes and storage.
import * as z from 'zod'
import { answer, defineTool, type Tool, ToolError } from '#engine/mcp/define-tool.ts'
import { defineView } from '#engine/mcp/views/view.ts'
import { type Note, notebookOf } from './notebook.ts'

/** How many notes an export takes from storage at once. */
const EXPORT_PAGE = 1000
const note = z.object({ id: z.number(), text: z.string(), createdAt: z.string() })
const limit = z.number().int().min(1).max(100).default(20).describe('How many notes at most')

/** For apps that show views: public/views/notes.html. */
const view = defineView({ file: 'notes.html', prefersBorder: true })

const listNotes = defineTool({
  name: 'list_notes',
  title: 'List notes',
  description: 'Lists the notes of the user, the newest first.',
  input: z.object({
    limit,
    before: z.number().int().optional().describe('Only notes older than the one with this id, to page on'),
  }),
  output: z.object({ notes: z.array(note) }),
  view,
  scope: 'notes:read',
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
  handler: async (input, context) => describe(await notebookOf(context).list(input.limit, input.before)),
})

const searchNotes = defineTool({
  name: 'search_notes',
  title: 'Search notes',
  description: 'Finds the notes that contain a text.',
  input: z.object({ text: z.string().min(1).max(200).describe('What to look for'), limit }),
  output: z.object({ notes: z.array(note) }),
  view,
  scope: 'notes:read',
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
  handler: async (input, context) => describe(await notebookOf(context).search(input.text, input.limit)),
})

const addNote = defineTool({
  name: 'add_note',
  title: 'Add a note',
  description: 'Keeps a text as a note of the user.',
  input: z.object({ text: z.string().trim().min(1).max(10_000).describe('The text to keep') }),
  output: note,
  scope: 'notes:write',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  handler: async ({ text }, context) => {
    const added = await notebookOf(context).add(text, context.user.expiresAt)
    return answer(`Kept as note ${added.id}.`, added)
  },
})

const deleteNote = defineTool({
  name: 'delete_note',
  title: 'Delete a note',
  description: 'Deletes one note permanently. list_notes and search_notes return the ids.',
  input: z.object({ id: z.number().int().describe('The id of the note') }),
  output: z.object({ id: z.number() }),
  scope: 'notes:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  handler: async ({ id }, context) => {
    if (!(await notebookOf(context).remove(id)))
      throw new ToolError(`There is no note ${id}. list_notes shows them.`)
    return answer(`Note ${id} is deleted.`, { id })
  },
})

export const notes: readonly Tool[] = [listNotes, searchNotes, addNote, deleteNote]

/** Deletes all notes of a user. */
export async function forgetNotes(env: Env, userId: string): Promise<void> {
  await notebookOf({ env, user: { id: userId } }).erase()
}

/** All notes of a user, the newest first. */
export async function exportNotes(env: Env, userId: string): Promise<Note[]> {
  const notebook = notebookOf({ env, user: { id: userId } })
  const all: Note[] = []
  let page = await notebook.list(EXPORT_PAGE)
  while (page.length > 0) {
    all.push(...page)
    page = await notebook.list(EXPORT_PAGE, page.at(-1)?.id)
  }
  return all
}

function describe(notes: Note[]) {
  const lines = notes.map(({ id, text, createdAt }) => `${id} (${createdAt}): ${text}`)
  return answer(lines.join('\n') || 'There are no such notes.', { notes })
}
