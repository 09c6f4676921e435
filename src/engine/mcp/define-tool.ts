// How a tool is declared: one typed object. Its scope is checked before its handler runs, its errors stay inside.
import type {
  CallToolResult,
  InputRequiredResult,
  McpServer,
  ServerContext,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type * as z from 'zod'
import type { Scope } from '#config'
import { log, logError } from '../log/log.ts'
import { withJsonSchemaOnce } from './json-schema.ts'
import { challengeFor } from './refusal.ts'

/** Who calls, and with what right. */
export interface Caller {
  readonly user: {
    readonly id: string
    readonly name: string
    /** When they and all that is theirs are gone, in milliseconds since the epoch: for guests. */
    readonly expiresAt?: number
  }
  readonly client: { readonly id: string }
  readonly scopes: readonly string[]
  readonly env: Env
  /**
   * A `fetch` that carries the user's own token for the login method of this name, such as `github`. The tool has
   * declared it in `upstream`. It goes to that provider's API only, and says to the model when nobody has signed in there.
   */
  readonly upstream: (name: string) => UpstreamFetch
  /** Seals what `inputRequired({ requestState })` takes; `mcp.mcpReq.requestState()` is the value again. */
  readonly sealState: (value: object) => Promise<string>
}

/** @throws ToolError when the user has to sign in there (again), or nobody answers */
export type UpstreamFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** What a tool's handler is given beside its input. */
export interface ToolContext extends Caller {
  /** The SDK's own context: progress, logging, input from the user. */
  readonly mcp: ServerContext
}

/** A plain text, what `answer()` makes, or any result that the SDK knows. */
export type ToolResult = string | CallToolResult | InputRequiredResult

interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** What the model calls it. */
  readonly name: string
  /** What people are shown. */
  readonly title: string
  /** What the model reads to decide when to use it. */
  readonly description: string
  readonly input: Input
  /** The form of the structured part of the answer, if it has one. */
  readonly output?: Output
  /** What a token must be allowed; absent: any token will do. */
  readonly scope?: Scope | readonly [Scope, ...Scope[]]
  /** Which scopes it needs of the token that a login method brings, by method: `{ github: ['repo'] }`. */
  readonly upstream?: Readonly<Record<string, readonly string[]>>
  readonly annotations?: ToolAnnotations
  readonly handler: (input: z.output<Input>, context: ToolContext) => ToolResult | Promise<ToolResult>
}

/**
 * A tool, ready to be registered with a server. `callerOf` tells who makes the call that a context is of; `scopeNames`
 * what our scopes are called at the authorization server that clients are sent to, where that has names of its own.
 */
export interface Tool {
  readonly name: string
  readonly upstream?: Readonly<Record<string, readonly string[]>>
  register(
    server: McpServer,
    callerOf: (mcp: ServerContext) => Caller,
    scopeNames?: Readonly<Record<string, string>>,
  ): void
}

/** The one kind of error whose text reaches the model: say what went wrong and what to do instead. */
export class ToolError extends Error {}

/** A text for the model to read, together with the same as data for programs. */
export function answer(text: string, data: object): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent: { ...data } }
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, input, output, scope, annotations } = tool
  const scopes = typeof scope === 'string' ? ([scope] as const) : scope
  const config = {
    title,
    description,
    inputSchema: withJsonSchemaOnce(input),
    ...(output && { outputSchema: withJsonSchemaOnce(output) }),
    ...(annotations && { annotations }),
    ...(scopes && { scopeChallenge: challengeFor(name, scopes) }),
  }
  return {
    name,
    ...(tool.upstream && { upstream: tool.upstream }),
    register(server, callerOf, scopeNames = {}) {
      // The SDK infers the callback's input from the schema; a generic one is beyond it.
      const handler = (args: unknown, mcp: ServerContext) =>
        call(tool, args as z.output<Input>, { ...callerOf(mcp), mcp })
      const _meta = { securitySchemes: securitySchemes((scopes ?? []).map((one) => scopeNames[one] ?? one)) }
      server.registerTool(name, { ...config, _meta }, handler as never)
    },
  }
}

// Where hosts look for it (OpenAI's Apps SDK): every tool here needs a token.
function securitySchemes(scopes: readonly string[]): object[] {
  return [{ type: 'oauth2', scopes }]
}

/** What all these tools need upstream, by login method. */
export function upstreamScopesOf(tools: readonly Tool[]): Record<string, string[]> {
  const scopes: Record<string, string[]> = {}
  for (const [name, wanted] of tools.flatMap(({ upstream = {} }) => Object.entries(upstream))) {
    scopes[name] = [...new Set([...(scopes[name] ?? []), ...wanted])]
  }
  return scopes
}

async function call<Input extends z.ZodObject, Output extends z.ZodObject>(
  { name, handler }: ToolDefinition<Input, Output>,
  input: z.output<Input>,
  context: ToolContext,
): Promise<CallToolResult | InputRequiredResult> {
  const started = Date.now()
  const [outcome, result] = await run(name, () => handler(input, context))
  log('tool.called', {
    tool: name,
    user: context.user.id,
    client: context.client.id,
    outcome,
    ms: Date.now() - started,
  })
  return typeof result === 'string' ? { content: [{ type: 'text', text: result }] } : result
}

async function run(
  tool: string,
  handler: () => ToolResult | Promise<ToolResult>,
): Promise<['ok' | 'refused' | 'failed', ToolResult]> {
  try {
    return ['ok', await handler()]
  } catch (error) {
    if (error instanceof ToolError) return ['refused', failure(error.message)]
    logError(error, { tool })
    return ['failed', failure('The tool failed. The error has been logged on the server.')]
  }
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}
