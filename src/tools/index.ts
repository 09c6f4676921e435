// What this server does: one import and one entry per tool.
import type { Tool } from '../mcp/define-tool.ts'
import { addNote, deleteNote, listNotes, searchNotes } from './notes/tools.ts'
import { whoami } from './whoami.ts'

export const tools: readonly Tool[] = [whoami, listNotes, searchNotes, addNote, deleteNote]
