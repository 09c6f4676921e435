// What a server offers, and how it is registered with the SDK.
import type { McpServer } from '@modelcontextprotocol/server'
import type { Bearers } from '../oauth/part.ts'
import type { Resource as Described } from '../settings/resources.ts'
import type { Prompt } from './define-prompt.ts'
import type { Resource } from './define-resource.ts'
import type { Tool } from './define-tool.ts'
import type { CallerOf, Offer } from './handler.ts'
import { type Find, listedFor } from './lists.ts'

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

/** Otherwise the SDK would refuse every request. @throws Error at the start of the server, with what to change */
export function requireDistinct({ tools, resources, prompts }: Catalog): void {
  const addresses = resources.map(({ uri }) => ({ name: uri }))
  for (const [kind, offers] of Object.entries({ tools, resources, prompts, addresses })) {
    const names = offers.map(({ name }) => name)
    const twice = names.find((name, at) => names.indexOf(name) < at)
    if (twice) throw new Error(`Two ${kind} are called ${twice}.`)
  }
}

interface Message {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown }
}

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
  const find: Find = ({ type, name, uri }) =>
    type === 'ref/prompt'
      ? prompts.find((prompt) => prompt.name === name)
      : resources.find((resource) => resource.uri === uri)
  resources[0]?.answer(sdk, resources, callerOf, find)
  prompts[0]?.answer(sdk, prompts, callerOf, find)
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
