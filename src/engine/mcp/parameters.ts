// The parameters of a message, before the SDK sees them: it tells a client by a dump of its validator what is wrong, or
// takes a malformed `initialize` for a message of a session that does not exist.
import { PROTOCOL_VERSION_META_KEY, specTypeSchemas } from '@modelcontextprotocol/server'

type Fields = Readonly<Record<string, unknown>>

const MAX_PATH = 100
/** Of a resource: no address that is listed here is near it. */
const MAX_URI = 2048

/** What is wrong with the parameters of a request or notification, in one sentence. `null` is no way to leave one out. */
export function problemOf(message: object): string | undefined {
  const { method, params } = message as Fields
  if (typeof method !== 'string') return undefined
  // The stateless protocol has no such method, which the SDK says.
  if (method === 'initialize' && !isStateless(message)) return problemOfInitialize(message)
  if (params === undefined) return undefined
  if (!isObject(params)) return 'params must be an object.'
  const { _meta, cursor, name, uri, arguments: args } = params
  if (_meta !== undefined && !isObject(_meta)) return '_meta must be an object.'
  const progressToken = _meta?.progressToken
  if (progressToken !== undefined && !isId(progressToken))
    return 'progressToken must be a string or a number.'
  if (method.endsWith('/list') && cursor !== undefined && typeof cursor !== 'string')
    return 'cursor must be a string.'
  switch (method) {
    case 'tools/call':
    case 'prompts/get':
      if (typeof name !== 'string') return 'name must be a string.'
      if (args !== undefined && !isObject(args)) return 'arguments must be an object.'
      return method === 'tools/call' || areTexts(args) ? undefined : 'arguments must be strings.'
    case 'resources/read':
      return isText(uri, MAX_URI) ? undefined : `uri must be a string of at most ${MAX_URI} characters.`
    case 'completion/complete':
      return problemOfCompletion(params)
    default:
      return undefined
  }
}

/** Under which an answer is expected; null where none can be named (JSON-RPC 2.0 §5). */
export function idOf(message: object): string | number | null {
  const { id } = message as Fields
  return isId(id) ? id : null
}

/** Whether a message is of the stateless protocol (2026-07-28), which puts its version into each one. */
export function isStateless(message: { readonly params?: unknown }): boolean {
  const { params } = message
  return isObject(params) && isObject(params._meta) && PROTOCOL_VERSION_META_KEY in params._meta
}

function problemOfInitialize(message: object): string | undefined {
  if (!isId((message as Fields).id)) return 'initialize is a request, and needs an id.'
  const result = specTypeSchemas.InitializeRequest['~standard'].validate(message)
  if (result instanceof Promise || !result.issues) return undefined
  const [first] = result.issues
  const keys = first?.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
  return `${keys.join('.').slice(0, MAX_PATH)} is missing, or not what the protocol has there.`
}

function problemOfCompletion({ ref, argument }: Fields): string | undefined {
  if (!isObject(ref) || !areTexts(ref)) return 'ref must name a prompt or a resource.'
  if (ref.type === 'ref/prompt' ? !ref.name : ref.type !== 'ref/resource' || !ref.uri)
    return 'ref must name a prompt or a resource.'
  const { name, value } = isObject(argument) ? argument : {}
  return isText(name, MAX_URI) && isText(value, MAX_URI)
    ? undefined
    : `argument must have a name and a value of at most ${MAX_URI} characters.`
}

function isText(value: unknown, atMost: number): value is string {
  return typeof value === 'string' && value.length <= atMost
}

function areTexts(values: Fields = {}): boolean {
  return Object.values(values).every((value) => typeof value === 'string')
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
