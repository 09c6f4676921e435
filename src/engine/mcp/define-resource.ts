// How a resource is declared: one thing to read, or a template for many. Its scope is checked before it is read, and
// before anything of it is listed or completed.
import {
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
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
  mayHave,
  type Offer,
  type Stranger,
  scopesOf,
  suggest,
} from './handler.ts'
import { limited } from './limits.ts'
import { type Answer, answerCompletions, listedFor } from './lists.ts'
import { challengeFor } from './refusal.ts'

/** The variables of a template: those of `note://{id}` are `id`. */
export type VariablesOf<Uri extends string> = Uri extends `${string}{${infer Name}}${infer Rest}`
  ? Name | VariablesOf<Rest>
  : never

type Values<Uri extends string> = Readonly<Record<VariablesOf<Uri>, string>>

/** A text, or any result that the SDK knows; undefined where there is no such resource. */
export type ResourceResult = string | ReadResourceResult | InputRequiredResult | undefined

interface ResourceDefinition<Uri extends string, Access> extends Definition<Access> {
  /** `app://settings`, or a template in which a variable is what stands between two slashes: `note://{id}`. */
  readonly uri: Uri
  /** Of a text that the handler returns. */
  readonly mimeType?: string
  /** Those of a template that the caller may read. */
  readonly list?: (
    context: ContextOf<Access>,
  ) => readonly ListedEntry<Uri>[] | Promise<readonly ListedEntry<Uri>[]>
  readonly complete?: { readonly [Name in VariablesOf<Uri>]?: Complete<Access> }
  readonly handler: (
    variables: Values<Uri>,
    context: ContextOf<Access>,
  ) => ResourceResult | Promise<ResourceResult>
}

interface ListedEntry<Uri extends string> {
  readonly variables: Values<Uri>
  readonly title: string
  readonly description?: string
}

/** As `resources/list` and `resources/templates/list` have it. */
interface Listed {
  readonly name: string
  readonly title: string
  readonly description?: string
  readonly mimeType?: string
}

/** A resource, ready to be registered with a server. */
export interface Resource extends Offer, Partial<Completable> {
  readonly uri: string
  /** What a template says of itself; absent for a resource without variables. */
  readonly template?: Listed & { readonly uriTemplate: string }
  /** For all resources of a server. It comes with them: a server without any has none of it. */
  readonly answer: Answer<Resource>
  /** Whether an address is one of its own. */
  matches(uri: string): boolean
  /** What the caller may read; nothing without the scope. */
  list(caller: Caller | Stranger, mcp: ServerContext): Promise<readonly (Listed & { readonly uri: string })[]>
}

// A variable is a whole segment, so that one pass tells whether an address matches.
const FORM = /^[a-z][a-z\d+.-]*:\/\/(?:\{\w+\}|[^/{}]*)(?:\/(?:\{\w+\}|[^/{}]*))*$/
const VARIABLE = /\{(\w+)\}/g

export function defineResource<
  const Uri extends string,
  const Access extends 'public' | undefined = undefined,
>(resource: ResourceDefinition<Uri, Access>): Resource {
  const { name, title, description, uri, mimeType, access, complete } = resource
  if (!FORM.test(uri)) throw new Error(`The resource ${name} has an address of another form: ${uri}`)
  const isTemplate = uri.includes('{')
  const scopes = scopesOf(resource)
  const listed: Listed = { name, title, description, ...(mimeType && { mimeType }) }
  const config = { title, ...(scopes && { scopeChallenge: challengeFor(`resource ${name}`, scopes) }) }
  return {
    name,
    uri,
    ...(access && { access }),
    ...(resource.upstream && { upstream: resource.upstream }),
    ...(isTemplate && { template: { uriTemplate: uri, ...listed } }),
    ...(complete && {
      complete: (...asked: Parameters<Completable['complete']>) =>
        suggest({ resource: name }, resource, complete, asked),
    }),
    answer: answerResources,
    matches: matcherOf(uri),
    list: (caller, mcp) => list(resource, isTemplate, listed, caller, mcp),
    isListed: (caller) => isListed({ resource: name }, resource as Definition<undefined>, caller),
    register(server, callerOf) {
      const readAs = ({ href }: URL, raw: object, mcp: ServerContext) =>
        read(resource, href, raw, callerOf(mcp), mcp)
      if (isTemplate)
        server.registerResource(name, new ResourceTemplate(uri, { list: undefined }), config, readAs)
      else server.registerResource(name, new URL(uri).href, config, (url, mcp) => readAs(url, {}, mcp))
    },
  }
}

/** Answers the lists of a server's resources. */
export const answerResources: Answer<Resource> = (sdk, resources, callerOf, find) => {
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
  answerCompletions(sdk, callerOf, find)
}

async function read<Uri extends string, Access>(
  resource: ResourceDefinition<Uri, Access>,
  href: string,
  raw: object,
  caller: Caller | Stranger,
  mcp: ServerContext,
): Promise<ReadResourceResult | InputRequiredResult> {
  const { name, mimeType, handler } = resource
  const variables = decoded<Uri>(raw)
  if (!variables) throw new ResourceNotFoundError(href)
  const context = contextOf(resource, caller, mcp)
  const what = { resource: name }
  const run = limited(what, resource as Definition<undefined>, caller, () => handler(variables, context))
  const ended = await attempt(what, run)
  log('resource.read', { resource: name, ...ending(caller, ended) })
  if (ended.outcome !== 'ok') throw new ProtocolError(ProtocolErrorCode.InternalError, ended.text)
  const { result } = ended
  if (result === undefined) throw new ResourceNotFoundError(href)
  if (typeof result !== 'string') return result
  return { contents: [{ uri: href, ...(mimeType && { mimeType }), text: result }] }
}

async function list<Uri extends string, Access>(
  resource: ResourceDefinition<Uri, Access>,
  isTemplate: boolean,
  listed: Listed,
  caller: Caller | Stranger,
  mcp: ServerContext,
): Promise<readonly (Listed & { readonly uri: string })[]> {
  const { name, uri, list } = resource
  if (!isTemplate) return [{ uri, ...listed }]
  if (!list || !mayHave(caller, resource)) return []
  const context = contextOf(resource, caller, mcp)
  const ended = await attempt({ resource: name }, () => list(context))
  if (ended.outcome !== 'ok') return []
  return ended.result.map(({ variables, ...entry }) => ({ uri: expand(uri, variables), ...listed, ...entry }))
}

/** What the SDK takes for an address of this resource. */
function matcherOf(uri: string): (uri: string) => boolean {
  const [first = '', ...others] = uri.split(VARIABLE).filter((_part, index) => index % 2 === 0)
  const form = new RegExp(`^${[first, ...others].map(escaped).join('[^/,]+')}$`)
  return (address) => URL.canParse(address) && form.test(new URL(address).href)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function expand(uri: string, variables: Readonly<Record<string, string>>): string {
  return uri.replace(VARIABLE, (_whole, variable: string) => encodeURIComponent(variables[variable] ?? ''))
}

/** The values as they are; undefined where they come of no address that expand() would make. */
function decoded<Uri extends string>(raw: object): Values<Uri> | undefined {
  try {
    const values = Object.entries(raw).map(([name, value]) => [name, decode(String(value))])
    return Object.fromEntries(values)
  } catch {
    return undefined
  }
}

function decode(value: string): string {
  // A query and a fragment are part of no variable.
  if (/[?#]/.test(value)) throw new URIError(value)
  return decodeURIComponent(value)
}
