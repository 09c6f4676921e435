// Changes to a request that know its grammar: paths, methods, headers, forms, JSON, JWTs, cookies.
import type { RawRequest } from './fuzz.ts'

export interface Draw {
  /** 0 ≤ n < below */
  number(below: number): number
  one<T>(from: readonly T[]): T
}

/** The same draws for the same seed (xorshift, 32 bits). */
export function seeded(seed: number): Draw {
  let state = seed | 1
  const number = (below: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  return { number, one: <T>(from: readonly T[]) => from[number(from.length)] as T }
}

const NASTY = [
  '',
  ' ',
  '\u0000',
  '%00',
  '%',
  '%ff%fe',
  '%c3%28',
  '../../etc/passwd',
  '//evil.test',
  'https://evil.test',
  'javascript:alert(1)',
  '"><script>alert(1)</script>',
  '\u202Eelgoog',
  '😀'.repeat(50),
  'a'.repeat(10_000),
  '-1',
  '1e309',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  'toString',
  '{"a":',
  '[[[[',
  '0'.repeat(64),
  `${'0'.repeat(64)}.${'A'.repeat(43)}`,
  'f'.repeat(64),
  'eyJhbGciOiJub25lIn0.e30.',
  '=?utf-8?',
  "' OR 1=1 --",
]

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']
// Cloudflare and wrangler refuse invalid hosts themselves.
const HOSTS = [
  'evil.test',
  'localhost.evil.test',
  '127.0.0.1',
  '[::1]:80',
  'LOCALHOST',
  'localhost.',
  '0',
  '2130706433',
]
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data',
  ';',
  '',
]
const HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Cookie',
  'Last-Event-ID',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Session-Id',
  'Origin',
  'Sec-Fetch-Site',
  'CF-Connecting-IP',
]

type Mutation = (request: RawRequest, draw: Draw) => RawRequest

const MUTATIONS: readonly Mutation[] = [
  (request, draw) => ({ ...request, method: draw.one(METHODS) }),
  (request, draw) => ({ ...request, path: mutateText(request.path, draw) }),
  (request, draw) => ({ ...request, path: mutateQuery(request.path, draw) }),
  (request, draw) => ({
    ...request,
    path: `${request.path.split('?')[0]}${draw.one(['/', '/x', '//', '%2f', '?', '.'])}`,
  }),
  (request, draw) => withHeader(request, draw.one(HEADERS), draw.one(NASTY)),
  (request, draw) => withHeader(request, 'Host', draw.one(HOSTS)),
  (request, draw) => withHeader(request, 'Content-Type', draw.one(TYPES)),
  mutateHeader,
  dropHeader,
  mutateBody,
  mutateBody,
  mutateBody,
  (request, draw) => ({ ...request, body: mutateText(request.body, draw) }),
  (request, draw) => ({ ...request, body: request.body.slice(0, draw.number(request.body.length + 1)) }),
]

/** A copy of a valid request with one to four changes, from an address of its own. */
export function mutate(valid: RawRequest, draw: Draw): RawRequest {
  const address = `10.${draw.number(256)}.${draw.number(256)}.${draw.number(256)}`
  let request: RawRequest = { ...valid, headers: { 'CF-Connecting-IP': address, ...valid.headers } }
  for (let changes = 1 + draw.number(4); changes > 0; changes--) request = draw.one(MUTATIONS)(request, draw)
  return { ...request, path: request.path.startsWith('/') ? request.path : `/${request.path}` }
}

function mutateBody(request: RawRequest, draw: Draw): RawRequest {
  const type = request.headers['Content-Type']
  if (type === 'application/json') return { ...request, body: mutateJson(request.body, draw) }
  return { ...request, body: mutateForm(request.body, draw) }
}

function mutateForm(text: string, draw: Draw): string {
  const fields = [...new URLSearchParams(text)]
  const field = draw.one(fields.length > 0 ? fields : [['x', 'y'] as [string, string]])
  const others = fields.filter((one) => one !== field)
  const value = draw.one([...NASTY, mutateText(field[1], draw), mutateText(field[1], draw)])
  const changed = draw.one([
    others,
    [...fields, field],
    [...others, [field[0], value]],
    [...others, [value, field[1]]],
    [...fields, [draw.one(['request', 'resource', 'scope', 'prompt', 'client_secret']), value]],
  ]) as [string, string][]
  return new URLSearchParams(changed).toString()
}

function mutateQuery(path: string, draw: Draw): string {
  const [before = '', query = ''] = path.split('?')
  return `${before}?${mutateForm(query, draw)}`
}

function mutateJson(text: string, draw: Draw): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  return JSON.stringify(mutateValue(value, draw, 4))
}

function mutateValue(value: unknown, draw: Draw, depth: number): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null || draw.number(5) === 0) {
    return draw.one<unknown>([
      ...NASTY,
      null,
      true,
      -1,
      1e30,
      0.5,
      [],
      {},
      [value],
      { a: value },
      nested(draw.number(500)),
    ])
  }
  if (Array.isArray(value))
    return draw.one<unknown>([[...value, ...value], value.map((one) => mutateValue(one, draw, depth - 1))])
  const keys = Object.keys(value)
  const key = keys.length > 0 ? draw.one(keys) : 'x'
  const entry = (value as Record<string, unknown>)[key]
  const { [key]: _, ...rest } = value as Record<string, unknown>
  const changed = mutateValue(entry, draw, depth - 1)
  return draw.one<unknown>([
    rest,
    { ...value, [key]: changed },
    { ...value, [key]: changed },
    { ...rest, [draw.one(NASTY)]: entry },
  ])
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

/** Characters changed, removed, doubled or swapped: what becomes of a token, a JWT, a cookie. */
function mutateText(text: string, draw: Draw): string {
  const at = draw.number(text.length + 1)
  const length = draw.number(8)
  const part = text.slice(at, at + length)
  const put = draw.one([
    '',
    part + part,
    draw.one(NASTY).slice(0, 40),
    part.split('').reverse().join(''),
    'A',
    '.',
    '%',
  ])
  return text.slice(0, at) + encodeControls(put) + text.slice(at + length)
}

function mutateHeader(request: RawRequest, draw: Draw): RawRequest {
  const name = draw.one(Object.keys(request.headers).filter((one) => one !== 'Host'))
  return withHeader(request, name, mutateText(request.headers[name] ?? '', draw))
}

function dropHeader(request: RawRequest, draw: Draw): RawRequest {
  const { [draw.one(Object.keys(request.headers))]: _, ...headers } = request.headers
  return { ...request, headers }
}

function withHeader(request: RawRequest, name: string, value: string): RawRequest {
  return { ...request, headers: { ...request.headers, [name]: encodeControls(value).slice(0, 4000) } }
}

/** What can go over the wire at all. */
function encodeControls(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))
}
