// Each note as a resource, for people to attach and for models to cite: `note://7`.
import { defineResource } from '#engine/mcp/define-resource.ts'
import { notebookOf } from './notebook.ts'

const MOST = 100

export const note = defineResource({
  name: 'note',
  title: 'Note',
  description: 'One note of the user.',
  uri: 'note://{id}',
  mimeType: 'text/plain',
  scope: 'notes:read',
  list: async (context) => {
    const notes = await notebookOf(context).list(MOST)
    return notes.map(({ id, text }) => ({ variables: { id: String(id) }, title: text.slice(0, 60) }))
  },
  complete: {
    id: async (start, context) => {
      const notes = await notebookOf(context).list(MOST)
      return notes.map(({ id }) => String(id)).filter((id) => id.startsWith(start))
    },
  },
  handler: async ({ id }, context) => (await notebookOf(context).get(Number(id)))?.text,
})
