// Streams that pile up: clients open one more per call and never close it, or come back to a stream after each answer.
import { evictDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type EventStream,
  expectListeners,
  initialize,
  McpSession,
  sendLegacy,
  textOf,
} from '../support/mcp-session.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import '../support/session-tools.ts'

const MAX_STREAMS = 4
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26']

let token: string

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
})

const open = (protocolVersion?: string) =>
  McpSession.open(token, initialize(protocolVersion === undefined ? {} : { protocolVersion }))

function listenTimes(session: McpSession, times: number): Promise<EventStream[]> {
  return Promise.all(Array.from({ length: times }, () => session.listen()))
}

describe('the streams of a session', () => {
  it.each([false, true])(
    'are at most four, and the older ones stay; object evicted before: %s',
    async (evicted) => {
      const session = await open()
      const streams = await listenTimes(session, MAX_STREAMS)
      if (evicted) await evictDurableObject(session.object)
      for (let more = 0; more < 3; more++) {
        const refused = await session.send({ method: 'GET' })
        expect([refused.status, refused.headers.get('Allow')]).toEqual([405, 'POST, DELETE'])
      }
      await expectListeners(session, MAX_STREAMS)
      await session.read('announce', { text: 'Heard' })
      await session.end()
      const heard = await Promise.all(streams.map((stream) => stream.rest()))
      expect(heard.flat()).toHaveLength(1)
    },
  )

  it('may be opened again once one is closed', async () => {
    const session = await open()
    const [first] = await listenTimes(session, MAX_STREAMS)
    await first?.cut()
    await expectListeners(session, MAX_STREAMS - 1)
    await session.listen()
  })

  it('are not those of another session', async () => {
    const [session, other] = [await open(), await open()]
    await listenTimes(session, MAX_STREAMS)
    await listenTimes(other, MAX_STREAMS)
  })
})

describe('an answer that is the first thing to say', () => {
  const OLDER = ['2025-06-18', '2025-03-26']
  const GOOD: [string, object][] = [
    ['a call', { method: 'tools/call', params: { name: 'whoami', arguments: {} } }],
    ['a list', { method: 'tools/list' }],
  ]
  const WRONG: [string, object][] = [
    ['an unknown method', { method: 'nothing/such' }],
    ['an unknown tool', { method: 'tools/call', params: { name: 'none', arguments: {} } }],
  ]
  const JSON_ANSWERS = VERSIONS.flatMap((version) =>
    // An older client comes back to its stream after each answer, a newer one after an error.
    [...(OLDER.includes(version) ? GOOD : []), ...WRONG].map((one) => [version, ...one] as const),
  )

  it.each(JSON_ANSWERS)('is plain JSON, in version %s: %s', async (version, _what, request) => {
    const session = await open(version)
    const message = { jsonrpc: '2.0', id: 7, ...request }
    const answer = await session.post(message)
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'application/json'])
    expect(answer.headers.get('Mcp-Session-Id')).toBe(session.id)
    expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', id: message.id })
  })

  it.each(OLDER)('is plain JSON to initialize, in version %s', async (protocolVersion) => {
    const answer = await sendLegacy({ token, message: initialize({ protocolVersion }) })
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'application/json'])
    expect(answer.headers.get('Mcp-Session-Id')).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each(GOOD)('is a stream that a client of 2025-11-25 can come back to: %s', async (_what, request) => {
    const session = await open('2025-11-25')
    const answer = await session.post({ jsonrpc: '2.0', id: 7, ...request })
    expect(answer.headers.get('Content-Type')).toBe('text/event-stream')
    await answer.body?.cancel()
  })

  it.each(VERSIONS)('is a stream where something else comes first, in version %s', async (version) => {
    const session = await open(version)
    const { stream, question } = await session.ask('ask_name')
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
    expect(await stream.next()).toBeUndefined()
  })

  it('is each for its own request, although the ids of both sides are alike', async () => {
    const session = await open('2025-06-18')
    const { stream, question } = await session.ask('ask_name')
    const answers = await Promise.all(
      [0, '0', 2].map(async (id) =>
        (await session.post({ jsonrpc: '2.0', id, method: 'tools/list' })).json<{ id: unknown }>(),
      ),
    )
    expect(answers.map(({ id }) => id)).toEqual([0, '0', 2])
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
  })
})

describe('event ids', () => {
  it.each(VERSIONS)('are there for a client that can come back, version %s', async (version) => {
    const session = await open(version)
    const { stream } = await session.ask('ask_name')
    expect(stream.eventIds.length > 0).toBe(version >= '2025-11-25')
    await session.end()
  })

  it.each([false, true])('are not there for an older one; object evicted before: %s', async (evicted) => {
    const session = await open('2025-06-18')
    if (evicted) await evictDurableObject(session.object)
    const { stream, question } = await session.ask('ask_name')
    expect(stream.eventIds).toEqual([])
    const refused = await session.resume('an-event')
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: -32000 } }])
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
  })
})
