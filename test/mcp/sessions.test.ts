// Sessions of clients that begin with `initialize`, and what such a client can do without one.
import {
  abortAllDurableObjects,
  createExecutionContext,
  evictDurableObject,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { LIFETIME } from '#config'
import worker, { LegacySession } from '#worker'
import { Clock } from '../support/clock.ts'
import { legacyCall, modernCall, toolCall } from '../support/mcp-request.ts'
import {
  EventStream,
  expectListeners,
  expectSessionNotFound,
  initialize,
  McpSession,
  sendLegacy,
  textOf,
} from '../support/mcp-session.ts'
import { OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { expectUnavailable, grantIdOf, pass, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, send } from '../support/worker.ts'
import '../support/session-tools.ts'

let app: OAuthClient
let visitor: Visitor
let tokens: Tokens
let token: string

beforeAll(async () => {
  app = await OAuthClient.registered()
  visitor = new Visitor()
  tokens = await app.connect(visitor)
  token = tokens.access_token
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const inSession = () => vi.spyOn(LegacySession.prototype, 'fetch')
const ping = { jsonrpc: '2.0', id: 'ping', method: 'ping' }
const greeting = (text: string) => ({
  jsonrpc: '2.0',
  method: 'notifications/message',
  params: { level: 'info', data: text },
})

/** Every way to use a session. */
const USES: [string, (session: McpSession) => Promise<Response>][] = [
  ['a call', (session) => session.call('whoami')],
  ['a notification', (session) => session.post({ jsonrpc: '2.0', method: 'notifications/initialized' })],
  ['an answer', (session) => session.answer({ id: 0 }, 'Ada')],
  ['GET', (session) => session.send({ method: 'GET' })],
  ['GET with Last-Event-ID', (session) => session.resume('an-event')],
  ['DELETE', (session) => session.end()],
]

describe('MCP 2025-11-25 transports, "Session Management"', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])(
    'a session begins with initialize in version %s, which answers with its id',
    async (protocolVersion) => {
      const answer = await sendLegacy({ token, message: initialize({ protocolVersion }) })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('Mcp-Session-Id')).toMatch(/^[\x21-\x7e]+$/)
      const [message] = await new EventStream(answer).rest()
      expect(message).toMatchObject({ id: 'initialize', result: { protocolVersion } })
    },
  )

  it('each initialize begins another session', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => McpSession.open(token)))
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(3)
  })

  it('calls that name a session are answered in it', async () => {
    const session = await McpSession.open(token)
    const spy = inSession()
    expect(await session.read('whoami')).toContain('You act for Owner')
    expect(await session.read('add_note', { text: 'Milk' })).toContain('Kept as note')
    expect(await session.read('list_notes')).toContain('Milk')
    const [pong] = await new EventStream(await session.post(ping)).rest()
    expect(pong).toEqual({ jsonrpc: '2.0', id: 'ping', result: {} })
    expect(spy).toHaveBeenCalledTimes(4)
  })

  it('a session goes on under the next token of its grant', async () => {
    const grant = await app.connect(visitor)
    const session = await McpSession.open(grant.access_token)
    session.token = (await tokensOf(app.refresh(grant.refresh_token))).access_token
    expect(await session.read('whoami')).toContain('You act for Owner')
  })

  it.each(USES)('DELETE ends a session: %s is 404 from then on', async (_what, use) => {
    const session = await McpSession.open(token)
    const ended = await session.end()
    expect(ended.ok).toBe(true)
    await expectSessionNotFound(await use(session))
  })

  it('DELETE leaves nothing of a session behind', async () => {
    const session = await McpSession.open(token)
    await session.end()
    expect(await stored(session)).toEqual({ entries: 0, alarm: null })
  })

  it('DELETE ends a call that waits, and leaves other sessions alone', async () => {
    const [session, other] = [await McpSession.open(token), await McpSession.open(token)]
    const { stream } = await session.ask('ask_name')
    await session.end()
    expect(await stream.rest()).toEqual([])
    expect(await other.read('whoami')).toContain('You act for Owner')
  })

  const UNKNOWN: [string, () => string][] = [
    ['garbage', () => 'garbage'],
    ['empty', () => ''],
    ['64 digits that were never issued', () => 'f'.repeat(64)],
    ['the id of a grant', () => grantIdOf(tokens.refresh_token)],
    ['the id of a client', () => app.id],
    ['an id that was never opened', () => env.SESSIONS.newUniqueId().toString()],
  ]

  it.each(UNKNOWN)('every use of a session is 404 when its id is %s', async (_what, id) => {
    for (const [, use] of USES) await expectSessionNotFound(await use(new McpSession(id(), token)))
  })

  it('an id that cannot be one of a session asks no object', async () => {
    const spy = inSession()
    for (const [, id] of UNKNOWN.slice(0, -1)) {
      await expectSessionNotFound(await new McpSession(id(), token).call('whoami'))
    }
    expect(spy).not.toHaveBeenCalled()
  })

  it('a session that was never opened is not stored by being asked for', async () => {
    const session = new McpSession(env.SESSIONS.newUniqueId().toString(), token)
    for (const [, use] of USES) await use(session)
    expect(await stored(session)).toEqual({ entries: 0, alarm: null })
  })

  it('an initialize that is refused opens no session', async () => {
    const before = await sessionIds()
    const headers = { Accept: 'application/json' }
    const refused = await sendLegacy({ token, message: initialize(), headers })
    expect(refused.status).toBe(406)
    expect(refused.headers.get('Mcp-Session-Id')).toBeNull()
    for (const id of (await sessionIds()).filter((id) => !before.includes(id))) {
      expect(await stored(new McpSession(id, token))).toEqual({ entries: 0, alarm: null })
    }
  })

  it('a method that no session has is 405', async () => {
    const session = await McpSession.open(token)
    expect((await session.send({ method: 'PUT' as never })).status).toBe(405)
  })

  it('the session never sees the token, and no header that it does not need', async () => {
    const spy = inSession()
    const session = await McpSession.open(token)
    const headers = { Cookie: 'private=1', 'X-Private': '1' }
    await session.post(toolCall('whoami'), headers)
    await session.send({ method: 'GET', headers }).then((stream) => stream.body?.cancel())
    await session.resume('an-event')
    await session.end()
    const seen = spy.mock.calls.map(([request]) => [...request.headers].flat().join('\n'))
    expect(seen).toHaveLength(6)
    const [, payload, signature] = token.split('.')
    for (const secret of [payload as string, signature as string, 'Bearer', 'private']) {
      expect(seen.filter((text) => text.toLowerCase().includes(secret.toLowerCase()))).toEqual([])
    }
  })

  it('a tool in a session sees who calls, but not the token', async () => {
    const session = await McpSession.open(token)
    const context = await session.read('see_context')
    expect(JSON.parse(context)).toMatchObject({ authInfo: { token: '', clientId: app.id } })
    for (const part of token.split('.')) expect(context).not.toContain(part)
  })

  it('a client that asks for a WebSocket gets an ordinary answer', async () => {
    const session = await McpSession.open(token)
    const headers = { 'Mcp-Session-Id': session.id, Upgrade: 'websocket' }
    const request = new Request(MCP_URL, legacyCall(token, 'whoami', {}, { headers }))
    // Not by send(): the runtime would take it for a handshake.
    const response = await worker.fetch(request, env, createExecutionContext())
    const [answer] = await new EventStream(response).rest()
    expect(textOf(answer)).toContain('You act for Owner')
  })

  it.each(USES)('storage that does not answer is 503 with Retry-After: %s', async (_what, use) => {
    const session = await McpSession.open(token)
    const spy = inSession().mockRejectedValue(new Error('storage is down'))
    await expectUnavailable(await use(session))
    spy.mockRestore()
    expect(await session.read('whoami')).toContain('You act for Owner')
  })

  it('storage that does not answer is 503 with Retry-After: initialize', async () => {
    inSession().mockRejectedValue(new Error('storage is down'))
    await expectUnavailable(await sendLegacy({ token, message: initialize() }))
  })
})

describe('MCP 2025-11-25 transports, "Session Management": a session that lies unused', () => {
  const idle = LIFETIME.idleSession

  it('ends', async () => {
    const session = await McpSession.open(token)
    expect(await runDurableObjectAlarm(session.object)).toBe(true)
    await expectSessionNotFound(await session.call('whoami'))
    expect(await stored(session)).toEqual({ entries: 0, alarm: null })
  })

  it('ends although its client said nothing but initialize', async () => {
    const opened = await sendLegacy({ token, message: initialize() })
    await opened.body?.cancel()
    const session = new McpSession(opened.headers.get('Mcp-Session-Id') as string, token)
    expect(await runDurableObjectAlarm(session.object)).toBe(true)
    await expectSessionNotFound(await session.call('whoami'))
  })

  it('ends after the time that the configuration gives it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const session = await McpSession.open(token)
    expect((await stored(session)).alarm).toBe(Date.now() + idle * 1000)
  })

  it.each(USES.slice(0, -1))('ends later when it was used meanwhile: %s', async (_what, use) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const grant = await app.connect(visitor)
    const session = await McpSession.open(grant.access_token)
    pass(idle / 2)
    session.token = (await tokensOf(app.refresh(grant.refresh_token))).access_token
    await (await use(session)).body?.cancel()
    expect((await stored(session)).alarm).toBe(Date.now() + idle * 1000)
  })

  it('does not write at each use', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const session = await McpSession.open(token)
    const before = await stored(session)
    pass(60)
    await session.read('whoami')
    expect(await stored(session)).toEqual(before)
  })

  it('does not end while its stream is open', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const session = await McpSession.open(token)
    const stream = await session.listen()
    expect(await runDurableObjectAlarm(session.object)).toBe(true)
    expect((await stored(session)).alarm).toBe(Date.now() + idle * 1000)
    await session.read('announce', { text: 'Still here' })
    expect(await stream.next()).toEqual(greeting('Still here'))
  })

  it('ends once its stream was closed, too', async () => {
    const session = await McpSession.open(token)
    const stream = await session.listen()
    await runDurableObjectAlarm(session.object)
    await stream.cut()
    await expectListeners(session, 0)
    await runDurableObjectAlarm(session.object)
    await expectSessionNotFound(await session.call('whoami'))
  })
})

const LOSSES: [string, (session: McpSession) => Promise<void>][] = [
  ['is evicted', ({ object }) => evictDurableObject(object)],
  ['is evicted with its sockets', ({ object }) => evictDurableObject(object, { webSockets: 'close' })],
  ['is aborted', () => abortAllDurableObjects()],
]

describe('MCP 2025-11-25 lifecycle, "Initialization": what was said there is known for good', () => {
  it.each(LOSSES)('a call goes on after the object %s', async (_how, lose) => {
    const session = await McpSession.open(token)
    for (let times = 0; times < 2; times++) {
      await lose(session)
      expect(await session.read('whoami')).toContain('You act for Owner')
    }
  })

  it.each(LOSSES)('what the client can be asked is known after the object %s', async (_how, lose) => {
    const session = await McpSession.open(token)
    await lose(session)
    const { stream, question } = await session.ask('ask_name')
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
  })

  it.each(LOSSES)('what the client cannot be asked is known after the object %s', async (_how, lose) => {
    const session = await McpSession.open(token, initialize({ capabilities: { sampling: {} } }))
    await lose(session)
    expect(await session.read('ask_name')).toContain('did not declare the required capability')
  })

  it.each(LOSSES)('parallel calls are all answered after the object %s', async (_how, lose) => {
    const session = await McpSession.open(token)
    await lose(session)
    const answers = await Promise.all(Array.from({ length: 10 }, () => session.read('whoami')))
    expect(new Set(answers).size).toBe(1)
  })

  it.each(LOSSES)('DELETE ends a session after the object %s', async (_how, lose) => {
    const session = await McpSession.open(token)
    await lose(session)
    expect((await session.end()).ok).toBe(true)
    await expectSessionNotFound(await session.call('whoami'))
  })

  it('a session is not initialized a second time, and goes on', async () => {
    const session = await McpSession.open(token, initialize({ capabilities: {} }))
    for (let times = 0; times < 2; times++) {
      expect((await session.post(initialize())).status).toBe(400)
      expect(await session.read('ask_name')).toContain('did not declare the required capability')
      await evictDurableObject(session.object)
    }
  })
})

describe('MCP 2025-11-25 transports, "Sending Messages to the Server": a tool that asks', () => {
  it('elicits on the stream of the call, and the answer ends the call', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    expect(question).toMatchObject({ method: 'elicitation/create', params: { mode: 'form' } })
    expect((await session.answer(question, 'Ann')).status).toBe(202)
    const rest = await stream.rest()
    expect(rest).toHaveLength(1)
    expect(textOf(rest[0])).toContain('is Ann')
  })

  it("asks the client's model on the stream of the call, and the answer ends the call", async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_model')
    expect(question).toMatchObject({ method: 'sampling/createMessage', params: { maxTokens: 10 } })
    const result = { role: 'assistant', model: 'a model', content: { type: 'text', text: 'Something' } }
    expect((await session.post({ jsonrpc: '2.0', id: question.id, result })).status).toBe(202)
    const rest = await stream.rest()
    expect(rest).toHaveLength(1)
    expect(textOf(rest[0])).toContain('Something')
  })

  it('gets each answer for the question that it is to', async () => {
    const session = await McpSession.open(token)
    const asked = await Promise.all(['Ann', 'Bob', 'Cem'].map(() => session.ask('ask_name')))
    const names = ['Ann', 'Bob', 'Cem']
    for (const at of [2, 0, 1]) {
      await session.answer((asked[at] as (typeof asked)[0]).question, names[at] as string)
    }
    const answers = await Promise.all(asked.map(async ({ stream }) => textOf(await stream.next())))
    expect(answers.map((text) => text.split(' is ')[1])).toEqual(names)
  })

  it('fails, and the call with it, when the client answers with an error', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    await session.post({ jsonrpc: '2.0', id: question.id, error: { code: -1, message: 'The user is away.' } })
    expect(await stream.next()).toMatchObject({ result: { isError: true } })
  })

  it('is not asked for by a client that cannot answer', async () => {
    const session = await McpSession.open(token, initialize({ capabilities: {} }))
    const text = await session.read('ask_name')
    expect(text).toContain('did not declare the required capability')
  })

  it('leaves the session free for other calls while it waits', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    expect(await session.read('whoami')).toContain('You act for Owner')
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
  })
})

describe('MCP 2025-11-25 transports, "Resumability and Redelivery"', () => {
  it('a connection that broke gets what it missed, although the call is over', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    await stream.cut()
    await session.answer(question, 'Ann')
    const missed = await new EventStream(await session.resume(stream.lastEventId)).rest()
    expect(missed).toHaveLength(1)
    expect(textOf(missed[0])).toContain('is Ann')
  })

  it('a connection that broke goes on with the call', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    await stream.cut()
    const resumed = new EventStream(await session.resume(stream.lastEventId))
    await session.answer(question, 'Ann')
    const rest = await resumed.rest()
    expect(rest).toHaveLength(1)
    expect(textOf(rest[0])).toContain('is Ann')
  })

  it('a connection that broke before the question gets the question', async () => {
    const session = await McpSession.open(token)
    const { stream, question } = await session.ask('ask_name')
    await stream.cut()
    const resumed = new EventStream(await session.resume(stream.eventIds[0]))
    expect(await resumed.next()).toEqual(question)
    await session.answer(question, 'Ann')
    expect(textOf(await resumed.next())).toContain('is Ann')
  })

  it('each connection gets the events of its own stream', async () => {
    const session = await McpSession.open(token)
    const names = ['Ann', 'Bob', 'Cem']
    const asked = await Promise.all(names.map(() => session.ask('ask_name')))
    for (const [at, { stream, question }] of asked.entries()) {
      await stream.cut()
      await session.answer(question, names[at] as string)
    }
    for (const [at, { stream, question }] of asked.entries()) {
      const events = await new EventStream(await session.resume(stream.eventIds[0])).rest()
      expect(events).toHaveLength(2)
      expect(events[0]).toEqual(question)
      expect(textOf(events[1])).toContain(`is ${names[at]}`)
    }
  })

  it('an event of an earlier life of the object is not taken for one of this', async () => {
    const session = await McpSession.open(token)
    const before = await session.ask('ask_name')
    await before.stream.cut()
    await abortAllDurableObjects()
    const now = await session.ask('ask_name')
    await now.stream.cut()
    for (const id of before.stream.eventIds) await expectNoEvents(await session.resume(id))
    expect((await session.resume(now.stream.lastEventId)).status).toBe(200)
  })

  it.each(['an-event', '0', '1', '_GET_stream'])('an unknown event is refused: %s', async (id) => {
    const session = await McpSession.open(token)
    await expectNoEvents(await session.resume(id))
  })

  it('an event of another session is refused', async () => {
    const [session, other] = [await McpSession.open(token), await McpSession.open(token)]
    const { stream } = await other.ask('ask_name')
    await stream.cut()
    for (const id of stream.eventIds) await expectNoEvents(await session.resume(id))
  })

  it('the events of a session are not kept without end', async () => {
    const session = await McpSession.open(token)
    const { stream } = await session.ask('ask_name')
    await stream.cut()
    for (let calls = 0; calls < 100; calls++) await session.read('whoami')
    await expectNoEvents(await session.resume(stream.lastEventId))
  })

  /** The client learns that there is nothing to go on with. */
  async function expectNoEvents(response: Response): Promise<void> {
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: -32000 } })
  }
})

describe('MCP 2025-11-25 transports, "Listening for Messages from the Server"', () => {
  it.each([undefined, '*/*', 'application/json'])('GET is 406 when it accepts %s', async (Accept) => {
    const session = await McpSession.open(token)
    const spy = inSession()
    for (const headers of [{ Accept }, { Accept, 'Last-Event-ID': 'an-event' }]) {
      const refused = await session.send({ method: 'GET', headers })
      expect(refused.status).toBe(406)
      expect(await refused.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32000 } })
    }
    // Only the tools that report it to the session are checked there.
    expect(spy).toHaveBeenCalledTimes(1)
  })

  it('an open stream gets what belongs to no request, and the call does not', async () => {
    const session = await McpSession.open(token)
    const stream = await session.listen()
    const call = await new EventStream(
      await session.post(toolCall('announce', { text: 'Grüße, 世界' })),
    ).rest()
    expect(call.map((message) => message.id)).toEqual([1])
    expect(await stream.next()).toEqual(greeting('Grüße, 世界'))
  })

  it('an open stream is of the same session', async () => {
    const [session, other] = [await McpSession.open(token), await McpSession.open(token)]
    const stream = await session.listen()
    await other.read('announce', { text: 'Not for you' })
    await session.read('announce', { text: 'For you' })
    await session.end()
    expect(await stream.rest()).toEqual([greeting('For you')])
  })

  it('nothing is kept for a stream that is not open', async () => {
    const session = await McpSession.open(token)
    await session.read('announce', { text: 'Unheard' })
    const stream = await session.listen()
    await session.end()
    expect(await stream.rest()).toEqual([])
  })

  it.each([
    ['the older', 0],
    ['the newer', 1],
  ])('the other of two streams goes on when %s one was closed', async (_which, closed) => {
    const session = await McpSession.open(token)
    const streams = [await session.listen(), await session.listen()]
    await streams[closed]?.cut()
    await session.read('announce', { text: 'Still here' })
    expect(await streams[1 - closed]?.next()).toEqual(greeting('Still here'))
  })

  it('an open stream on which nothing is said is kept alive', async () => {
    const clock = Clock.install()
    const session = await McpSession.open(token)
    const { body } = await session.send({ method: 'GET' })
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    for (let times = 0; times < 3; times++) {
      await clock.pass(30)
      const { value } = await reader.read()
      // A comment, which clients pass over.
      expect(new TextDecoder().decode(value)).toMatch(/^:.*\n\n$/)
    }
    await reader.cancel()
  })

  it('an open stream outlives the memory of the object', async () => {
    const session = await McpSession.open(token)
    const stream = await session.listen()
    await evictDurableObject(session.object)
    await session.read('announce', { text: 'After a sleep' })
    expect(await stream.next()).toEqual(greeting('After a sleep'))
  })

  it.each(LOSSES.slice(1))('an open stream ends when the object %s', async (_how, lose) => {
    const session = await McpSession.open(token)
    const stream = await session.listen()
    await lose(session)
    expect(await stream.rest()).toEqual([])
    const another = await session.listen()
    await session.read('announce', { text: 'Once more' })
    expect(await another.next()).toEqual(greeting('Once more'))
  })

  it('an open stream ends with its session', async () => {
    const session = await McpSession.open(token)
    const streams = [await session.listen(), await session.listen()]
    await session.end()
    for (const stream of streams) expect(await stream.rest()).toEqual([])
  })
})

describe('MCP 2025-11-25 transports, "Multiple Connections"', () => {
  it('a message comes on one of two streams only', async () => {
    const session = await McpSession.open(token)
    const streams = [await session.listen(), await session.listen()]
    await session.read('announce', { text: 'Once' })
    await session.end()
    const messages = await Promise.all(streams.map((stream) => stream.rest()))
    expect(messages.flat()).toEqual([greeting('Once')])
  })
})

describe('MCP 2025-11-25 authorization, "Step-Up Authorization Flow"', () => {
  it('a client that got more scopes goes on in its session', async () => {
    const narrow = await app.connect(visitor, { scope: 'notes:read' })
    const session = await McpSession.open(narrow.access_token)
    const refused = await session.call('add_note', { text: 'Bread' })
    expect(refused.status).toBe(403)
    const challenge = refused.headers.get('WWW-Authenticate')
    expect(challenge).toMatch(/^Bearer error="insufficient_scope"/)
    expect(challenge).toContain('scope="notes:read notes:write"')
    expect(challenge).toContain('resource_metadata="')
    expect(await session.read('list_notes')).not.toContain('Bread')

    const wide = await app.connect(visitor, { scope: 'notes:read notes:write' })
    expect(grantIdOf(wide.refresh_token)).not.toBe(grantIdOf(narrow.refresh_token))
    session.token = wide.access_token
    expect(await session.read('add_note', { text: 'Bread' })).toContain('Kept as note')
    expect(await session.read('list_notes')).toContain('Bread')
  })
})

describe('MCP 2025-11-25 transports: a client that names no session', () => {
  it('is served without one', async () => {
    const spy = inSession()
    const [answer] = await new EventStream(await sendLegacy({ token, message: toolCall('whoami') })).rest()
    expect(textOf(answer)).toContain('You act for Owner')
    const noted = await sendLegacy({
      token,
      message: { jsonrpc: '2.0', method: 'notifications/initialized' },
    })
    expect(noted.status).toBe(202)
    expect(spy).not.toHaveBeenCalled()
  })

  it('cannot be asked', async () => {
    const [answer] = await new EventStream(await sendLegacy({ token, message: toolCall('ask_name') })).rest()
    expect(answer?.result).toMatchObject({ isError: true })
    expect(textOf(answer)).toContain('no client capabilities are available')
  })

  it.each(['GET', 'DELETE'] as const)('has no %s', async (method) => {
    const spy = inSession()
    expect((await sendLegacy({ token, method })).status).toBe(405)
    expect(spy).not.toHaveBeenCalled()
  })
})

describe('MCP 2026-07-28: a request of the protocol without sessions', () => {
  it.each<[string, (session: McpSession) => string | undefined]>([
    ['no session', () => undefined],
    ['a session', ({ id }) => id],
    ['a session that never was', () => 'garbage'],
  ])('asks no session object although its header names %s', async (_what, id) => {
    const session = await McpSession.open(token)
    const spy = inSession()
    const headers = { 'Mcp-Session-Id': id(session) }
    const answer = await send(MCP_URL, modernCall(token, 'whoami', {}, { headers }))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Mcp-Session-Id')).toBeNull()
    expect(JSON.stringify(await answer.json())).toContain('You act for Owner')
    expect(spy).not.toHaveBeenCalled()
    await session.read('whoami')
    expect(spy).toHaveBeenCalledTimes(1)
  })
})

async function sessionIds(): Promise<string[]> {
  return (await listDurableObjectIds(env.SESSIONS)).map(String)
}

/** What the object keeps, and when its alarm comes. */
function stored({ object }: McpSession): Promise<{ entries: number; alarm: number | null }> {
  return runInDurableObject(object, async (_instance, { storage }) => ({
    entries: (await storage.list()).size,
    alarm: await storage.getAlarm(),
  }))
}
