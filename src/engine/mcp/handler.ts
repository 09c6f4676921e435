// The arguments of a handler of a tool, a resource or a prompt. The client never sees what it throws.
import type { McpServer, ServerContext } from '@modelcontextprotocol/server'
import type { Scope } from '#config'
import type { Fields } from '../log/events.ts'
import { logError } from '../log/log.ts'
import type { Allowance } from '../people/call-counts.ts'

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
  /** The address of this server, without a slash at its end. */
  readonly origin: string
  /**
   * A `fetch` that carries the user's own token for the login method of this name, such as `github`. The definition
   * declares it in `upstream`. It goes to that provider's API only, and says to the model when the user has not signed in there.
   */
  readonly upstream: (name: string) => UpstreamFetch
  /** Seals what `inputRequired({ requestState })` takes; `mcp.mcpReq.requestState()` is the value again. */
  readonly sealState: (value: object) => Promise<string>
}

/** @throws ToolError when the user must sign in there (again), or the provider does not answer */
export type UpstreamFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** What a handler is given beside its input. */
export interface HandlerContext extends Caller {
  /** The SDK's own context: progress, logging, input from the user. */
  readonly mcp: ServerContext
}

/** What the handler of something public is given: no caller, even where a token came. */
export interface PublicContext {
  readonly env: Env
  readonly mcp: ServerContext
}

/** A caller, with the scopes that they could be granted by asking; absent where nothing limits them. */
export interface Known extends Caller {
  readonly attainable?: readonly string[]
}

/** Who sends a message without a token. */
export interface Stranger {
  readonly env: Env
}

/** What a handler is given, by what its definition says of access. */
export type ContextOf<Access> = Access extends 'public' ? PublicContext : HandlerContext

/** The one kind of error whose text reaches the model: say what went wrong and what to do instead. */
export class ToolError extends Error {}

/** The common fields of a tool, a resource and a prompt. */
export interface Definition<Access = unknown> {
  /** Its name in the protocol, for the model and in the log. */
  readonly name: string
  /** What people are shown. */
  readonly title: string
  /** What the model, or the person, reads to decide when to use it. */
  readonly description: string
  /** `public`: for everyone, without a token. */
  readonly access?: Access
  /** What a token must be allowed; absent: any token will do. */
  readonly scope?: Access extends 'public' ? never : Scope | readonly [Scope, ...Scope[]]
  /** How often each user may call it, in every minute or hour of UTC. All their apps and tokens share one count. */
  readonly limit?: Access extends 'public' ? never : Allowance<'minute' | 'hour'>
  /** The same, in every day of UTC. */
  readonly quota?: Access extends 'public' ? never : Allowance<'day'>
  /** Whether lists show it to someone who could have it. Someone without a token never sees it. It refuses nothing. */
  readonly visible?: Access extends 'public' ? never : Visible
  /** Which scopes it needs of the token that a login method brings, by method: `{ github: ['repo'] }`. */
  readonly upstream?: Readonly<Record<string, readonly string[]>>
}

type Visible = (who: Pick<Caller, 'user' | 'client'>) => boolean | Promise<boolean>

/** Tells who makes the call that a context is of. */
export type CallerOf = (mcp: ServerContext) => Known | Stranger

/** What a definition becomes: ready to be registered with a server. */
export interface Offer {
  readonly name: string
  readonly access?: 'public'
  /** Whether lists show it; absent: they do. */
  isListed?(caller: Known | Stranger): Promise<boolean>
  readonly upstream?: Readonly<Record<string, readonly string[]>>
  register(server: McpServer, callerOf: CallerOf): void
}

/** Suggests values that begin with what was typed so far: at most 100 of them are sent. */
export type Complete<Access = undefined> = (
  start: string,
  context: ContextOf<Access>,
) => readonly string[] | Promise<readonly string[]>

/** What lists and completions are asked. The SDK checks no scope there, so that each has to be asked with its caller. */
export interface Completable {
  /** Suggestions for one variable or argument; none without the scope. */
  complete(
    argument: string,
    start: string,
    caller: Caller | Stranger,
    mcp: ServerContext,
  ): Promise<readonly string[]>
}

export function scopesOf({
  scope,
}: Pick<Definition<undefined>, 'scope'>): readonly [Scope, ...Scope[]] | undefined {
  return typeof scope === 'string' ? [scope] : scope
}

/** Whether a caller may have something of a definition listed or completed. */
export function mayHave(caller: Caller | Stranger, definition: Definition): boolean {
  if (definition.access === 'public') return true
  return (
    'user' in caller &&
    (scopesOf(definition as Definition<undefined>) ?? []).every((scope) => caller.scopes.includes(scope))
  )
}

/** Whether lists show a definition: to those who have it, or could have it by asking. */
export async function isListed(
  what: Named,
  { access, visible, ...definition }: Definition<undefined>,
  caller: Known | Stranger,
): Promise<boolean> {
  if ((access as unknown) === 'public') return true
  if (!('user' in caller)) return !visible
  const { attainable, user, client } = caller
  if (attainable && !(scopesOf(definition) ?? []).every((scope) => attainable.includes(scope))) return false
  if (!visible) return true
  const ended = await attempt(what, () => visible({ user, client }))
  return ended.outcome === 'ok' && ended.result
}

/**
 * What a handler is given. The endpoint lets a stranger reach only what is public; this does not rely on it.
 * @throws Error
 */
export function contextOf<Access>(
  { access }: Definition<Access>,
  caller: Caller | Stranger,
  mcp: ServerContext,
): ContextOf<Access> {
  if (access !== 'public' && !('user' in caller)) throw new Error('A message came here unauthenticated.')
  return (access === 'public' ? { env: caller.env, mcp } : { ...caller, mcp }) as ContextOf<Access>
}

/** How a handler ended: with a result, or with a text that the client may read. */
export type Ended<Result> = { readonly ms: number } & (
  | { readonly outcome: 'ok'; readonly result: Result }
  | { readonly outcome: 'refused' | 'failed'; readonly text: string }
)

/** What a definition is, and its name, as the log has it. */
export type Named = Pick<Fields<'error'>, 'tool' | 'resource' | 'prompt'>

/** Runs a handler. Only a ToolError leaves it; other errors go to the log. @param what its kind, for the log */
export async function attempt<Result>(
  what: Named,
  handler: () => Result | Promise<Result>,
): Promise<Ended<Result>> {
  const started = Date.now()
  const ms = () => Date.now() - started
  try {
    const result = await handler()
    return { outcome: 'ok', result, ms: ms() }
  } catch (error) {
    if (error instanceof ToolError) return { outcome: 'refused', text: error.message, ms: ms() }
    logError(error, what)
    const [kind] = Object.keys(what)
    return {
      outcome: 'failed',
      text: `The ${kind} failed. The error has been logged on the server.`,
      ms: ms(),
    }
  }
}

/** Suggestions of one completer; none without the scope, for a name that has none, or where it fails. */
export async function suggest(
  what: Named,
  definition: Definition,
  completers: object,
  [argument, start, caller, mcp]: Parameters<Completable['complete']>,
): Promise<readonly string[]> {
  const completer = Object.hasOwn(completers, argument) && (completers as Record<string, Complete>)[argument]
  if (!completer || !mayHave(caller, definition)) return []
  const context = contextOf(definition, caller, mcp) as HandlerContext
  const ended = await attempt(what, () => completer(start, context))
  return ended.outcome === 'ok' ? ended.result : []
}

/** Who and how, as the log has it. */
export function ending(caller: Caller | Stranger, { outcome, ms }: Ended<unknown>) {
  return { ...('user' in caller && { user: caller.user.id, client: caller.client.id }), outcome, ms }
}
