// What a person picks from the menu of their app: it gives the model their notes, and says what to do with them.
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { notebookOf } from './notebook.ts'

export const summarizeNotes = definePrompt({
  name: 'summarize_notes',
  title: 'Summarize my notes',
  description: 'Has the model sum up the notes of the user.',
  scope: 'notes:read',
  input: z.object({ about: z.string().max(100).optional().describe('Only what is about this') }),
  handler: async ({ about }, context) => {
    const notes = await notebookOf(context).list(100)
    const task = about ? `what they say about ${about}` : 'what they say'
    return `These are my notes. Sum up ${task} in a few lines.\n\n${notes.map(({ text }) => `- ${text}`).join('\n')}`
  },
})
