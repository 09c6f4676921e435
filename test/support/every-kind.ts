// One resource, one prompt and a login method, put on the lists before the Worker is made.
import * as z from 'zod'
import { reviewer } from '#engine/login/reviewer/reviewer.tsx'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { login } from '../fixture/src/login.ts'
import { prompts, resources } from '../fixture/src/server/index.ts'

login.push(reviewer)
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
