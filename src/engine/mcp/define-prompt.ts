// How a prompt is declared: words that a person picks for the model. Its scope is checked before it is made, and before
// one of its arguments is completed.
import {
  type GetPromptResult,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { log } from '../log/log.ts'
import {
  attempt,
  type Caller,
  type Completable,
  type Complete,
  type ContextOf,
  contextOf,
  type Definition,
  ending,
  isListed,
  type Offer,
  type Stranger,
  scopesOf,
  suggest,
} from './handler.ts'
import { limited } from './limits.ts'
import { type Answer, answerCompletions, listedFor } from './lists.ts'
import { challengeFor } from './refusal.ts'

/** The arguments of a prompt: texts, as the protocol has it. */
type Arguments = z.ZodObject<Readonly<Record<string, z.ZodType<unknown, string | undefined>>>>

/** A text that the user says, or any result that the SDK knows. */
export type PromptResult = string | GetPromptResult | InputRequiredResult

interface PromptDefinition<Input extends Arguments, Access> extends Definition<Access> {
  readonly input: Input
  readonly complete?: { readonly [Name in keyof z.output<Input>]?: Complete<Access> }
  readonly handler: (
    input: z.output<Input>,
    context: ContextOf<Access>,
  ) => PromptResult | Promise<PromptResult>
}

/** As `prompts/list` has it. */
interface Listed {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly arguments: {
    readonly name: string
    readonly description?: string
    readonly required: boolean
  }[]
}

/** A prompt, ready to be registered with a server. */
export interface Prompt extends Offer, Partial<Completable> {
  readonly listed: Listed
  /** For all prompts of a server. It comes with them: a server without any has none of it. */
  readonly answer: Answer<Prompt>
}

export function definePrompt<Input extends Arguments, const Access extends 'public' | undefined = undefined>(
  prompt: PromptDefinition<Input, Access>,
): Prompt {
  const { name, title, description, input, access, complete } = prompt
  const scopes = scopesOf(prompt)
  const config = {
    title,
    description,
    argsSchema: input,
    ...(scopes && { scopeChallenge: challengeFor(`prompt ${name}`, scopes) }),
  }
  return {
    name,
    ...(access && { access }),
    ...(prompt.upstream && { upstream: prompt.upstream }),
    answer: answerPrompts,
    listed: { name, title, description, arguments: argumentsOf(input) },
    ...(complete && {
      complete: (...asked: Parameters<Completable['complete']>) =>
        suggest({ prompt: name }, prompt, complete, asked),
    }),
    isListed: (caller) => isListed({ prompt: name }, prompt as Definition<undefined>, caller),
    register(server, callerOf) {
      const handler = (args: unknown, mcp: ServerContext) =>
        get(prompt, args as z.output<Input>, callerOf(mcp), mcp)
      server.registerPrompt(name, config, handler as never)
    },
  }
}

function argumentsOf({ shape }: Arguments): Listed['arguments'] {
  return Object.entries(shape).map(([name, field]) => ({
    name,
    ...(field.description && { description: field.description }),
    required: !field.isOptional(),
  }))
}

const answerPrompts: Answer<Prompt> = (sdk, prompts, callerOf, find) => {
  sdk.setRequestHandler('prompts/list', async (_request, mcp) => {
    const shown = await listedFor(prompts, callerOf(mcp))
    return { prompts: shown.map(({ listed }) => listed) }
  })
  answerCompletions(sdk, callerOf, find)
}

async function get<Input extends Arguments, Access>(
  prompt: PromptDefinition<Input, Access>,
  input: z.output<Input>,
  caller: Caller | Stranger,
  mcp: ServerContext,
): Promise<GetPromptResult | InputRequiredResult> {
  const { name, handler } = prompt
  const context = contextOf(prompt, caller, mcp)
  const what = { prompt: name }
  const run = limited(what, prompt as Definition<undefined>, caller, () => handler(input, context))
  const ended = await attempt(what, run)
  log('prompt.used', { prompt: name, ...ending(caller, ended) })
  if (ended.outcome !== 'ok') throw new ProtocolError(ProtocolErrorCode.InternalError, ended.text)
  const { result } = ended
  if (typeof result !== 'string') return result
  return { messages: [{ role: 'user', content: { type: 'text', text: result } }] }
}
