// Attacks with access tokens that only their own server can read: rows M2 and M6 where it is asked about each.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import worker from '#worker'
import { Clock } from '../support/clock.ts'
import { DocumentHost } from '../support/document-host.ts'
import {
  type Claims,
  callWith,
  expectInvalid,
  ForeignServer,
  openSession,
  type Server,
  secondsFromNow,
  serverWith,
} from '../support/foreign-server.ts'
import { legacyCall, type McpRequest, modernCall } from '../support/mcp-request.ts'
import { EventStream } from '../support/mcp-session.ts'
import { OAuthClient, structured } from '../support/oauth-client.ts'
import { expectRefusal, expectUnavailable, listenToLog, pass, tokensOf } from '../support/outcome.ts'
import { form, MCP_URL, ORIGIN } from '../support/worker.ts'
import '../support/session-tools.ts'

// The claims below count from here.
const NOW = Date.now()
const SECRET = 'what only the two of them know: 1+1=2 & ü'

interface Question {
  readonly authorization: string | null
  readonly form: Record<string, string>
}

let host: DocumentHost
let foreign: ForeignServer
let server: Server
let questions: Question[]
let token: string

const entry = () => ({
  issuer: foreign.issuer,
  introspection: true,
  client_id: 'gate house',
  client_secret_setting: 'EXAMPLE_SECRET',
})

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  host = DocumentHost.install()
  foreign = await ForeignServer.start(host)
  server = serverWith({ AUTHORIZATION_SERVERS: [entry()], EXAMPLE_SECRET: SECRET })
  questions = []
  token = `opaque.${crypto.randomUUID()}`
  answer({})
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** From now on the server says this of every token: that it is good, with `changes`. */
function answer(changes: Claims): void {
  answerWith(() => Response.json(foreign.claims({ active: true, token_type: 'Bearer', ...changes })))
}

function answerWith(respond: () => Response | Promise<Response>): void {
  host.answer(foreign.introspectionUrl, ({ headers, body }) => {
    const form = Object.fromEntries(new URLSearchParams(String(body)))
    questions.push({ authorization: new Headers(headers).get('Authorization'), form })
    return respond()
  })
}

const call = () => callWith(server, token)

describe('RFC 7662 §2 an opaque token', () => {
  it('is accepted on the word of its server', async () => {
    const response = await call()
    expect(response.status).toBe(200)
    expect(await structured(response)).toEqual({
      userId: expect.stringMatching(/^user_[\w-]{43}$/),
      name: 'Someone',
      clientId: 'an-app',
      scopes: ['notes:read', 'notes:write'],
    })
  })

  it.each<[string, Claims]>([
    ['no issuer, for the server itself was asked', { iss: undefined }],
    ['no type', { token_type: undefined }],
    ['a type in other letters', { token_type: 'bearer' }],
    ['several audiences, one of which is ours', { aud: ['https://other.example', MCP_URL] }],
    ['the nonce of its sign-in, when it is said to be an access token', { nonce: 'n', typ: 'Bearer' }],
    ['null for what it does not have', { iss: null, nbf: null, cnf: null, nonce: null, token_use: null }],
  ])('is accepted with %s', async (_what, changes) => {
    answer(changes)
    expect((await call()).status).toBe(200)
  })

  it('is the same user as a JWT of the same server', async () => {
    const { userId } = await structured<{ userId: string }>(call())
    const jwts = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect(await structured(callWith(jwts, await foreign.token()))).toMatchObject({ userId })
  })

  it('is asked about with our name and secret, encoded as RFC 6749 §2.3.1 has it', async () => {
    await call()
    const [question] = questions as [Question]
    expect(question.form).toEqual({ token, token_type_hint: 'access_token' })
    const [scheme, credentials = ''] = question.authorization?.split(' ') ?? []
    expect(scheme).toBe('Basic')
    const [id = '', secret = '', ...more] = atob(credentials).split(':')
    expect([new URLSearchParams(`v=${id}`).get('v'), new URLSearchParams(`v=${secret}`).get('v')]).toEqual([
      'gate house',
      SECRET,
    ])
    expect(more).toEqual([])
  })

  it('is asked about in the form where the server takes nothing else', async () => {
    const introspection_endpoint_auth_methods_supported = ['client_secret_post', 'private_key_jwt']
    host.answer(foreign.metadataUrl, () =>
      Response.json(foreign.metadata({ introspection_endpoint_auth_methods_supported })),
    )
    expect((await call()).status).toBe(200)
    const credentials = { client_id: 'gate house', client_secret: SECRET }
    expect(questions).toEqual([
      { authorization: null, form: { token, token_type_hint: 'access_token', ...credentials } },
    ])
  })

  it('may be a JWT: then its issuer must be the one who is asked', async () => {
    expect((await callWith(server, await foreign.token())).status).toBe(200)
    expect(questions).toHaveLength(1)
    // Its own word on it counts, not its signature.
    answer({ active: false })
    expectInvalid(await callWith(server, await foreign.token({ claims: { jti: '2' } })))
  })
})

describe('M2 RFC 7662 §2.2 an opaque token that its server does not vouch for', () => {
  it.each<[string, Claims]>([
    ['not active', { active: false }],
    ['of another issuer', { iss: 'https://other.example' }],
    ['of its issuer with a slash', { iss: 'https://other.example/' }],
    ['for another audience', { aud: 'https://other.example/mcp' }],
    ['for a list of others', { aud: ['https://other.example', ORIGIN] }],
    ['for no audience', { aud: undefined }],
    ['over', { exp: secondsFromNow(-1) }],
    ['without an end', { exp: undefined }],
    ['not yet valid', { nbf: secondsFromNow(60) }],
    ['issued in the future', { iat: secondsFromNow(60) }],
    ['without a subject', { sub: undefined }],
    ['of no client', { client_id: undefined }],
    ['without scopes, as some tell of ID tokens', { scope: undefined }],
    ['bound to a key (RFC 9449 §6.2)', { cnf: { jkt: 'x' } }],
    ['of the type DPoP', { token_type: 'DPoP' }],
    ['a refresh token, as Keycloak tells it', { typ: 'Refresh' }],
    ['an ID token, as Keycloak tells it', { typ: 'ID' }],
    ['an ID token', { nonce: 'n' }],
    ['a refresh token, as Hydra tells it', { token_use: 'refresh_token' }],
    ['an ID token, as Cognito tells it', { token_use: 'id' }],
  ])('is 401 invalid_token: it is %s', async (_what, changes) => {
    answer(changes)
    expectInvalid(await call())
    expect(questions).toHaveLength(1)
  })

  it.each<[string, () => Promise<string>]>([
    ['a JWT of another issuer', () => foreign.token({ claims: { iss: 'https://other.example' } })],
    ['a JWT of no issuer', () => foreign.token({ claims: { iss: undefined } })],
    ['a refresh token of ours', async () => (await tokens()).refresh_token],
    ['a code of ours', async () => (await (await OAuthClient.registered()).authorize()).code],
    ['an access token of ours', async () => (await tokens()).access_token],
  ])('is 401, and the server does not even see it: %s', async (_what, make) => {
    token = await make()
    expectInvalid(await call())
    expect(host.fetched).toEqual([])
  })

  const tokens = async () => (await OAuthClient.registered()).connect()

  it('of a server that signs its tokens is not shown to another one', async () => {
    const signing = await ForeignServer.start(host)
    const servers = [{ issuer: signing.issuer }, entry()]
    server = serverWith({ AUTHORIZATION_SERVERS: servers, EXAMPLE_SECRET: SECRET })
    expect((await callWith(server, await signing.token())).status).toBe(200)
    expectInvalid(
      await callWith(
        server,
        await signing.token({ key: (foreign.keys[0] as { privateKey: CryptoKey }).privateKey }),
      ),
    )
    expect(questions).toEqual([])
    expect((await call()).status).toBe(200)
    expect(questions.map(({ form }) => form.token)).toEqual([token])
  })

  it('is 401 where no server can be asked', async () => {
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expectInvalid(await call())
    expect(host.fetched).toEqual([])
  })

  it('is judged by our own rules where those are in force', async () => {
    const { access_token } = await tokens()
    const vars = { AUTHORIZATION_SERVERS: [entry()], EXAMPLE_SECRET: SECRET }
    server = serverWith({ ...vars, KEEP_OWN_AUTHORIZATION_SERVER: 'true' })
    expect((await callWith(server, access_token)).status).toBe(200)
    expect(host.fetched).toEqual([])
    expect((await call()).status).toBe(200)
  })
})

describe('an opaque token at the authorization server that is built in, beside it', () => {
  let app: OAuthClient

  beforeEach(async () => {
    app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
    server = serverWith({
      AUTHORIZATION_SERVERS: [entry()],
      EXAMPLE_SECRET: SECRET,
      KEEP_OWN_AUTHORIZATION_SERVER: 'true',
    })
  })

  const post = (path: string, fields: Record<string, string | undefined>, headers = {}) =>
    server(path, {
      method: 'POST',
      body: form({ client_id: app.id, client_secret: app.secret, ...fields }),
      headers,
    })

  it('T6 is no code, no refresh token, no assertion and no session, and its server is not asked', async () => {
    const asCode = { grant_type: 'authorization_code', code: token }
    await expectRefusal(await post('/token', asCode), 'invalid_grant')
    const asRefreshToken = { grant_type: 'refresh_token', refresh_token: token }
    await expectRefusal(await post('/token', asRefreshToken), 'invalid_grant')
    const noClient = { client_id: undefined, client_secret: undefined }
    const asAssertion = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: token,
      ...noClient,
    }
    await expectRefusal(await post('/token', asAssertion), 'invalid_grant')
    expect((await server('/account', { headers: { Cookie: `__Host-session=${token}` } })).status).toBe(303)
    expect(await (await post('/introspect', { token })).json()).toEqual({ active: false })
    expect((await post('/revoke', { token })).status).toBe(200)
    expect(questions).toEqual([])
    expect((await call()).status).toBe(200)
  })

  it('T10 does not put its client in the place of ours: a refresh token of ours is refused and lives', async () => {
    answer({ client_id: app.id })
    expect((await call()).status).toBe(200)
    const { refresh_token } = await app.connect()
    const refresh = { grant_type: 'refresh_token', refresh_token }
    await expectRefusal(await post('/token', { ...refresh, client_secret: token }), 'invalid_client', 401)
    await tokensOf(post('/token', refresh))
  })

  it('T11 proves no client, beside its secret or in its place', async () => {
    const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
    for (const client_secret of [app.secret, undefined]) {
      const Authorization = `Bearer ${token}`
      const answer = await post('/token', { ...refresh, client_secret }, { Authorization })
      await expectRefusal(answer, 'invalid_client', 401)
    }
  })

  it('R1 is not raised by what else its server says of it', async () => {
    answer({ scope: 'notes:read' })
    const usual = await structured<object>(call())
    answer({
      scope: 'notes:read admin',
      scp: 'notes:write',
      permissions: ['notes:write'],
      grant: 'x',
      gen: 0,
      username: 'Owner',
      user_expires_at: Date.now() + 1e12,
    })
    token = `opaque.${crypto.randomUUID()}`
    expect(await structured<object>(call())).toEqual(usual)
  })
})

describe('R3 a server that does not say what a token is', () => {
  const HUGE = 'x'.repeat(65 * 1024)
  const good = () => foreign.claims({ active: true })

  it.each<[string, () => Response | Promise<Response>]>([
    ['no answer at all', () => Promise.reject(new TypeError('Network connection lost.'))],
    ['500', () => new Response('oops', { status: 500 })],
    ['503', () => new Response('later', { status: 503 })],
    ['429', () => new Response('slower', { status: 429 })],
    ['401: it does not know us', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['403', () => Response.json(good(), { status: 403 })],
    ['HTML', () => new Response('<h1>Sign in</h1>')],
    ['nothing', () => new Response('')],
    ['a list', () => Response.json([good()])],
    ['a JWT (RFC 9701)', () => new Response('eyJhbGciOiJFUzI1NiJ9.eyJ9.AAAA')],
    ['more than anyone needs', () => Response.json({ ...good(), padding: HUGE })],
    ['no activity', () => Response.json({ ...good(), active: undefined })],
    ['activity that is a text', () => Response.json({ ...good(), active: 'true' })],
    ['activity that is a number', () => Response.json({ ...good(), active: 1 })],
  ])('is 503, never 401, and is asked again at the next call: %s', async (_what, respond) => {
    answerWith(respond)
    const log = listenToLog()
    await expectUnavailable(await call())
    expect(log()).toContainEqual({
      event: 'issuer.unavailable',
      issuer: foreign.issuer,
      reason: expect.any(String),
    })
    answer({})
    expect((await call()).status).toBe(200)
  })

  it('is 503: it answers with a redirect, and the server sends no token or secret there', async () => {
    const elsewhere = 'https://elsewhere.gatehouse-tests.dev/introspect'
    host.answer(elsewhere, () => Response.json(good()))
    answerWith(() => new Response(null, { status: 307, headers: { Location: elsewhere } }))
    await expectUnavailable(await call())
  })

  it('is 503: it does not answer within five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    expect((await call()).status).toBe(200)
    expect(timeout.mock.calls).toEqual([[5000], [5000]])
    timeout.mockReturnValue(AbortSignal.abort(new DOMException('The operation timed out.', 'TimeoutError')))
    token = `opaque.${crypto.randomUUID()}`
    await expectUnavailable(await call())
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['over plain http', 'http://introspect.gatehouse-tests.dev/'],
    ['on this computer', 'http://localhost:8788/introspect'],
  ])('is 503: its endpoint is not secure, and gets no request: %s', async (_what, introspection_endpoint) => {
    host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ introspection_endpoint })))
    host.answer(String(introspection_endpoint), () => Response.json(good()))
    await expectUnavailable(await call())
    expect(host.fetched).not.toContain(String(introspection_endpoint))
  })

  it('is 503: it has no metadata', async () => {
    host.unplug(foreign.metadataUrl)
    await expectUnavailable(await call())
    expect(questions).toEqual([])
  })
})

describe('M6 RFC 7662 §4 what a server has said of a token', () => {
  it('is believed for a minute, and not longer', async () => {
    expect((await call()).status).toBe(200)
    answer({ active: false })
    pass(59)
    expect((await call()).status).toBe(200)
    expect(questions).toHaveLength(1)
    pass(1)
    expectInvalid(await call())
    expect(questions).toHaveLength(2)
  })

  it('is believed for a minute while it does not answer, and not longer', async () => {
    expect((await call()).status).toBe(200)
    answerWith(() => new Response('', { status: 500 }))
    pass(59)
    expect((await call()).status).toBe(200)
    pass(1)
    await expectUnavailable(await call())
  })

  it('is never believed beyond the end of the token', async () => {
    answer({ exp: secondsFromNow(30) })
    expect((await call()).status).toBe(200)
    pass(29)
    expect((await call()).status).toBe(200)
    pass(1)
    expectInvalid(await call())
  })

  it('is never believed beyond the end of the token, although the server does not answer', async () => {
    answer({ exp: secondsFromNow(30) })
    expect((await call()).status).toBe(200)
    answerWith(() => new Response('', { status: 500 }))
    pass(30)
    await expectUnavailable(await call())
  })

  it.each<[string, Claims]>([
    ['that it is not active', { active: false }],
    ['what it is, which is not for us', { aud: 'https://other.example' }],
  ])('is believed for ten seconds when it means no: %s', async (_what, changes) => {
    answer(changes)
    for (let n = 0; n < 5; n++) expectInvalid(await call())
    pass(9)
    expectInvalid(await call())
    expect(questions).toHaveLength(1)
    answer({})
    pass(1)
    expect((await call()).status).toBe(200)
  })

  it('is asked once for all who come with it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, call))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(host.fetched).toEqual([foreign.metadataUrl, foreign.introspectionUrl])
  })

  it('is waited for by the runtime, should the first who asked go away', async () => {
    const context = createExecutionContext()
    const waitUntil = vi.spyOn(context, 'waitUntil')
    const own = { ...env, AUTHORIZATION_SERVERS: [entry()], EXAMPLE_SECRET: SECRET } as Env
    await worker.fetch(new Request(MCP_URL, modernCall(token, 'whoami')), own, context)
    // The metadata, and what it is.
    expect(waitUntil).toHaveBeenCalledTimes(2)
  })

  it('is given up when it was lost on its way, and asked for anew', async () => {
    expect((await call()).status).toBe(200)
    const lost = Promise.withResolvers<Response>()
    answerWith(() => lost.promise)
    const wait = vi.spyOn(scheduler, 'wait').mockResolvedValue()
    token = `opaque.${crypto.randomUUID()}`
    await expectUnavailable(await call())
    expect(wait.mock.calls[0]?.[0]).toBe(16_000)
    wait.mockRestore()
    answer({})
    expect((await call()).status).toBe(200)
    lost.reject(new Error('Network connection lost.'))
  })

  it('is said of this token, and of no other', async () => {
    expect((await call()).status).toBe(200)
    answer({ active: false })
    for (const other of [`${token}x`, token.slice(0, -1), token.toUpperCase()]) {
      expectInvalid(await callWith(server, other))
    }
  })

  it('is judged anew at another hostname, whose audience is another', async () => {
    const elsewhere = 'https://elsewhere.test'
    expect((await call()).status).toBe(200)
    const refused = await callWith(server, token, 'whoami', {}, elsewhere)
    expect(refused.status).toBe(401)
    expect((await call()).status).toBe(200)
  })

  it('is asked at every call, with the immediate setting', async () => {
    const vars = { AUTHORIZATION_SERVERS: [entry()], EXAMPLE_SECRET: SECRET, IMMEDIATE_REVOCATION: 'true' }
    server = serverWith(vars)
    for (let n = 0; n < 3; n++) expect((await call()).status).toBe(200)
    expect(questions).toHaveLength(3)
    answer({ active: false })
    expectInvalid(await call())
    answer({})
    expect((await call()).status).toBe(200)
  })

  it('is kept for ten thousand tokens at most', async () => {
    // The runtime lets one test set only so many timers.
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
    // Ten thousand addresses ask here, each of which counts for itself (S10).
    vi.spyOn(Object.getPrototypeOf(env.TOKEN_LIMIT), 'limit').mockResolvedValue({ success: true })
    expect((await call()).status).toBe(200)
    answer({ active: false })
    for (let hundreds = 0; hundreds < 100; hundreds++) {
      const others = Array.from({ length: 100 }, () => callWith(server, `opaque.${crypto.randomUUID()}`))
      for (const refused of await Promise.all(others)) expect(refused.status).toBe(401)
      if (hundreds === 97) expect((await call()).status).toBe(200)
    }
    expectInvalid(await call())
  })
})

describe('M6 the streams of another server’s token', () => {
  let clock: Clock

  beforeEach(() => {
    vi.useRealTimers()
    clock = Clock.install()
    answer({ exp: secondsFromNow(3600) })
  })

  const vars = () => ({ AUTHORIZATION_SERVERS: [entry()], EXAMPLE_SECRET: SECRET })
  const jwtVars = () => ({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })

  async function stay(call: McpRequest, settings: Claims): Promise<EventStream> {
    const own = { ...env, ...settings } as Env
    const response = await worker.fetch(new Request(MCP_URL, call), own, createExecutionContext())
    const stream = new EventStream(response)
    expect(await stream.next()).toMatchObject({ method: 'notifications/progress' })
    return stream
  }

  const listen = async (settings: Claims) => (await openSession(serverWith(settings), token)).listen()

  const STREAMS: [string, (settings: Claims) => Promise<EventStream>][] = [
    ['in the 2026-07-28 protocol', (settings) => stay(modernCall(token, 'stay'), settings)],
    ['without a session', (settings) => stay(legacyCall(token, 'stay'), settings)],
    ['that listens in a session', listen],
  ]

  /** It is open after some minutes, and ends by what `end` does. */
  async function expectEnd(stream: EventStream, end: () => Promise<unknown>): Promise<void> {
    const state = { ended: false }
    void stream.rest().then(() => {
      state.ended = true
    })
    for (let minutes = 0; minutes < 5; minutes++) await clock.pass(60)
    expect(state).toEqual({ ended: false })
    await end()
    await vi.waitFor(() => expect(state).toEqual({ ended: true }), 10_000)
  }

  describe.each(STREAMS)('%s', (_what, open) => {
    it('end within a minute of its revocation', async () => {
      await expectEnd(await open(vars()), async () => {
        answer({ active: false })
        await clock.pass(60)
      })
    })

    it('end when the server cannot tell whether it was revoked', async () => {
      await expectEnd(await open(vars()), async () => {
        answerWith(() => new Response('', { status: 500 }))
        await clock.pass(60)
      })
    })

    it('end when it expires', async () => {
      answer({ exp: secondsFromNow(330) })
      await expectEnd(await open(vars()), () => clock.pass(30))
    })

    it('end when it expires, if it is a JWT', async () => {
      token = await foreign.token({ claims: { exp: secondsFromNow(330) } })
      await expectEnd(await open(jwtVars()), () => clock.pass(30))
    })

    it('end when the key of the JWT is withdrawn', async () => {
      token = await foreign.token({ claims: { exp: secondsFromNow(3600) } })
      await expectEnd(await open(jwtVars()), async () => {
        foreign.keys = []
        for (let minutes = 0; minutes < 6; minutes++) await clock.pass(60)
      })
    })
  })

  it('ask for it once a minute', async () => {
    const stream = await stay(modernCall(token, 'stay'), vars())
    expect(questions).toHaveLength(1)
    for (let minutes = 1; minutes <= 5; minutes++) {
      await clock.pass(60)
      await vi.waitFor(() => expect(questions).toHaveLength(1 + minutes))
    }
    await stream.cut()
  })
})
