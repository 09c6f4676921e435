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

/** What 64 KiB of a form can hold, in two sizes: some is refused for its length, some only for its number. */
export const FILLINGS: Readonly<Record<string, string>> = {
  'one name 16,000 times': 'a=1&'.repeat(16_000),
  'one name 90 times': 'a=1&'.repeat(90),
  '8,000 names': Array.from({ length: 8_000 }, (_, n) => `a${n}=1`)
    .join('&')
    .slice(0, 60_000),
  '60 kB of separators': '&'.repeat(60_000),
  'one value of 60 kB': `a=${'x'.repeat(60_000)}`,
  'one value of 20,000 escapes': `a=${'%41'.repeat(20_000)}`,
  '30,000 scopes': `scope=${'x+'.repeat(30_000)}`,
  '90 resources of 600 characters': `resource=https%3A%2F%2F${'a'.repeat(600)}&`.repeat(90),
}

/** The same for members of a JSON object. */
export const MEMBERS: Readonly<Record<string, string>> = {
  'nesting 30,000 deep': `"x":${'['.repeat(30_000)}${']'.repeat(30_000)}`,
  'objects 8,000 deep': `"x":${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}`,
  '6,000 members': Array.from({ length: 6_000 }, (_, n) => `"m${n}":1`).join(','),
  '2,500 redirect URIs': `"redirect_uris":[${'"https://a.example/b",'.repeat(2_500)}"https://a.example"]`,
  '12,000 grant types': `"grant_types":[${'"a",'.repeat(12_000)}"authorization_code"]`,
  'a name of 60 kB': `"client_name":"${'\u200b'.repeat(10_000)}"`,
  '500 keys': `"jwks":{"keys":[${'{"kty":"EC","x":"a"},'.repeat(500)}{"kty":"EC"}]}`,
}

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
  (request, draw) => filled(request, draw.one(Object.values(FILLINGS)), draw.one(Object.values(MEMBERS))),
  (request, draw) => ({ ...request, body: request.body.slice(0, draw.number(request.body.length + 1)) }),
]

/** A copy of a valid request with one to four changes, from an address of its own. */
export function mutate(valid: RawRequest, draw: Draw): RawRequest {
  const address = `10.${draw.number(256)}.${draw.number(256)}.${draw.number(256)}`
  let request: RawRequest = { ...valid, headers: { 'CF-Connecting-IP': address, ...valid.headers } }
  for (let changes = 1 + draw.number(4); changes > 0; changes--) request = draw.one(MUTATIONS)(request, draw)
  return { ...request, path: request.path.startsWith('/') ? request.path : `/${request.path}` }
}

/** The request, with so much more in its body, or in its query where it has no body. */
export function filled(request: RawRequest, filling: string, members: string): RawRequest {
  if (request.headers['Content-Type'] === 'application/json')
    return { ...request, body: request.body.replace(/\}$/, `,${members}}`) }
  if (request.method !== 'GET') return { ...request, body: `${request.body}&${filling}` }
  const { path } = request
  return { ...request, path: `${path}${path.includes('?') ? '&' : '?'}${filling.slice(0, 7_000)}` }
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
  try {
    return JSON.stringify(mutateValue(JSON.parse(text), draw, 4))
  } catch {
    // No JSON any more, or too deep to be written again.
    return text
  }
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
