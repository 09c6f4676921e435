// Sessions at their edges: more than one stream, more than one life of the object, what comes after the end.
import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { LegacySession } from '#worker'
import { Clock } from '../support/clock.ts'
import { LaggingKv } from '../support/lagging-kv.ts'
import { toolCall } from '../support/mcp-request.ts'
import {
  EventStream,
  expectSessionNotFound,
  initialize,
  McpSession,
  sendLegacy,
  textOf,
} from '../support/mcp-session.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { expectInvalidToken } from '../support/outcome.ts'
import '../support/session-tools.ts'

let app: OAuthClient
let tokens: Tokens
let token: string

beforeAll(async () => {
  app = await OAuthClient.registered()
  tokens = await app.connect()
  token = tokens.access_token
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const greeting = (text: string) => ({
  jsonrpc: '2.0',
  method: 'notifications/message',
  params: { level: 'info', data: text },
})

describe('transports, "Multiple Connections": of several streams the newest gets a message', () => {
  it.each([false, true])('object evicted before: %s', async (evicted) => {
    const session = await McpSession.open(token)
    const streams = [await session.listen(), await session.listen(), await session.listen()]
    if (evicted) await evictDurableObject(session.object)
    await session.read('announce', { text: 'Once' })
    await session.end()
    const messages = await Promise.all(streams.map((stream) => stream.rest()))
    expect(messages).toEqual([[], [], [greeting('Once')]])
  })
})

describe('the token is nowhere that a tool can read', () => {
  it('in a 2025-era call without a session', async () => {
    const [answer] = await new EventStream(
      await sendLegacy({ token, message: toolCall('see_context') }),
    ).rest()
    // Not toContain(): a failure would print the token, and watch-log.ts would rightly object.
    expect(textOf(answer).includes(token)).toBe(false)
  })

  it('in a 2026-07-28 call', async () => {
    expect((await (await callTool(token, 'see_context')).text()).includes(token)).toBe(false)
  })
})

describe('basic, "Requests": the id of a request is never used twice in a session', () => {
  it('an answer to a question of an earlier life answers no question of this one', async () => {
    const session = await McpSession.open(token)
    const before = await session.ask('ask_name')
    await before.stream.cut()
    await abortAllDurableObjects()
    const now = await session.ask('ask_name')
    expect(now.question.id).not.toBe(before.question.id)
    await session.answer(before.question, 'To the old question')
    await session.answer(now.question, 'To the new question')
    expect(textOf(await now.stream.next())).toContain('is To the new question')
  })
})

describe('transports, "Session Management": a session that was ended is 404 for good', () => {
  it('initialize with the id of a session that was ended', async () => {
    const session = await McpSession.open(token)
    await session.end()
    await expectSessionNotFound(await session.post(initialize()))
  })

  it('initialize with an id that the server never gave', async () => {
    const session = new McpSession(env.SESSIONS.newUniqueId().toString(), token)
    await expectSessionNotFound(await session.post(initialize()))
  })
})

describe('transports, "Protocol Version Header": an unsupported version is 400', () => {
  it.each(['GET', 'DELETE'] as const)('%s', async (method) => {
    const session = await McpSession.open(token)
    const refused = await session.send({ method, headers: { 'MCP-Protocol-Version': '1999-01-01' } })
    expect(refused.status).toBe(400)
    expect(await session.read('whoami')).toContain('You act for')
  })

  it.each(['GET', 'DELETE'] as const)(
    '%s of 2026-07-28, which has no such method, asks no session',
    async (method) => {
      const session = await McpSession.open(token)
      const spy = vi.spyOn(LegacySession.prototype, 'fetch')
      const refused = await session.send({ method, headers: { 'MCP-Protocol-Version': '2026-07-28' } })
      expect(refused.status).toBe(405)
      expect(spy).not.toHaveBeenCalled()
    },
  )
})

describe('a client that went away', () => {
  it('throws nothing when the object of its session is gone later, too', async () => {
    const closed = vi.spyOn(ReadableStreamDefaultController.prototype, 'close')
    const session = await McpSession.open(token)
    const stream = await session.listen()
    await stream.cut()
    await abortAllDurableObjects()
    await (await McpSession.open(token)).end()
    expect(closed.mock.results.map(({ type }) => type)).not.toContain('throw')
  })
})

describe('lifecycle, "Cancellation": a call that was cancelled', () => {
  it('leaves no stream open', async () => {
    const session = await McpSession.open(token)
    const { stream } = await session.ask('ask_name')
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    // Hangs while the stream is open.
    await stream.rest()
  })
})

describe('GET with an empty Last-Event-ID', () => {
  it('listens, as GET without one does', async () => {
    const session = await McpSession.open(token)
    const stream = new EventStream(await session.send({ method: 'GET', headers: { 'Last-Event-ID': '' } }))
    await session.read('announce', { text: 'Heard' })
    await session.end()
    expect(await stream.rest()).toEqual([greeting('Heard')])
  })
})

describe('a stream', () => {
  it('ends within two minutes of the revocation, as requests do, although KV is a minute late', async () => {
    const clock = Clock.install()
    LaggingKv.install()
    const own = await app.connect()
    const session = await McpSession.open(own.access_token)
    const stream = await session.listen()
    const ended = stream.rest()
    await clock.pass(60)
    await clock.pass(1)
    await callTool(own.access_token, 'whoami')
    await clock.pass(1)
    await app.revoke(own.refresh_token)
    await clock.pass(58)
    // The mark is not visible yet, and another call has this isolate look just now.
    await clock.pass(1.5)
    await callTool(own.access_token, 'whoami')
    await clock.pass(58.5)
    await clock.pass(2)
    expectInvalidToken(await callTool(own.access_token, 'whoami'))
    await ended
  })
})
