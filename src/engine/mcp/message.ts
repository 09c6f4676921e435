// The body of a POST to /mcp: one JSON-RPC message, of a size and depth that a tool call can have. Batches are refused
// in every era: the 2025-03-26 protocol had them, hardly a client sends them, and a scope check must bind to one call.
import { readRequestBody } from '@modelcontextprotocol/server'
import { idOf, problemOf } from './parameters.ts'

/** Many times what a model writes into one call. Its objects can be tiny, and then each MiB costs tens of ms. */
const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 64
const PARSE_ERROR = -32700
const INVALID_REQUEST = -32600
const INVALID_PARAMS = -32602

/** The message, or the answer that refuses it: 400 or 413 with a JSON-RPC error. */
export async function readMessage(
  request: Request,
  maxBytes = MAX_BYTES,
): Promise<{ message: object } | { refusal: Response }> {
  const body = await readBody(request, maxBytes)
  if (body.tooLarge) return refuse(413, INVALID_REQUEST, `A message has at most ${maxBytes / 1024} KiB.`)
  const message = parse(body.text)
  if (message === undefined) return refuse(400, PARSE_ERROR, 'The message is not JSON.')
  if (Array.isArray(message))
    return refuse(400, INVALID_REQUEST, 'Batches are not supported. Send one message.')
  if (typeof message !== 'object' || message === null)
    return refuse(400, INVALID_REQUEST, 'A message is an object.')
  if (!isPlain(message, MAX_DEPTH))
    return refuse(400, INVALID_REQUEST, 'The message is nested too deeply, or sets a prototype.')
  const problem = problemOf(message)
  return problem === undefined
    ? { message }
    : refuse(400, INVALID_PARAMS, `Invalid params: ${problem}`, idOf(message))
}

// The platform reads a body of known length at once, for a fifth of what the whole call costs otherwise. Nothing is
// trusted: a length in Content-Length that chunks belie (RFC 9112 §6.3) is too small for what has come.
async function readBody(request: Request, maxBytes: number): ReturnType<typeof readRequestBody> {
  const length = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (!(length <= maxBytes)) return readRequestBody(request, maxBytes)
  const text = await request.text()
  return text.length <= length ? { tooLarge: false, text } : { tooLarge: true }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Not deeper than any tool's input, and without a key that would set a prototype when copied. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0 || Object.hasOwn(value, '__proto__')) return false
  return Object.values(value).every((one) => isPlain(one, depth - 1))
}

function refuse(status: number, code: number, message: string, id?: unknown): { refusal: Response } {
  return { refusal: errorAnswer(status, code, message, id) }
}

/** A JSON-RPC error as an answer of its own. @param id of the message that it answers, where that is known */
export function errorAnswer(status: number, code: number, message: string, id: unknown = null): Response {
  const error = { jsonrpc: '2.0', error: { code, message }, id }
  return Response.json(error, { status, headers: { 'Cache-Control': 'no-store' } })
}

/** MCP 2025-11-25 transports, "Session Management": the client then begins a new session. */
export function sessionNotFound(): Response {
  return errorAnswer(404, -32001, 'Session not found')
}
