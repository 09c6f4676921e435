// What someone without a token may do, on a server that offers something public: begin, read the lists, and call what is
// public. Everything else needs a token. With nothing public there are no strangers, and no request gets here.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { tooOften } from '../http/errors.ts'
import { withinLimit } from '../http/limits.ts'
import { addressKey } from '../http/requester.ts'
import type { Catalog } from './catalog.ts'
import type { Offer } from './handler.ts'

interface Message {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown; readonly uri?: unknown; readonly ref?: Reference }
}

interface Reference {
  readonly type?: unknown
  readonly name?: unknown
  readonly uri?: unknown
}

/** What leads to no handler but those of lists, which give a stranger nothing of anybody's. */
const OPEN = new Set<unknown>([
  'initialize',
  'notifications/initialized',
  'notifications/cancelled',
  'server/discover',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
])

const isPublic = ({ access }: Offer) => access === 'public'

/** What of a server is public; undefined where nothing is. */
export function publicOf(catalog: Catalog): Catalog | undefined {
  const tools = catalog.tools.filter(isPublic)
  const resources = catalog.resources.filter(isPublic)
  const prompts = catalog.prompts.filter(isPublic)
  return tools.length + resources.length + prompts.length > 0 ? { tools, resources, prompts } : undefined
}

/** Whether a request comes without a token. A token that is garbage is judged as a token. */
export function isStrangers({ req }: Context<AppEnv>): boolean {
  return (
    req.method === 'POST' && !req.raw.headers.has('Authorization') && !req.raw.headers.has('Mcp-Session-Id')
  )
}

/** @throws OAuthError 429 */
export async function requireFewFrom(c: Context<AppEnv>): Promise<void> {
  if (await withinLimit(c.env.TOKEN_LIMIT, `stranger at ${addressKey(c)}`)) return
  throw tooOften()
}

/**
 * What a stranger's message can reach; undefined where it needs a token.
 * @param open what is public of it
 */
export function reachableByStrangers(message: Message, catalog: Catalog, open: Catalog): Catalog | undefined {
  if (OPEN.has(message.method)) return catalog
  return isOf(message, open) ? open : undefined
}

function isOf({ method, params }: Message, { tools, resources, prompts }: Catalog): boolean {
  const named = (offers: readonly Offer[], wanted: unknown) => offers.some(({ name }) => name === wanted)
  switch (method) {
    case 'tools/call':
      return named(tools, params?.name)
    case 'prompts/get':
      return named(prompts, params?.name)
    case 'resources/read':
      return resources.some((resource) => resource.matches(String(params?.uri)))
    case 'completion/complete':
      return params?.ref?.type === 'ref/prompt'
        ? named(prompts, params.ref.name)
        : resources.some(({ uri }) => uri === params?.ref?.uri)
    default:
      return false
  }
}
