// Alerts: which events cause one, how often, what it says, and that a request never waits for it.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { audit } from '#engine/log/audit.ts'
import { log } from '#engine/log/log.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { SettingsError } from '#engine/settings/setting.ts'
import { AlertObject } from '#worker'
import { Internet } from '../support/internet.ts'
import { type Metadata, OAuthClient } from '../support/oauth-client.ts'
import { expectLive, expectRefusal, grantIdOf, listenToLog, pass, tokensOf } from '../support/outcome.ts'
import { secretsIn } from '../support/secrets.ts'
import { Visitor } from '../support/visitor.ts'

const CHAT = 'https://chat.example'
const KEY = new Uint8Array(32).fill(7)
const SETTINGS = {
  ALERT_WEBHOOK: `${CHAT}/hooks/T0/B0`,
  ALERT_SECRET: `whsec_${btoa(String.fromCharCode(...KEY))}`,
  DAILY_KV_WRITES: '10',
}
// Before the first request, which reads the settings once.
Object.assign(env, SETTINGS)

let internet: Internet
/** What the chat was sent. */
let sent: { readonly headers: Headers; readonly body: string }[]
/** A day that no other test has, so that each begins with no events. Far ahead: no alarm rings by itself. */
let day = 0

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2046, 10, 20 + 2 * day++, 12, 0, 1) })
  internet = Internet.install()
  sent = []
  internet.site(CHAT, async (request) => {
    sent.push({ headers: request.headers, body: await request.text() })
    return new Response('ok')
  })
})

afterEach(async () => {
  for (const kind of ['token.replayed', 'code.replayed']) await endMinute(kind)
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** What waits is sent. Returns whether there was anything. */
function endMinute(kind: string): Promise<boolean> {
  return runDurableObjectAlarm(env.ALERTS.getByName(kind))
}

interface Message {
  readonly text: string
  readonly type: string
  readonly timestamp: string
  readonly data: Record<string, unknown>
}

function messages(type: string): Message[] {
  return sent.map(({ body }) => JSON.parse(body) as Message).filter((message) => message.type === type)
}

/** Waits until the chat has so many of one kind. */
async function expectMessages(type: string, count: number): Promise<Message[]> {
  return vi.waitFor(() => {
    const all = messages(type)
    expect(all).toHaveLength(count)
    return all
  })
}

/** Waits until the chat has heard of everything so far: of this comes another alert, once a minute. */
async function settle(): Promise<void> {
  const before = messages('code.replayed').length
  audit('code.replayed', { user: 'user_1', client: 'client', grant: 'grant', outcome: 'refused' })
  await expectMessages('code.replayed', before + 1)
}

async function wrongPassphrase(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    expect((await new Visitor().signIn('/account', 'wrong')).status).toBe(403)
  }
}

interface Stolen {
  readonly app: OAuthClient
  readonly token: string
}

/** Refresh tokens that were replaced long ago, each of an app of its own. */
async function oldTokens(count: number, metadata: Metadata = {}): Promise<Stolen[]> {
  const old: Stolen[] = []
  for (let n = 0; n < count; n++) {
    const app = await OAuthClient.registered(metadata)
    const { refresh_token: token } = await app.connect()
    await expectLive(app, token)
    old.push({ app, token })
  }
  // So long a lost answer is forgiven.
  pass(121)
  return old
}

/** A thief comes with a token. */
async function replay({ app, token }: Stolen): Promise<void> {
  await expectRefusal(await app.refresh(token), 'invalid_grant')
}

describe('an alert', () => {
  it('says at once that a refresh token was stolen, with ids and without a name', async () => {
    const [stolen] = (await oldTokens(1, { client_name: 'Notes for <!channel>' })) as [Stolen]
    await replay(stolen)
    const [message] = await expectMessages('token.replayed', 1)
    expect(message).toEqual({
      text: expect.stringMatching(/^\w+: An old refresh token came back/),
      type: 'token.replayed',
      timestamp: expect.stringMatching(/^2046-11-\d\dT[\d:.]+Z$/),
      data: { user: expect.stringMatching(/^user_/), client: stolen.app.id, grant: grantIdOf(stolen.token) },
    })
    expect(JSON.stringify(message)).not.toContain('Notes')
  })

  it('comes for an authorization code that is sent twice', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    await tokensOf(app.token(redemption))
    await expectRefusal(await app.token(redemption), 'invalid_grant')
    const [message] = await expectMessages('code.replayed', 1)
    expect(message?.data).toMatchObject({ client: app.id, outcome: 'refused' })
  })

  it('comes for the tenth failed sign-in in ten minutes, and not for nine', async () => {
    await wrongPassphrase(9)
    await settle()
    expect(messages('signin.failed')).toEqual([])
    pass(600)
    await wrongPassphrase(9)
    await settle()
    expect(messages('signin.failed')).toEqual([])
    await wrongPassphrase(1)
    const [message] = await expectMessages('signin.failed', 1)
    expect(message?.data).toEqual({ method: 'passphrase', reason: 'wrong_passphrase' })
  })

  it('comes for an issuer that fails three times', async () => {
    const fail = () => log('issuer.unavailable', { issuer: 'https://login.example', reason: 'answers 500' })
    fail()
    fail()
    await settle()
    expect(messages('issuer.unavailable')).toEqual([])
    fail()
    const [message] = await expectMessages('issuer.unavailable', 1)
    expect(message?.text).toContain('does not answer')
  })

  it('comes once a day when most of the KV writes are used', async () => {
    const approve = async (times: number) => {
      for (let time = 0; time < times; time++) await (await OAuthClient.registered()).authorize()
    }
    await approve(3)
    await settle()
    expect(messages('limit.near')).toEqual([])
    await approve(1)
    await expectMessages('limit.near', 1)
    pass(3600)
    await approve(5)
    await settle()
    expect(messages('limit.near')).toHaveLength(1)
    pass(11 * 3600)
    await approve(4)
    await expectMessages('limit.near', 2)
  })
})

describe('the object that decides', () => {
  const report = {
    kind: 'token.replayed',
    weight: 1,
    about: { user: 'user_1' },
    enough: 1,
    windowMs: 600_000,
    oncePerWindow: false,
  } as const
  const newObject = () => env.ALERTS.getByName(crypto.randomUUID())

  it('lets one of fifty reports at once be due, and the next after a minute', async () => {
    const object = newObject()
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => object.report(report)))
    expect(verdicts.filter(({ due }) => due)).toHaveLength(1)
    pass(59)
    expect(await object.report(report)).toMatchObject({ due: false })
    pass(1)
    expect(await object.report(report)).toMatchObject({ due: true })
  })

  it('keeps three numbers, and what waits', async () => {
    const object = newObject()
    const kept = () => runInDurableObject(object, (_, { storage }) => [...storage.kv.list()])
    await object.report({ ...report, kind: 'signin.failed', enough: 10 })
    await object.report({ ...report, kind: 'signin.failed', enough: 1 })
    expect(await kept()).toEqual([['kept', { window: expect.any(Number), sum: 0, alertedAt: Date.now() }]])
    for (let n = 0; n < 30; n++) await object.report({ ...report, about: { user: `user_${n}` } })
    const waiting = (await kept()).find(([key]) => key === 'waiting')?.[1] as {
      count: number
      first: object[]
    }
    expect(waiting.count).toBe(30)
    expect(waiting.first).toHaveLength(20)
    await runDurableObjectAlarm(object)
    expect((await kept()).map(([key]) => key)).toEqual(['kept'])
  })
})

describe('L1 the webhook of alerts', () => {
  it('gets a signature over id, time and body that only the secret makes', async () => {
    const [stolen] = (await oldTokens(1)) as [Stolen]
    await replay(stolen)
    await expectMessages('token.replayed', 1)
    const [{ headers, body }] = sent as [(typeof sent)[number]]
    const signed = ['webhook-id', 'webhook-timestamp'].map((name) => headers.get(name))
    expect(signed).toEqual([expect.stringMatching(/^msg_[\w-]{36}$/), String(Math.floor(Date.now() / 1000))])
    const [, given = ''] = /^v1,(.+)$/.exec(headers.get('webhook-signature') ?? '') ?? []
    const mac = Uint8Array.from(atob(given), (character) => character.charCodeAt(0))
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', KEY, algorithm, false, ['verify'])
    const verify = (text: string) =>
      crypto.subtle.verify('HMAC', key, mac, new TextEncoder().encode(`${signed.join('.')}.${text}`))
    expect(await verify(body)).toBe(true)
    expect(await verify(body.replace('stolen', 'found'))).toBe(false)
  })

  it('gets no secret, no name, and no more than a message a minute and kind', async () => {
    const [last, ...stolen] = (await oldTokens(4, { client_name: 'Shown nowhere' })) as [Stolen, ...Stolen[]]
    for (const one of stolen) await replay(one)
    await settle()
    expect(messages('token.replayed')).toHaveLength(1)
    pass(60)
    await replay(last)
    await expectMessages('token.replayed', 2)
    for (const { headers, body } of sent) {
      expect(secretsIn(body)).toEqual([])
      expect(body).not.toMatch(/Shown nowhere|Owner/)
      expect(headers.get('Cookie') ?? headers.get('Authorization')).toBeNull()
    }
  })

  it('hears of each theft, also of those within a minute of an alert that its thief may have caused', async () => {
    const stolen = (await oldTokens(4)) as [Stolen, Stolen, Stolen, Stolen]
    for (const one of stolen.slice(0, 3)) await replay(one)
    await settle()
    expect(messages('token.replayed')).toHaveLength(1)
    pass(60)
    expect(await endMinute('token.replayed')).toBe(true)
    const [, rest] = (await expectMessages('token.replayed', 2)) as [Message, Message]
    expect(rest.text).toContain('This happened 2 times within a minute.')
    expect(rest.data).toMatchObject({
      grant: grantIdOf(stolen[1].token),
      others: [{ grant: grantIdOf(stolen[2].token) }],
    })
    // That was an alert, too: the next one waits.
    await replay(stolen[3])
    await settle()
    expect(messages('token.replayed')).toHaveLength(2)
  })

  it('delays no request while it is silent', async () => {
    let answer = () => {}
    const silent = new Promise<void>((resolve) => {
      answer = resolve
    })
    internet.site(CHAT, () => silent.then(() => new Response('ok')))
    const [stolen] = (await oldTokens(1)) as [Stolen]
    await replay(stolen)
    await vi.waitFor(() => expect(internet.to(CHAT)).toHaveLength(1))
    answer()
  })

  it('fails no request when it refuses or is gone, and the log says so', async () => {
    const lines = listenToLog()
    const failed = (fields: object) =>
      vi.waitFor(() =>
        expect(lines()).toContainEqual({ event: 'alert.failed', alert: 'token.replayed', ...fields }),
      )
    internet.site(CHAT, () => new Response('no', { status: 410 }))
    const [first, second] = (await oldTokens(2)) as [Stolen, Stolen]
    await replay(first)
    await failed({ reason: 'refused', status: 410 })
    internet.unplug(CHAT)
    pass(60)
    await replay(second)
    await failed({ reason: 'no_answer' })
  })

  it('cannot send a message on to another address', async () => {
    const lines = listenToLog()
    const moved = { status: 307, headers: { Location: 'https://elsewhere.example/' } }
    internet.site(CHAT, () => new Response(null, moved))
    const [stolen] = (await oldTokens(1)) as [Stolen]
    await replay(stolen)
    await vi.waitFor(() =>
      expect(lines()).toContainEqual(expect.objectContaining({ event: 'alert.failed', status: 307 })),
    )
    expect(internet.to('https://elsewhere.example')).toEqual([])
  })

  it('hears of each theft while the object that decides fails', async () => {
    vi.spyOn(AlertObject.prototype, 'report').mockImplementation(() => {
      throw new Error('storage is down')
    })
    await Promise.all((await oldTokens(3)).map(replay))
    await wrongPassphrase(3)
    await settle()
    expect(messages('signin.failed')).toEqual([])
    expect(messages('token.replayed')).toHaveLength(3)
  })
})

describe('the settings of alerts', () => {
  const read = (settings: object) => () => loadSettings({ ...env, ...settings } as Env)

  it('are none without an address', () => {
    expect(read({ ALERT_WEBHOOK: undefined })().alerts).toBeUndefined()
    expect(read({ ALERT_WEBHOOK: '', ALERT_SECRET: '' })().alerts).toBeUndefined()
    expect(read({ DAILY_KV_WRITES: '' })().dailyKvWrites).toBeUndefined()
    expect(read({ DAILY_KV_WRITES: undefined })().dailyKvWrites).toBe(1000)
  })

  it.each([
    [{ ALERT_WEBHOOK: 'http://chat.example/' }, 'ALERT_WEBHOOK is not an https address.'],
    [{ ALERT_WEBHOOK: 'chat' }, 'ALERT_WEBHOOK is not an https address.'],
    [{ ALERT_SECRET: '' }, 'ALERT_SECRET is missing.'],
    [{ ALERT_SECRET: 'whsec_c2hvcnQ=' }, 'ALERT_SECRET is not "whsec_" and 24 random bytes'],
    [{ ALERT_SECRET: 'hush'.repeat(10) }, 'ALERT_SECRET is not "whsec_" and 24 random bytes'],
    [{ DAILY_KV_WRITES: 'many' }, 'DAILY_KV_WRITES must be a number'],
  ])('say in one sentence what is wrong: %o', (settings, sentence) => {
    expect(read(settings)).toThrow(SettingsError)
    expect(read(settings)).toThrow(sentence)
    // Never the value: it can be a secret.
    for (const value of Object.values(settings)) {
      if (value.length > 4) expect(read(settings)).not.toThrow(new RegExp(value))
    }
  })
})
