// One resource and one prompt, put on the lists before the Worker is made.
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { prompts, resources } from '../fixture/src/server/index.ts'

resources.push(
  defineResource({
    name: 'hours',
    title: 'Opening hours',
    description: 'A fixture.',
    uri: 'fixture://hours/{day}',
    handler: ({ day }, { user }) => `${user.name} comes on ${day}. \u001b[2J`,
  }),
)
prompts.push(
  definePrompt({
    name: 'greet',
    title: 'Greet',
    description: 'A fixture.',
    input: z.object({ name: z.string() }),
    handler: ({ name }) => `Say hello to ${name}.`,
  }),
)
