// The headers that /mcp reads, before anything reads them. Proxies and clients have been seen to send one twice, and to
// write media types as they like (RFC 9110 §5.3, §8.3.1).
import { OAuthError } from '../http/errors.ts'

export const SESSION_ID = 'Mcp-Session-Id'

/** Of one value, in which no comma means anything. By their names in lower case, as an iteration has them. */
const SINGLE = new Map(
  [
    'Authorization',
    'Content-Type',
    'MCP-Protocol-Version',
    'Mcp-Method',
    SESSION_ID,
    'Last-Event-ID',
    'Origin',
  ].map((name) => [name.toLowerCase(), name]),
)
/** Of one value that the body repeats. A comma in it may be its own. */
const REPEATED_IN_BODY = /^mcp-(?:name|param-.+)$/
const JSON_TYPE = 'application/json'
const STREAM_TYPE = 'text/event-stream'

/** The request as it was meant. @throws OAuthError `invalid_request` when a header has two different values */
export function withSingleHeaders(request: Request): Request {
  const changes: [string, string][] = []
  // One pass over all: to ask the runtime for each by its name takes longer.
  for (const [lowerCase, value] of request.headers) {
    const name = SINGLE.get(lowerCase)
    // A comma between quotes separates nothing (RFC 9110 §5.6.4).
    if (name === undefined || !value.includes(',') || value.includes('"')) continue
    const [first = '', ...others] = partsOf(name, value)
    if (others.some((other) => other !== first)) {
      throw new OAuthError('invalid_request', `The header ${name} is there twice, with different values.`)
    }
    changes.push([name, first])
  }
  const accept = acceptOf(request)
  if (accept !== undefined) changes.push(['Accept', accept])
  return changed(request, changes)
}

/** The same for the headers that say what the body says. Two different values are for the SDK to refuse: one is wrong. */
export function withSingleParameters(request: Request, message: object): Request {
  const repeated = [...request.headers].filter(
    ([name, value]) => value.includes(',') && REPEATED_IN_BODY.test(name),
  )
  if (repeated.length === 0) return request
  // Once, however many headers there are.
  const said = valuesIn(message)
  const changes = repeated.flatMap(([name, value]) => {
    const parts = new Set(partsOf(name, value))
    return parts.size === 1 && !said.has(value) ? [[name, ...parts] as [string, string]] : []
  })
  // Its body has been read.
  const { url, method, headers, signal } = request
  return changed(new Request(url, { method, headers, signal }), changes)
}

/** Every value in a message, wherever it stands. */
function valuesIn(message: object): ReadonlySet<unknown> {
  const values = new Set<unknown>()
  JSON.stringify(message, (_name, value) => {
    values.add(value)
    return value
  })
  return values
}

function partsOf(name: string, value: string): string[] {
  return value.split(',').map((part) => {
    if (name === 'Content-Type') return part.trim().toLowerCase()
    return name === 'Authorization' ? part.trim().replace(/^bearer +/i, 'Bearer ') : part.trim()
  })
}

/**
 * What the SDK looks for, if that is what the header means; undefined where nothing need be changed. A GET has to name
 * the stream: a probe that takes anything must not be left waiting on one.
 */
function acceptOf({ method, headers }: Request): string | undefined {
  const accept = headers.get('Accept')
  if (accept === null || (accept.includes(JSON_TYPE) && accept.includes(STREAM_TYPE))) return undefined
  const ranges = accept.split(',').map((range) =>
    range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  )
  const named = ranges.filter((range) => !range.some((part) => /^q=0(?:\.0*)?$/.test(part)))
  const covers = (type: string) =>
    named.some(([range]) => range === type || (method === 'POST' && isRangeOf(range, type)))
  const types = [JSON_TYPE, STREAM_TYPE].filter(covers)
  return types.length > 0 ? types.join(', ') : undefined
}

function isRangeOf(range: string | undefined, type: string): boolean {
  return range === '*/*' || range === `${type.split('/')[0]}/*`
}

function changed(request: Request, changes: readonly [string, string][]): Request {
  if (changes.length === 0) return request
  const headers = new Headers(request.headers)
  for (const [name, value] of changes) headers.set(name, value)
  return new Request(request, { headers })
}
