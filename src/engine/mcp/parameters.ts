// The parameters of a message, before the SDK sees them: it tells a client by a dump of its validator what is wrong, or
// takes a malformed `initialize` for a message of a session that does not exist.
import { specTypeSchemas } from '@modelcontextprotocol/server'

type Fields = Readonly<Record<string, unknown>>

const MAX_PATH = 100
const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'

/** What is wrong with the parameters of a request or notification, in one sentence. `null` is no way to leave one out. */
export function problemOf(message: object): string | undefined {
  const { method, params } = message as Fields
  if (typeof method !== 'string') return undefined
  // The stateless protocol has no such method, which the SDK says.
  if (method === 'initialize' && !isStateless(params)) return problemOfInitialize(message)
  if (params === undefined) return undefined
  if (!isObject(params)) return 'params must be an object.'
  const { _meta, cursor, name, arguments: args } = params
  if (_meta !== undefined && !isObject(_meta)) return '_meta must be an object.'
  const progressToken = _meta?.progressToken
  if (progressToken !== undefined && !isId(progressToken))
    return 'progressToken must be a string or a number.'
  if (method.endsWith('/list') && cursor !== undefined && typeof cursor !== 'string')
    return 'cursor must be a string.'
  if (method !== 'tools/call') return undefined
  if (typeof name !== 'string') return 'name must be a string.'
  return args === undefined || isObject(args) ? undefined : 'arguments must be an object.'
}

/** Under which an answer is expected; null where none can be named (JSON-RPC 2.0 §5). */
export function idOf(message: object): string | number | null {
  const { id } = message as Fields
  return isId(id) ? id : null
}

/** Whether parameters name their protocol version themselves, as the protocol does since 2026-07-28. */
function isStateless(params: unknown): boolean {
  return isObject(params) && isObject(params._meta) && PROTOCOL_VERSION in params._meta
}

function problemOfInitialize(message: object): string | undefined {
  if (!isId((message as Fields).id)) return 'initialize is a request, and needs an id.'
  const result = specTypeSchemas.InitializeRequest['~standard'].validate(message)
  if (result instanceof Promise || !result.issues) return undefined
  const [first] = result.issues
  const keys = first?.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
  return `${keys.join('.').slice(0, MAX_PATH)} is missing, or not what the protocol has there.`
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
