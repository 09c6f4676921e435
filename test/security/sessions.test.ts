// Attacks on the sessions of clients that begin with `initialize`: row M10; and on open streams: row M6.
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIFETIME } from '#config'
import { authorizedBy } from '#engine/oauth/grant-types/grant-type.ts'
import type { GrantRecord } from '#engine/oauth/grants/grant.ts'
import { issueAccessToken } from '#engine/oauth/tokens/access-token.ts'
import { OWNER } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { GrantObject } from '#worker'
import { Clock } from '../support/clock.ts'
import { legacyCall, type McpRequest, modernCall } from '../support/mcp-request.ts'
import {
  EventStream,
  expectListeners,
  expectSessionNotFound,
  initialize,
  McpSession,
  type Message,
  textOf,
} from '../support/mcp-session.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { expectInvalidToken, expectLive, grantIdOf, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, ORIGIN, send } from '../support/worker.ts'
import '../support/session-tools.ts'

const ELSEWHERE = 'https://elsewhere.test'

let app: OAuthClient
let visitor: Visitor
let tokens: Tokens

beforeEach(async () => {
  app = await OAuthClient.registered()
  visitor = new Visitor()
  tokens = await app.connect(visitor)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** An access token over the live grant, as if `changes` had been approved there. */
async function tokenWith(changes: Partial<GrantRecord> = {}): Promise<string> {
  const grantId = env.GRANTS.idFromString(grantIdOf(tokens.refresh_token))
  const description = await env.GRANTS.get(grantId).describe()
  const record = { ...(description as { record: GrantRecord }).record, ...changes }
  return (await issueAccessToken(loadSettings(env), authorizedBy(record, record.scopes, 0))).token
}

interface Stranger {
  readonly token: string
  readonly origin?: string
}

const SOMEONE = { userId: 'user_someone-else', identity: { ...OWNER, name: 'Someone' } }
const STRANGERS: [string, () => Promise<Stranger>][] = [
  ['another user of the same client', async () => ({ token: await tokenWith(SOMEONE) })],
  [
    'another client of the same user',
    async () => ({ token: (await (await OAuthClient.registered()).connect(visitor)).access_token }),
  ],
  [
    'the same user and client at another hostname',
    async () => ({
      token: await tokenWith({ issuer: ELSEWHERE, resource: `${ELSEWHERE}/mcp` }),
      origin: ELSEWHERE,
    }),
  ],
]

describe('M10 MCP security best practices, "Session Hijacking": a session in the hands of', () => {
  let session: McpSession

  beforeEach(async () => {
    session = await McpSession.open(tokens.access_token)
  })

  const unasked = (text: string) => expect.objectContaining({ params: { level: 'info', data: text } })

  /** Every way to get at what is going on in a session. */
  const ATTACKS: [string, (stolen: McpSession, question: Message, eventId: string) => Promise<Response>][] = [
    ['a call', (stolen) => stolen.call('whoami')],
    ['a call of no tool', (stolen) => stolen.call('no_such_tool')],
    ['a notification', (stolen) => stolen.post({ jsonrpc: '2.0', method: 'notifications/initialized' })],
    [
      'a cancellation of the call',
      (stolen) =>
        stolen.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
    ],
    ['an answer to the open question', (stolen, question) => stolen.answer(question, 'Mallory')],
    [
      'an error for the open question',
      (stolen, { id }) => stolen.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'No.' } }),
    ],
    ['a stream', (stolen) => stolen.send({ method: 'GET' })],
    ['the events of the call', (stolen, _question, eventId) => stolen.resume(eventId)],
    ['initialize', (stolen) => stolen.post(initialize())],
    [
      'initialize with nothing that it can be asked for',
      (stolen) => stolen.post(initialize({ capabilities: {} })),
    ],
    ['DELETE', (stolen) => stolen.end()],
  ]

  describe.each(STRANGERS)('%s', (_who, makeStranger) => {
    let stranger: Stranger

    beforeEach(async () => {
      stranger = await makeStranger()
      // Where the session is not, this token is as good as any.
      const answer = await callTool(stranger.token, 'whoami', {}, stranger.origin)
      expect(answer.status).toBe(200)
    })

    it.each(ATTACKS)('is 404 and goes on for its owner: %s', async (_what, attack) => {
      const listening = await session.listen()
      const { stream, question } = await session.ask('ask_name')
      const stolen = session.as(stranger.token, stranger.origin)
      await expectSessionNotFound(await attack(stolen, question, stream.eventIds[0] as string))
      await session.read('announce', { text: 'For the owner' })
      expect(await listening.next()).toEqual(unasked('For the owner'))
      await session.answer(question, 'Ann')
      expect(textOf(await stream.next())).toMatch(/^user_(?!someone).* is Ann$/)
    })

    it('is 404 when it comes first after the object has lost its memory', async () => {
      await evictDurableObject(session.object)
      for (const message of [initialize(), { jsonrpc: '2.0', id: 1, method: 'ping' }]) {
        await expectSessionNotFound(await session.as(stranger.token, stranger.origin).post(message))
      }
      expect(await session.read('whoami')).toContain('You act for Owner')
    })

    it('is not told apart from a session that never was', async () => {
      const never = new McpSession(env.SESSIONS.newUniqueId().toString(), stranger.token, stranger.origin)
      const seen = await Promise.all([session.as(stranger.token, stranger.origin), never].map(lookOf))
      expect(seen[0]).toEqual(seen[1])
    })

    it('does not live longer by it', async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const before = await alarmOf(session)
      vi.setSystemTime(Date.now() + (LIFETIME.idleSession * 1000) / 2)
      const later = { ...stranger, ...(await makeStranger()) }
      await expectSessionNotFound(await session.as(later.token, later.origin).call('whoami'))
      expect(await alarmOf(session)).toBe(before)
    })
  })

  it('a stranger who names its owner in a header of the envelope is 404', async () => {
    const token = await tokenWith(SOMEONE)
    const accessToken = { userId: decodeJwt(tokens.access_token).sub, clientId: app.id, scopes: [] }
    const caller = JSON.stringify({ issuer: ORIGIN, accessToken })
    const headers = { 'Gatehouse-Caller': encodeURIComponent(caller) }
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    await expectSessionNotFound(await session.as(token).post(ping, headers))
    expect(await new EventStream(await session.post(ping, headers)).next()).toMatchObject({ result: {} })
  })

  it('no user, without a token: 401', async () => {
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const message = method === 'POST' && { message: initialize() }
      const headers = { Authorization: undefined }
      const refused = await session.send({ method, headers, ...message })
      expect(refused.status).toBe(401)
    }
    expect(await session.read('whoami')).toContain('You act for Owner')
  })

  it('its owner whose grant is over: 401', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    await app.revoke(tokens.refresh_token)
    vi.setSystemTime(Date.now() + 120_000)
    expectInvalidToken(await session.call('whoami'))
    expectInvalidToken(await session.end())
  })

  it('its owner with a token for less: 403 with the scope, and the tool does not run', async () => {
    const narrow = await app.connect(visitor, { scope: 'notes:read' })
    const text = crypto.randomUUID()
    expect(await session.read('add_note', { text: 'Bread' })).toContain('Kept as note')
    const refused = await session.as(narrow.access_token).call('add_note', { text })
    expect(refused.status).toBe(403)
    const challenge = refused.headers.get('WWW-Authenticate')
    expect(challenge).toMatch(/^Bearer error="insufficient_scope"/)
    expect(challenge).toContain('scope="notes:read notes:write"')
    expect(await session.read('list_notes')).not.toContain(text)
    expect(await session.read('add_note', { text })).toContain('Kept as note')
  })

  it('its owner with a token for less is answered by the right of each call alone', async () => {
    const narrow = session.as((await app.connect(visitor, { scope: 'notes:read' })).access_token)
    const rounds = Array.from({ length: 20 }, () => crypto.randomUUID())
    await Promise.all(
      rounds.flatMap((text) => [
        session.read('add_note', { text }),
        narrow.call('add_note', { text: `not ${text}` }).then(({ status }) => expect(status).toBe(403)),
      ]),
    )
    const notes = await session.read('list_notes', { limit: 100 })
    for (const text of rounds) expect(notes).toContain(text)
    expect(notes).not.toContain('not ')
  })
})

describe('M10 CVE-2026-25536: two users in sessions of their own', () => {
  it('see only their own notes, questions, answers and messages', async () => {
    const people = await Promise.all(
      [{ identity: OWNER }, SOMEONE].map(async (person) => {
        const session = await McpSession.open(await tokenWith(person))
        return { name: person.identity.name, session, stream: await session.listen() }
      }),
    )
    const rounds = Array.from({ length: 20 }, (_, round) => round)
    await Promise.all(
      rounds.flatMap((round) =>
        // Both count their calls from one.
        people.map(async ({ name, session }) => {
          const { stream, question } = await session.ask('ask_name')
          await session.answer(question, `${name} ${round}`)
          expect(textOf(await stream.next())).toMatch(new RegExp(` is ${name} ${round}$`))
          expect(await session.read('whoami')).toContain(`You act for ${name},`)
          await session.read('add_note', { text: `${name} ${round}` })
          await session.read('announce', { text: `${name} ${round}` })
        }),
      ),
    )
    for (const { name, session, stream } of people) {
      const own = rounds.map((round) => `${name} ${round}`).toSorted()
      const notes = await session.read('list_notes', { limit: 100 })
      expect(notes.match(/(?:Owner|Someone) \d+/g)?.toSorted()).toEqual(own)
      await session.end()
      expect((await stream.rest()).map(({ params }) => params?.data as string).toSorted()).toEqual(own)
    }
  })

  it('ask and are asked as themselves', async () => {
    const [owner, other] = [
      await McpSession.open(tokens.access_token),
      await McpSession.open(await tokenWith(SOMEONE)),
    ]
    const [first, second] = await Promise.all([owner.ask('ask_name'), other.ask('ask_name')])
    expect(first.question.params?.message).not.toContain(SOMEONE.userId)
    expect(second.question.params?.message).toContain(SOMEONE.userId)
    await other.answer(first.question, 'Mallory')
    await owner.answer(first.question, 'Ann')
    expect(textOf(await first.stream.next())).toContain('is Ann')
    await other.answer(second.question, 'Mallory')
    expect(textOf(await second.stream.next())).toContain(`${SOMEONE.userId} is Mallory`)
  })
})

describe('M6 the streams of an access token', () => {
  let clock: Clock

  beforeEach(() => {
    clock = Clock.install()
  })

  const STREAMS: [string, (token: string) => Promise<EventStream>][] = [
    ['that listens', async (token) => (await McpSession.open(token)).listen()],
    ['of a call that waits', async (token) => (await (await McpSession.open(token)).ask('ask_name')).stream],
    [
      'that was resumed',
      async (token) => {
        const session = await McpSession.open(token)
        const { stream } = await session.ask('ask_name')
        await stream.cut()
        return new EventStream(await session.resume(stream.lastEventId))
      },
    ],
    ['of a call without a session', (token) => stay(legacyCall(token, 'stay'))],
    ['of a call in the 2026-07-28 protocol', (token) => stay(modernCall(token, 'stay'))],
  ]

  async function stay(call: McpRequest): Promise<EventStream> {
    const stream = new EventStream(await send(MCP_URL, call))
    expect(await stream.next()).toMatchObject({ method: 'notifications/progress' })
    return stream
  }

  /** Whether a stream has ended, as far as its reader knows by now. */
  function watch(stream: EventStream): { ended: boolean } {
    const state = { ended: false }
    void stream.rest().then(() => {
      state.ended = true
    })
    return state
  }

  /** It is open although its grant was looked at, and ends by what `end` does. */
  async function expectEnd(stream: EventStream, end: () => Promise<unknown>): Promise<void> {
    const state = watch(stream)
    for (let minutes = 0; minutes < 5; minutes++) await clock.pass(60)
    expect(state).toEqual({ ended: false })
    await end()
    await vi.waitFor(() => expect(state).toEqual({ ended: true }), 10_000)
  }

  const ENDINGS: [string, () => Promise<unknown>][] = [
    ['its person revoked it', () => visitor.post('/account/revoke', { client_id: app.id })],
    ['its client revoked it', () => app.revoke(tokens.refresh_token)],
  ]

  describe.each(STREAMS)('one %s', (_what, open) => {
    it.each(ENDINGS)('ends when its grant is looked at again: %s', async (_how, revoke) => {
      await expectEnd(await open(tokens.access_token), async () => {
        await revoke()
        await clock.pass(61)
      })
    })

    it('ends when the token expires, although its grant lives', async () => {
      // A question is open for ten minutes at most.
      await clock.pass(LIFETIME.accessToken - 305)
      await expectEnd(await open(tokens.access_token), () => clock.pass(5))
      await expectLive(app, tokens.refresh_token)
    })

    it('ends when the server cannot tell whether its grant lives', async () => {
      const broken = async () => {
        throw new Error('storage is down')
      }
      await expectEnd(await open(tokens.access_token), async () => {
        vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockImplementation(broken as never)
        vi.spyOn(GrantObject.prototype, 'describe').mockImplementation(broken as never)
        await clock.pass(61)
      })
    })
  })

  it('are let go of by the session', async () => {
    const session = await McpSession.open(tokens.access_token)
    const stream = await session.listen()
    await expectListeners(session, 1)
    await app.revoke(tokens.refresh_token)
    await clock.pass(61)
    await stream.rest()
    await expectListeners(session, 0)
  })

  it('still bring what is said after many looks at the grant', async () => {
    const session = await McpSession.open(tokens.access_token)
    const listening = await session.listen()
    const { stream, question } = await session.ask('ask_name')
    for (let minutes = 0; minutes < 9; minutes++) await clock.pass(60)
    await session.read('announce', { text: 'Still here' })
    expect(await listening.next()).toMatchObject({ params: { data: 'Still here' } })
    await session.answer(question, 'Ann')
    expect(textOf(await stream.next())).toContain('is Ann')
  })

  it.each<[string, (session: McpSession, stream: EventStream, question: Message) => Promise<unknown>]>([
    ['the connection broke', (_session, stream) => stream.cut()],
    [
      'the call was answered',
      async (session, stream, question) => {
        await session.answer(question, 'Ann')
        await stream.rest()
      },
    ],
  ])('cost no look at their grant once they are over: %s', async (_how, end) => {
    const session = await McpSession.open(tokens.access_token)
    const { stream, question } = await session.ask('ask_name')
    const looks = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get')
    await clock.pass(61)
    expect(looks).toHaveBeenCalledTimes(1)
    await end(session, stream, question)
    looks.mockClear()
    for (let minutes = 0; minutes < 5; minutes++) await clock.pass(61)
    expect(looks).not.toHaveBeenCalled()
  })

  it('leave the call to go on under the next token', async () => {
    await clock.pass(LIFETIME.accessToken - 60)
    const session = await McpSession.open(tokens.access_token)
    const { stream, question } = await session.ask('ask_name')
    await clock.pass(60)
    await stream.rest()
    expectInvalidToken(await session.answer(question, 'Mallory'))
    session.token = (await tokensOf(app.refresh(tokens.refresh_token))).access_token
    const resumed = new EventStream(await session.resume(stream.lastEventId))
    await session.answer(question, 'Ann')
    expect(textOf(await resumed.next())).toContain('is Ann')
  })

  it('do not end with those of another grant', async () => {
    const others = await (await OAuthClient.registered()).connect(visitor)
    const session = await McpSession.open(others.access_token)
    const stream = await session.listen()
    await app.revoke(tokens.refresh_token)
    await clock.pass(61)
    await clock.pass(61)
    await session.read('announce', { text: 'Still here' })
    expect(await stream.next()).toMatchObject({ params: { data: 'Still here' } })
  })
})

/** Every answer that a session gives a stranger. */
async function lookOf(session: McpSession): Promise<unknown[]> {
  const uses = [
    session.call('whoami'),
    session.answer({ id: 0 }, 'Mallory'),
    session.send({ method: 'GET' }),
    session.resume('an-event'),
    session.end(),
  ]
  return Promise.all(
    uses.map(async (use) => {
      const { status, headers, body } = await use
      return { status, headers: [...headers], body: body && (await new Response(body).text()) }
    }),
  )
}

function alarmOf({ object }: McpSession): Promise<number | null> {
  return runInDurableObject(object, (_instance, { storage }) => storage.getAlarm())
}
