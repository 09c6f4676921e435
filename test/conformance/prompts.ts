// Prompts: plain, with arguments that can be completed, with a resource, with a picture, and one that asks first.
import {
  acceptedContent,
  completable,
  type GetPromptResult,
  inputRequired,
} from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { Tool } from '#engine/mcp/define-tool.ts'
import { PNG } from './media.ts'

type Content = GetPromptResult['messages'][number]['content']

const description = 'A fixture of the conformance suite.'
const arg1 = completable(z.string().describe('First test argument'), (start) =>
  ['paris', 'park', 'party'].filter((word) => word.startsWith(start)),
)
const context = z.object({ context: z.string() })

export const prompts: Tool = {
  name: 'prompts',
  register(server) {
    server.registerPrompt('test_simple_prompt', { description }, () =>
      fromUser(text('This is a simple prompt for testing.')),
    )
    server.registerPrompt(
      'test_prompt_with_arguments',
      { description, argsSchema: z.object({ arg1, arg2: z.string().describe('Second test argument') }) },
      (args) => fromUser(text(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`)),
    )
    server.registerPrompt(
      'test_prompt_with_embedded_resource',
      { description, argsSchema: z.object({ resourceUri: z.string().describe('The resource to embed') }) },
      ({ resourceUri: uri }) => {
        const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' }
        return fromUser({ type: 'resource', resource }, text('Please process the embedded resource above.'))
      },
    )
    server.registerPrompt('test_prompt_with_image', { description }, () =>
      fromUser({ type: 'image', data: PNG, mimeType: 'image/png' }, text('Please analyze the image above.')),
    )
    server.registerPrompt('test_input_required_result_prompt', { description }, ({ mcpReq }) => {
      const answer = acceptedContent(mcpReq.inputResponses, 'user_context', context)
      if (answer) return fromUser(text(`The context: ${answer.context}`))
      const message = 'What context should the prompt use?'
      const user_context = inputRequired.elicit({ message, requestedSchema: context })
      return inputRequired({ inputRequests: { user_context } })
    })
  },
}

function fromUser(...contents: Content[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}

function text(words: string): Content {
  return { type: 'text', text: words }
}
