// How a tool is declared: one typed object. Its scope is checked before its handler runs, its errors stay inside.
import type {
  CallToolResult,
  InputRequiredResult,
  ListToolsResult,
  ServerContext,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { log } from '../log/log.ts'
import type { Resource } from './define-resource.ts'
import {
  attempt,
  type Caller,
  type ContextOf,
  contextOf,
  type Definition,
  ending,
  isListed,
  type Offer,
  type Stranger,
  scopesOf,
} from './handler.ts'
import { jsonSchemaOf, withJsonSchemaOnce } from './json-schema.ts'
import { limited } from './limits.ts'
import { challengeFor } from './refusal.ts'
import type { View } from './views/view.ts'

export { type HandlerContext as ToolContext, ToolError } from './handler.ts'

/** A plain text, what `answer()` makes, or any result that the SDK knows. */
export type ToolResult = string | CallToolResult | InputRequiredResult

/** What directories ask every tool to say, be it true or false. */
type Hints = ToolAnnotations & {
  readonly [Name in 'readOnlyHint' | 'destructiveHint' | 'openWorldHint']: boolean
}

/** Directories refuse a longer name. */
const MAX_NAME = 64

interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject, Access>
  extends Definition<Access> {
  readonly input: Input
  /** The form of the structured part of the answer, if it has one. */
  readonly output?: Output
  readonly annotations: Hints
  /** What an app shows for its result, if it shows views (MCP Apps): made by defineView(). Others show the text. */
  readonly view?: View
  /** Who may call it, which apps enforce. `['app']`: views alone, not the model; absent: both. */
  readonly visibility?: readonly ('model' | 'app')[]
  readonly handler: (input: z.output<Input>, context: ContextOf<Access>) => ToolResult | Promise<ToolResult>
}

/** A tool, ready to be registered with a server. */
export interface Tool extends Offer {
  /** What the home page says of it; absent for one that is not for everyone to see. */
  readonly shown?: { readonly title: string; readonly scopes: readonly string[] }
  readonly view?: Resource
  /** As `tools/list` has it; absent for one that registers itself and is not listed. */
  listed?(scopeNames: ScopeNames): ListedTool
}

type ListedTool = ListToolsResult['tools'][number]
type ScopeNames = Readonly<Record<string, string>>

/** A text for the model to read, together with the same as data for programs. */
export function answer(text: string, data: object): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent: { ...data } }
}

export function defineTool<
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  const Access extends 'public' | undefined = undefined,
>(tool: ToolDefinition<Input, Output, Access>): Tool {
  const { name, title, description, input, output, access, annotations, visibility } = tool
  if (name.length > MAX_NAME)
    throw new Error(`The tool ${name} has a name of more than ${MAX_NAME} characters.`)
  const scopes = scopesOf(tool)
  const inputSchema = withJsonSchemaOnce(input)
  const outputSchema = output && withJsonSchemaOnce(output)
  const isForModels = visibility?.includes('model') ?? true
  const said = { title, description, annotations }
  const view = tool.view?.(tool as Definition<undefined>)
  const ui = { ...view?.meta.ui, ...(visibility && { visibility }) }
  const config = {
    ...said,
    inputSchema,
    ...(outputSchema && { outputSchema }),
    ...(scopes && { scopeChallenge: challengeFor(`tool ${name}`, scopes) }),
  }
  return {
    name,
    ...(access && { access }),
    ...(tool.upstream && { upstream: tool.upstream }),
    ...(!tool.visible && isForModels && { shown: { title: title ?? name, scopes: scopes ?? [] } }),
    ...(view && { view: view.resource }),
    isListed: (caller) => isListed({ tool: name }, tool as Definition<undefined>, caller),
    listed(scopeNames) {
      const oauth2 = { type: 'oauth2', scopes: (scopes ?? []).map((one) => scopeNames[one] ?? one) }
      return {
        name,
        ...said,
        inputSchema: jsonSchemaOf(inputSchema, 'input'),
        ...(outputSchema && { outputSchema: jsonSchemaOf(outputSchema, 'output') }),
        // Where hosts look for it (OpenAI's Apps SDK).
        _meta: {
          securitySchemes: access ? [{ type: 'noauth' }, oauth2] : [oauth2],
          ...view?.meta,
          ...((view || visibility) && { ui }),
        },
      }
    },
    register(server, callerOf) {
      // The SDK infers the callback's input from the schema; a generic one is beyond it.
      const handler = (args: unknown, mcp: ServerContext) =>
        call(tool, args as z.output<Input>, callerOf(mcp), mcp)
      server.registerTool(name, config, handler as never)
    },
  }
}

async function call<Input extends z.ZodObject, Output extends z.ZodObject, Access>(
  tool: ToolDefinition<Input, Output, Access>,
  input: z.output<Input>,
  caller: Caller | Stranger,
  mcp: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const { name, handler } = tool
  const context = contextOf(tool, caller, mcp)
  const what = { tool: name }
  const run = limited(what, tool as Definition<undefined>, caller, () => handler(input, context))
  const ended = await attempt(what, run)
  log('tool.called', { tool: name, ...ending(caller, ended) })
  if (ended.outcome !== 'ok') return { content: [{ type: 'text', text: ended.text }], isError: true }
  const { result } = ended
  return typeof result === 'string' ? { content: [{ type: 'text', text: result }] } : result
}
