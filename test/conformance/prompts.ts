// Prompts: plain, with arguments that can be completed, with a resource, with a picture, and one that asks first.
import { acceptedContent, type GetPromptResult, inputRequired } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { definePrompt, type Prompt } from '#engine/mcp/define-prompt.ts'
import { PNG } from './media.ts'

type Content = GetPromptResult['messages'][number]['content']

const fixture = { title: 'A fixture', description: 'A fixture of the conformance suite.' }
const nothing = z.object({})
const context = z.object({ context: z.string() })

export const prompts: readonly Prompt[] = [
  definePrompt({
    name: 'test_simple_prompt',
    ...fixture,
    input: nothing,
    handler: () => 'This is a simple prompt for testing.',
  }),
  definePrompt({
    name: 'test_prompt_with_arguments',
    ...fixture,
    input: z.object({
      arg1: z.string().describe('First test argument'),
      arg2: z.string().describe('Second test argument'),
    }),
    complete: { arg1: (start) => ['paris', 'park', 'party'].filter((word) => word.startsWith(start)) },
    handler: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
  }),
  definePrompt({
    name: 'test_prompt_with_embedded_resource',
    ...fixture,
    input: z.object({ resourceUri: z.string().describe('The resource to embed') }),
    handler: ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
      return fromUser({ type: 'resource', resource }, text('Please process the embedded resource above.'))
    },
  }),
  definePrompt({
    name: 'test_prompt_with_image',
    ...fixture,
    input: nothing,
    handler: () =>
      fromUser({ type: 'image', data: PNG, mimeType: 'image/png' }, text('Please analyze the image above.')),
  }),
  definePrompt({
    name: 'test_input_required_result_prompt',
    ...fixture,
    input: nothing,
    handler: (_input, { mcp }) => {
      const answer = acceptedContent(mcp.mcpReq.inputResponses, 'user_context', context)
      if (answer) return `The context: ${answer.context}`
      const message = 'What context should the prompt use?'
      const user_context = inputRequired.elicit({ message, requestedSchema: context })
      return inputRequired({ inputRequests: { user_context } })
    },
  }),
]

function fromUser(...contents: Content[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}

function text(words: string): Content {
  return { type: 'text', text: words }
}
