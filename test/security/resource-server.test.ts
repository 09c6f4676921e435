// Attacks on the resource server: rows M1 to M5, M7 to M9.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import type { AppEnv } from '#engine/http/app-env.ts'
import { guardOrigin } from '#engine/http/origin-guard.ts'
import { defineTool, type Tool, ToolError } from '#engine/mcp/define-tool.ts'
import { mcpEndpoint } from '#engine/mcp/endpoint.ts'
import { withMain } from '#engine/settings/resources.ts'
import { Notebook } from '#worker'
import { legacyCall, type McpRequest, modernCall, toolCall } from '../support/mcp-request.ts'
import { callTool, OAuthClient, structured, type Tokens } from '../support/oauth-client.ts'
import { expectInvalidToken, listenToLog } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, ORIGIN, send } from '../support/worker.ts'

const METADATA_URL = `${ORIGIN}/.well-known/oauth-protected-resource/mcp`

let app: OAuthClient
let visitor: Visitor
let tokens: Tokens

beforeAll(async () => {
  app = await OAuthClient.registered()
  visitor = new Visitor()
  tokens = await app.connect(visitor)
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** The texts of all notes, read with a token that may. */
async function notes({ access_token } = tokens): Promise<string[]> {
  const answer = await structured<{ notes: { text: string }[] }>(
    callTool(access_token, 'list_notes', { limit: 100 }),
  )
  return answer.notes.map(({ text }) => text)
}

/** A server with a tool of its own instead of the usual ones. */
function serverWith(tool: Tool): { post(request: McpRequest): Promise<Response> } {
  const server = new Hono<AppEnv>()
    .use(guardOrigin)
    .route(
      '/',
      mcpEndpoint({ resource: withMain([])[0], catalog: { tools: [tool], resources: [], prompts: [] } }),
    )
  return {
    post: async (request) => server.fetch(new Request(MCP_URL, request), env, createExecutionContext()),
  }
}

describe('M1 RFC 6750 §2, OAuth 2.1 §5.1 a request without a token in its header', () => {
  const withoutToken = (url: string, init: RequestInit = {}) => {
    const valid = modernCall(tokens.access_token, 'whoami')
    const headers = new Headers(valid.headers)
    headers.delete('Authorization')
    return send(url, { method: 'POST', headers, body: JSON.stringify(toolCall('whoami')), ...init })
  }

  it.each<[string, () => Promise<Response>]>([
    ['no token at all', () => withoutToken(MCP_URL)],
    ['no token, at the address with a slash behind it', () => withoutToken(`${MCP_URL}/`)],
    ['no token and GET', () => withoutToken(MCP_URL, { method: 'GET', body: null })],
    ['no token and DELETE', () => withoutToken(MCP_URL, { method: 'DELETE', body: null })],
    ['a token in the query', () => withoutToken(`${MCP_URL}?access_token=${tokens.access_token}`)],
    [
      'a token in a form body',
      () =>
        withoutToken(MCP_URL, {
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: `access_token=${tokens.access_token}`,
        }),
    ],
    [
      'a token in the message',
      () =>
        withoutToken(MCP_URL, {
          body: JSON.stringify({ ...toolCall('whoami'), access_token: tokens.access_token }),
        }),
    ],
    [
      'a token in a cookie',
      () => withoutToken(MCP_URL, { headers: { Cookie: `access_token=${tokens.access_token}` } }),
    ],
    ['a session cookie', async () => visitor.post('/mcp', {})],
    [
      'a token under another scheme',
      () => withoutToken(MCP_URL, { headers: { Authorization: `Basic ${tokens.access_token}` } }),
    ],
  ])('is 401 with an absolute resource_metadata: %s', async (_what, request) => {
    const response = await request()
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe(
      `Bearer resource_metadata="${METADATA_URL}", scope="notes:read"`,
    )
    await expect((await send(METADATA_URL)).json()).resolves.toMatchObject({ resource: MCP_URL })
  })

  it('is not saved by its header when it carries another token in the query', async () => {
    const url = `${MCP_URL}?access_token=${tokens.access_token}`
    expectInvalidToken(await withoutToken(url, { headers: { Authorization: 'Bearer not-a-token' } }))
  })
})

interface Forgery {
  header?: Partial<JWTHeaderParameters>
  claims?: JWTPayload
  key?: CryptoKey | Uint8Array
}

/** The valid token once more, signed here, with `changes`. */
async function forge({ header = {}, claims = {}, key }: Forgery = {}): Promise<string> {
  const valid = decodeProtectedHeader(tokens.access_token) as JWTHeaderParameters
  return new SignJWT({ ...decodeJwt(tokens.access_token), ...claims })
    .setProtectedHeader({ ...valid, ...header })
    .sign(key ?? ((await importJWK(JSON.parse(env.SIGNING_KEY), 'ES256')) as CryptoKey))
}

const publicJwk = (): JWK => {
  const { d: _private, ...jwk } = JSON.parse(env.SIGNING_KEY)
  return jwk
}
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const hs256 = (secret: string | Uint8Array) =>
  forge({
    header: { alg: 'HS256' },
    key: typeof secret === 'string' ? new TextEncoder().encode(secret) : secret,
  })

function unsigned(alg: string, signature: string): string {
  const header = { ...decodeProtectedHeader(tokens.access_token), alg }
  const [, payload] = tokens.access_token.split('.')
  return `${base64url.encode(JSON.stringify(header))}.${payload}.${signature}`
}

async function publicPem(): Promise<string> {
  const key = await crypto.subtle.importKey(
    'jwk',
    publicJwk() as JsonWebKey,
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  )
  const spki = btoa(
    String.fromCharCode(...new Uint8Array((await crypto.subtle.exportKey('spki', key)) as ArrayBuffer)),
  )
  return `-----BEGIN PUBLIC KEY-----\n${spki.match(/.{1,64}/g)?.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/** The valid token with one bit changed in its header (0), payload (1) or signature (2). */
function flipped(part: 0 | 1 | 2): string {
  const parts = tokens.access_token.split('.')
  const bytes = base64url.decode(parts[part] as string)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] as number) ^ 1
  return parts.with(part, base64url.encode(bytes)).join('.')
}

const stranger = generateKeyPair('ES256', { extractable: true })

describe('M2 RFC 9068 §4, RFC 8725 §3 a token that is not one of ours in every way', () => {
  it('is accepted when nothing was changed', async () => {
    expect((await callTool(await forge(), 'whoami')).status).toBe(200)
  })

  it.each<[string, () => string | Promise<string>]>([
    ['another issuer', () => forge({ claims: { iss: 'https://other.example' } })],
    ['our issuer with a slash', () => forge({ claims: { iss: `${ORIGIN}/` } })],
    ['no issuer', () => forge({ claims: { iss: undefined as never } })],
    ['another audience', () => forge({ claims: { aud: 'https://other.example/mcp' } })],
    ['the issuer as audience', () => forge({ claims: { aud: ORIGIN } })],
    ['its client as audience', () => forge({ claims: { aud: app.id } })],
    ['no audience', () => forge({ claims: { aud: undefined as never } })],
    ['an end in the past', () => forge({ claims: { exp: secondsFromNow(-1) } })],
    ['no end', () => forge({ claims: { exp: undefined as never } })],
    ['a beginning in the future', () => forge({ claims: { nbf: secondsFromNow(60) } })],
    ['no grant', () => forge({ claims: { grant: undefined } })],
    ['no generation of its grant', () => forge({ claims: { gen: undefined } })],
    ['the typ JWT', () => forge({ header: { typ: 'JWT' } })],
    ['no typ', () => forge({ header: { typ: undefined as never } })],
    [
      'the form of an id_token',
      () =>
        forge({ header: { typ: 'JWT' }, claims: { aud: app.id, nonce: 'n', auth_time: secondsFromNow(0) } }),
    ],
    ['alg none and no signature', () => unsigned('none', '')],
    ['alg None and no signature', () => unsigned('None', '')],
    ['alg none and the old signature', () => unsigned('none', tokens.access_token.split('.')[2] as string)],
    ['no signature', () => unsigned('ES256', '')],
    ['a signature of zeros', () => unsigned('ES256', base64url.encode(new Uint8Array(64)))],
    ['HS256 with the public JWK as secret', () => hs256(JSON.stringify(publicJwk()))],
    ['HS256 with the published JWK as secret', async () => hs256(JSON.stringify((await jwks()).keys[0]))],
    ['HS256 with the public PEM as secret', async () => hs256(await publicPem())],
    ['HS256 with x as secret', () => hs256(base64url.decode(publicJwk().x as string))],
    ['an unknown kid', () => forge({ header: { kid: 'another' } })],
    ['no kid', () => forge({ header: { kid: undefined as never } })],
    ['our kid and the key of a stranger', async () => forge({ key: (await stranger).privateKey })],
    [
      'the key of a stranger in its header',
      async () => {
        const { publicKey, privateKey } = await stranger
        return forge({ header: { jwk: await exportJWK(publicKey) }, key: privateKey })
      },
    ],
    [
      'an unknown critical extension',
      async () => {
        const { kid } = publicJwk()
        return new SignJWT(decodeJwt(tokens.access_token))
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: kid as string, crit: ['b65'], b65: true })
          .sign((await importJWK(JSON.parse(env.SIGNING_KEY), 'ES256')) as CryptoKey, { crit: { b65: true } })
      },
    ],
    ['a flipped bit in its header', () => flipped(0)],
    ['a flipped bit in its payload', () => flipped(1)],
    ['a flipped bit in its signature', () => flipped(2)],
    ['a second signature', () => `${tokens.access_token}.${tokens.access_token.split('.')[2]}`],
    ['the form of a refresh token', () => tokens.refresh_token],
    ['the form of a code', async () => (await app.authorize(visitor)).code],
    ['the form of a session cookie', () => visitor.cookies.get('__Host-session') as string],
  ])('is 401 invalid_token with %s', async (_what, token) => {
    expectInvalidToken(await callTool(await token(), 'whoami'))
  })

  async function jwks(): Promise<{ keys: JWK[] }> {
    return (await send('/jwks')).json()
  }
})

describe('M3 RFC 6750 §3.1 a valid token without the scope', () => {
  let narrow: Tokens

  beforeAll(async () => {
    narrow = await app.connect(visitor, { scope: 'notes:read' })
  })

  it.each([
    ['in the 2026-07-28 protocol', modernCall, 'notes:write'],
    // What the client holds, too: it asks for just what is named.
    ['in the initialize era', legacyCall, 'notes:read notes:write'],
  ])('is 403 insufficient_scope %s, and the tool does not run', async (_era, call, scope) => {
    const text = crypto.randomUUID()
    const refused = await send(MCP_URL, call(narrow.access_token, 'add_note', { text }))
    await expectInsufficientScope(refused, scope)
    expect(await notes()).not.toContain(text)
  })

  it('is so before its arguments are looked at', async () => {
    await expectInsufficientScope(await callTool(narrow.access_token, 'add_note', { text: 1 }), 'notes:write')
  })

  it('is so after a wider grant was narrowed by a refresh', async () => {
    const wide = await app.connect(visitor)
    const refreshed = await app.refresh(wide.refresh_token, { scope: 'notes:write' })
    const { access_token } = (await refreshed.json()) as Tokens
    await expectInsufficientScope(await callTool(access_token, 'list_notes'), 'notes:read')
  })

  it('names every scope that the operation needs, also those that the token has', async () => {
    const handler = vi.fn(() => 'done')
    const server = serverWith(
      defineTool({
        name: 'move_notes',
        title: 'Move notes',
        description: 'Needs both scopes.',
        input: z.object({}),
        annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
        scope: ['notes:read', 'notes:write'],
        handler,
      }),
    )
    const refused = await server.post(modernCall(narrow.access_token, 'move_notes'))
    await expectInsufficientScope(refused, 'notes:read notes:write')
    expect(handler).not.toHaveBeenCalled()
    expect((await server.post(modernCall(tokens.access_token, 'move_notes'))).status).toBe(200)
    expect(handler).toHaveBeenCalledOnce()
  })

  async function expectInsufficientScope(response: Response, scope: string): Promise<void> {
    expect(response.status).toBe(403)
    const challenge = response.headers.get('WWW-Authenticate')
    expect(challenge).toMatch(/^Bearer error="insufficient_scope"/)
    expect(challenge).toContain(`scope="${scope}"`)
    expect(challenge).toContain(`resource_metadata="${METADATA_URL}"`)
    expect(await response.json()).toMatchObject({ error: 'insufficient_scope' })
  }
})

describe('M4 two users whose calls interleave', () => {
  it('see only their own data in two hundred calls', async () => {
    const client = await OAuthClient.registered()
    const people = [
      { name: 'Owner', tokens: await client.connect(visitor) },
      { name: 'Someone', tokens: await client.connect(await Visitor.as('Someone')) },
    ]
    const rounds = Array.from({ length: 50 }, (_, round) => round)
    const calls = rounds.flatMap((round) =>
      people.flatMap(({ name, tokens: { access_token } }) => [
        callTool(access_token, 'add_note', { text: `${name} ${round}` }),
        structured<{ name: string }>(callTool(access_token, 'whoami')).then((who) =>
          expect(who.name).toBe(name),
        ),
      ]),
    )
    expect(calls).toHaveLength(200)
    await Promise.all(calls)
    for (const { name, tokens } of people) {
      const own = (await notes(tokens)).filter((text) => / \d+$/.test(text))
      expect(own.toSorted()).toEqual(rounds.map((round) => `${name} ${round}`).toSorted())
    }
  })
})

describe('M5 MCP transports, DNS rebinding', () => {
  const LOCAL = 'http://localhost:8787'
  let local: Tokens

  beforeAll(async () => {
    local = await (await OAuthClient.registered({}, LOCAL)).connect()
  })

  const call = (origin: string, token: string, headers: Record<string, string> = {}) => {
    const valid = modernCall(token, 'whoami')
    for (const [name, value] of Object.entries(headers)) valid.headers.set(name, value)
    return send(`${origin}/mcp`, valid)
  }

  it.each(['http://localhost:5173', 'http://127.0.0.1:6274', 'http://[::1]:3000'])(
    'lets a page on this computer in: %s',
    async (Origin) => {
      expect((await call(LOCAL, local.access_token, { Origin })).status).toBe(200)
    },
  )

  it.each([
    'https://evil.test',
    'null',
    'http://localhost.evil.test',
    'http://evil.test:8787',
    'http://127.0.0.1.evil.test',
    'http://127.0.0.1@evil.test',
    'file://',
  ])('refuses any other page with 403: %s', async (Origin) => {
    expect((await call(LOCAL, local.access_token, { Origin })).status).toBe(403)
    expect((await call(LOCAL, local.access_token)).status).toBe(200)
  })

  it.each(['http://evil.test:8787', 'http://localhost.evil.test:8787', 'http://192.168.0.2:8787'])(
    'refuses a foreign Host with 403: %s',
    async (host) => {
      expect((await call(host, local.access_token)).status).toBe(403)
    },
  )

  it.each(['https://evil.test', 'null'])(
    'lets any page in on a public host, by its token alone: %s',
    async (Origin) => {
      expect((await call(ORIGIN, tokens.access_token, { Origin })).status).toBe(200)
      expectInvalidToken(await call(ORIGIN, local.access_token, { Origin }))
    },
  )
})

describe('M7 SEP-2243 headers that name another operation than the body', () => {
  let narrow: Tokens
  const text = crypto.randomUUID()

  beforeAll(async () => {
    narrow = await app.connect(visitor, { scope: 'notes:read' })
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['another tool', { 'Mcp-Name': 'list_notes' }],
    ['two tools', { 'Mcp-Name': 'list_notes, add_note' }],
    ['another tool, encoded', { 'Mcp-Name': `=?base64?${btoa('list_notes')}?=` }],
    ['no tool', { 'Mcp-Name': undefined }],
    ['another method', { 'Mcp-Method': 'tools/list' }],
    ['no method', { 'Mcp-Method': undefined }],
  ])('are refused with 400, and the tool does not run: %s', async (_what, headers) => {
    for (const { access_token } of [narrow, tokens]) {
      const refused = await send(MCP_URL, modernCall(access_token, 'add_note', { text }, { headers }))
      expect(refused.status).toBe(400)
    }
    expect(await notes()).not.toContain(text)
  })

  it.each<[string, Record<string, string>]>([
    [
      'the initialize era, which has no such headers',
      { 'Mcp-Name': 'list_notes', 'Mcp-Method': 'tools/call' },
    ],
    [
      'another era in the header than in the body',
      { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Name': 'whoami' },
    ],
  ])('do not lead past the scope check in %s', async (_what, headers) => {
    const refused = await send(MCP_URL, legacyCall(narrow.access_token, 'add_note', { text }, { headers }))
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.status).toBeLessThan(500)
    expect(await notes()).not.toContain(text)
  })

  it('do not lead past the scope check by a name that is there twice', async () => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_notes","name":"add_note","arguments":{"text":"${text}"}}}`
    const refused = await send(MCP_URL, legacyCall(narrow.access_token, 'list_notes', {}, { body }))
    expect(refused.status).toBe(403)
    expect(await notes()).not.toContain(text)
  })
})

describe('M8 JSON-RPC messages of an unneeded form', () => {
  const batch = JSON.stringify([toolCall('whoami', {}, 1), toolCall('whoami', {}, 2)])
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const withArguments = (args: string) =>
    JSON.stringify(toolCall('whoami')).replace('"arguments":{}', `"arguments":${args}`)

  const expectRefused = async (request: McpRequest, status: number) => {
    expect((await send(MCP_URL, request)).status).toBe(status)
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  }

  it.each(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', undefined])(
    'are refused with 400: a batch in protocol version %s',
    async (version) => {
      const headers = { 'MCP-Protocol-Version': version }
      await expectRefused(legacyCall(tokens.access_token, 'whoami', {}, { headers, body: batch }), 400)
    },
  )

  it.each([
    ['an empty batch', '[]'],
    [
      'a batch of ten thousand',
      JSON.stringify(Array.from({ length: 10_000 }, (_, id) => toolCall('whoami', {}, id))),
    ],
    ['an array half a million deep', nested(500_000)],
    [
      'an id half a million deep',
      JSON.stringify(toolCall('whoami')).replace('"id":1', `"id":${nested(500_000)}`),
    ],
    ['arguments half a million deep', withArguments(`{"x":${nested(500_000)}}`)],
    ['no JSON', '{'],
    ['a number', '1'],
    ['null', 'null'],
    ['a prototype in the message', '{"__proto__":{"x":1},"jsonrpc":"2.0","id":1,"method":"ping"}'],
    ['a prototype in the arguments', withArguments('{"__proto__":{"scopes":["root"]}}')],
  ])('are refused with 400: %s', async (_what, body) => {
    await expectRefused(legacyCall(tokens.access_token, 'whoami', {}, { body }), 400)
  })

  it.each([
    ['in the 2026-07-28 protocol', modernCall],
    ['in the initialize era', legacyCall],
  ])('are refused with 413: more than 1 MiB %s', async (_era, call) => {
    const sized = (bytes: number) => {
      const message = JSON.parse(String(call(tokens.access_token, 'add_note', { text: '' }).body))
      message.params.arguments.text = 'x'.repeat(bytes - JSON.stringify(message).length)
      return call(tokens.access_token, 'add_note', {}, { body: JSON.stringify(message) })
    }
    expect((await send(MCP_URL, sized(1024 * 1024))).status).not.toBe(413)
    for (const bytes of [1024 * 1024 + 1, 10 * 1024 * 1024]) await expectRefused(sized(bytes), 413)
  })

  it('are refused with 413 when they are longer than they say', async () => {
    await expectRefused(
      modernCall(tokens.access_token, 'whoami', {}, { headers: { 'Content-Length': '10' } }),
      413,
    )
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'find no tool called %s',
    async (name) => {
      const answer = await callTool(tokens.access_token, name)
      expect(answer.status).toBeLessThan(500)
      expect(await answer.json()).toMatchObject({ error: { code: -32602 } })
    },
  )

  it.each(['__proto__', 'constructor', 'toString'])('find no method called %s', async (method) => {
    const body = JSON.stringify({ ...toolCall('whoami'), method })
    const answer = await send(MCP_URL, legacyCall(tokens.access_token, 'whoami', {}, { body }))
    expect(answer.status).toBeLessThan(500)
    expect(await answer.text()).toContain('-32601')
  })
})

describe('M9 a tool that throws', () => {
  const SECRET = 'password=hunter2'

  const serverThrowing = (thrown: () => never) =>
    serverWith(
      defineTool({
        name: 'fail',
        title: 'Fail',
        description: 'Always fails.',
        input: z.object({}),
        annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
        handler: thrown,
      }),
    )

  it.each<[string, () => never]>([
    [
      'an error',
      () => {
        throw new TypeError(SECRET)
      },
    ],
    [
      'an error with a cause',
      () => {
        throw new TypeError('outer', { cause: new Error(SECRET) })
      },
    ],
    [
      'an error with a message of several lines',
      () => {
        throw new TypeError(`first\n    at ${SECRET}\n  ${SECRET}`)
      },
    ],
    [
      'a text',
      () => {
        throw SECRET
      },
    ],
    [
      'an object',
      () => {
        throw { message: SECRET, toString: () => SECRET }
      },
    ],
    ['a promise that fails', (() => Promise.reject(new TypeError(SECRET))) as () => never],
  ])(
    'tells the model nothing, and the log what failed and where without the secret: %s',
    async (_what, thrown) => {
      const log = listenToLog()
      for (const call of [modernCall, legacyCall]) {
        const response = await serverThrowing(thrown).post(call(tokens.access_token, 'fail'))
        const text = await response.text()
        expect(response.status).toBe(200)
        expect(text).toContain('"isError":true')
        expect(text).toContain('The tool failed.')
        expect(text).not.toContain('hunter2')
      }
      expect(log()).toContainEqual(
        expect.objectContaining({ event: 'error', tool: 'fail', name: expect.any(String) }),
      )
      expect(log()).toContainEqual(
        expect.objectContaining({ event: 'tool.called', tool: 'fail', outcome: 'failed' }),
      )
      expect(JSON.stringify(log())).not.toContain('hunter2')
    },
  )

  it('tells the model what a ToolError says, and only that', async () => {
    const server = serverThrowing(() => {
      throw new ToolError('There is no such note.', { cause: new Error(SECRET) })
    })
    const text = await (await server.post(modernCall(tokens.access_token, 'fail'))).text()
    expect(text).toContain('There is no such note.')
    expect(text).not.toContain('hunter2')
  })

  it('tells the model nothing of an object that failed behind a tool', async () => {
    vi.spyOn(Notebook.prototype, 'list').mockImplementation(() => {
      throw new Error(SECRET)
    })
    const log = listenToLog()
    const text = await (await callTool(tokens.access_token, 'list_notes')).text()
    expect(text).toContain('"isError":true')
    expect(text).not.toContain('hunter2')
    expect(JSON.stringify(log())).not.toContain('hunter2')
  })
})
