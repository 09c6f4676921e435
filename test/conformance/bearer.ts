// Loaded before the conformance suite, which cannot send a token of its own: adds one to each request to MCP_URL that
// names none. The suite sends with fetch, with undici and with node:http.
import http, { type OutgoingHttpHeaders } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { URL, urlToHttpOptions } from 'node:url'

const mcp = new URL(process.env.MCP_URL ?? '')
const authorization = `Bearer ${process.env.MCP_TOKEN}`

interface Dispatch {
  origin?: string | URL
  path: string
  headers?: unknown
}
interface Dispatcher {
  dispatch(options: Dispatch, handler: unknown): boolean
}

// Node makes the dispatcher that its fetch shares with the undici package when fetch is first used.
await fetch('data:,')
const dispatcher = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')) as Dispatcher
const dispatch = dispatcher.dispatch.bind(dispatcher)
dispatcher.dispatch = (options, handler) =>
  dispatch(
    isMcp(options.origin?.toString(), options.path)
      ? { ...options, headers: signed(options.headers) }
      : options,
    handler,
  )

for (const name of ['request', 'get'] as const) {
  const send = http[name] as (options: http.RequestOptions, callback?: unknown) => http.ClientRequest
  http[name] = ((...parameters: unknown[]) => {
    const [first, second, third] = parameters
    const address = typeof first === 'string' || first instanceof URL
    const options: http.RequestOptions = address
      ? { ...urlToHttpOptions(new URL(first)), ...(typeof second === 'object' ? second : {}) }
      : { ...(first as http.RequestOptions) }
    const host = options.hostname ?? options.host
    if (isMcp(`http://${host}:${options.port ?? 80}`, options.path ?? '/')) {
      options.headers = signed(options.headers)
    }
    return send(
      options,
      [third, second].find((parameter) => typeof parameter === 'function'),
    )
  }) as typeof http.request
}
syncBuiltinESMExports()

function isMcp(origin: string | undefined, path: string): boolean {
  if (origin === undefined || !URL.canParse(path, origin)) return false
  const url = new URL(path, origin)
  return url.origin === mcp.origin && url.pathname === mcp.pathname
}

/** Headers as undici and node:http take them: name and value in turn, or an object. */
function signed(headers: unknown): OutgoingHttpHeaders {
  const named = Array.isArray(headers)
    ? Object.fromEntries(pairs(headers))
    : { ...(headers as OutgoingHttpHeaders) }
  const own = Object.keys(named).some((name) => name.toLowerCase() === 'authorization')
  return own ? named : { ...named, authorization }
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as string]] : []))
}
