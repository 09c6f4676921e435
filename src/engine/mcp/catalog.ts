// What a server offers, and the ways to it that the SDK leaves unguarded: lists and completions, each asked with the
// caller of its own request.
import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { Bearers } from '../oauth/part.ts'
import type { Resource as Described } from '../settings/resources.ts'
import type { Prompt } from './define-prompt.ts'
import type { Resource } from './define-resource.ts'
import type { Tool } from './define-tool.ts'
import type { CallerOf, Completable, Known, Offer, Stranger } from './handler.ts'

/** What a fork's server offers. */
export interface Catalog {
  readonly tools: readonly Tool[]
  readonly resources: readonly Resource[]
  readonly prompts: readonly Prompt[]
}

/** An MCP server: which one it is, and what it offers. */
export interface Served {
  readonly resource: Described
  readonly catalog: Catalog
  /** What is a token there, beside the access tokens of its authorization servers. */
  readonly bearers?: Bearers
}

/** A catalog with the views of its tools among the resources. */
export function withViews({ tools, resources, prompts }: Catalog): Catalog {
  return {
    tools,
    prompts,
    // Asked anew each time: the list of tools may grow until the first request.
    get resources() {
      const views = tools.flatMap(({ view }) => view ?? [])
      return views.length > 0 ? [...resources, ...views] : resources
    },
  }
}

interface Message {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown }
}

const MAX_SUGGESTIONS = 100
const FIXED = { listChanged: false }

/** What a message can reach. To register all of it, for this one message, is O(offers). */
export function reachableBy(message: Message | undefined, catalog: Catalog): Catalog {
  const { tools, prompts } = catalog
  const none: Catalog = { tools: [], resources: [], prompts: [] }
  switch (message?.method) {
    case 'tools/call': {
      const called = tools.find(({ name }) => name === message.params?.name)
      return { ...none, tools: called ? [called] : tools }
    }
    case 'tools/list':
      return { ...none, tools }
    case 'resources/list':
    case 'resources/templates/list':
    case 'resources/read':
      return { ...none, resources: catalog.resources }
    case 'prompts/list':
    case 'prompts/get':
      return { ...none, prompts }
    default:
      return catalog
  }
}

/** Lists change only with a deployment, which ends every stream. So the server announces no change of a list. */
export function capabilitiesOf({ resources, prompts }: Catalog) {
  return {
    tools: FIXED,
    ...(resources.length > 0 && { resources: FIXED }),
    ...(prompts.length > 0 && { prompts: FIXED }),
    ...([...resources, ...prompts].some(({ complete }) => complete) && { completions: {} }),
  }
}

/**
 * All that a server offers, registered with it.
 * @param scopeNames what our scopes are called at the authorization server that clients are sent to
 */
export function register(
  server: McpServer,
  catalog: Catalog,
  callerOf: CallerOf,
  scopeNames: Readonly<Record<string, string>> | undefined,
): void {
  const { tools, resources, prompts } = catalog
  const offers: readonly Offer[] = [...tools, ...resources, ...prompts]
  for (const offer of offers) offer.register(server, callerOf)
  const sdk = server.server
  sdk.setRequestHandler('tools/list', async (_request, mcp) => {
    const listed = await listedFor(tools, callerOf(mcp))
    return { tools: listed.flatMap((tool) => tool.listed?.(scopeNames ?? {}) ?? []) }
  })
  if (resources.length > 0) {
    sdk.setRequestHandler('resources/list', async (_request, mcp) => {
      const caller = callerOf(mcp)
      const listed = await listedFor(resources, caller)
      const lists = await Promise.all(listed.map((resource) => resource.list(caller, mcp)))
      return { resources: lists.flat() }
    })
    sdk.setRequestHandler('resources/templates/list', async (_request, mcp) => {
      const listed = await listedFor(resources, callerOf(mcp))
      return { resourceTemplates: listed.flatMap(({ template }) => template ?? []) }
    })
  }
  if (prompts.length > 0) {
    sdk.setRequestHandler('prompts/list', async (_request, mcp) => {
      const shown = await listedFor(prompts, callerOf(mcp))
      return { prompts: shown.map(({ listed }) => listed) }
    })
  }
  if (sdk.getCapabilities().completions) {
    sdk.setRequestHandler('completion/complete', async ({ params: { ref, argument } }, mcp) => {
      const completed: Partial<Completable> | undefined =
        ref.type === 'ref/prompt'
          ? prompts.find(({ name }) => name === ref.name)
          : resources.find(({ uri }) => uri === ref.uri)
      if (!completed)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing of that name.')
      const found = (await completed.complete?.(argument.name, argument.value, callerOf(mcp), mcp)) ?? []
      const values = found.slice(0, MAX_SUGGESTIONS)
      return { completion: { values, total: found.length, hasMore: values.length < found.length } }
    })
  }
}

async function listedFor<One extends Offer>(
  offers: readonly One[],
  caller: Known | Stranger,
): Promise<readonly One[]> {
  const shown = await Promise.all(offers.map((offer) => offer.isListed?.(caller) ?? true))
  return offers.filter((_offer, index) => shown[index])
}

/** What all of these servers need upstream, by login method. */
export function upstreamScopesOf(servers: readonly Served[]): Record<string, string[]> {
  const scopes: Record<string, string[]> = {}
  const offers = servers.flatMap(({ catalog }): Offer[] => [
    ...catalog.tools,
    ...catalog.resources,
    ...catalog.prompts,
  ])
  for (const [name, wanted] of offers.flatMap(({ upstream = {} }) => Object.entries(upstream))) {
    scopes[name] = [...new Set([...(scopes[name] ?? []), ...wanted])]
  }
  return scopes
}
