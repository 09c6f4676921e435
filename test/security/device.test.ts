// D1 to D10: the device grant (RFC 8628). A device shows a code, and a person types it here and decides. A limit counts by the
// clock's minute, so that more than twice its number are needed to meet one for certain.
import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { accountOf } from '#engine/people/account-store.ts'
import { callTool, OAuthClient, register, structured } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { expectOver, expectRefusal, listenToLog, pass, tokensOf } from '../support/outcome.ts'
import { expectPage } from '../support/refusals.ts'
import { ConsentForm, Visitor } from '../support/visitor.ts'
import { configure, ORIGIN, randomAddress, send } from '../support/worker.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const DEVICE = { grant_types: [GRANT, 'refresh_token'], redirect_uris: undefined }

interface Codes {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  configure()
})

function newcomer(changes = {}): Promise<Visitor> {
  return Visitor.as(crypto.randomUUID(), changes)
}

/** A device that asks, of an app that has registered for it. */
async function device(fields = {}, metadata = {}) {
  const app = await OAuthClient.registered({ ...DEVICE, client_name: 'Terminal', ...metadata })
  return deviceOf(app, fields)
}

async function deviceOf(app: OAuthClient, fields = {}) {
  const asked = await app.askForDevice(fields)
  const text = await asked.text()
  expect(`${asked.status} ${text}`).toMatch(/^200 /)
  const codes = JSON.parse(text) as Codes
  const poll = (changes = {}) => app.token({ grant_type: GRANT, device_code: codes.device_code, ...changes })
  return { app, codes, poll }
}

function enter(person: Visitor, user_code: string, headers = {}) {
  return person.post('/device', { user_code }, headers)
}

/** The consent page for the code that the person has typed. */
async function consentOf(person: Visitor, { codes }: { codes: Codes }): Promise<ConsentForm> {
  return new ConsentForm(person, await expectPage(await enter(person, codes.user_code), 200))
}

async function allowedBy(person: Visitor, asking: { codes: Codes }): Promise<void> {
  const answer = await (await consentOf(person, asking)).submit()
  expect(`${answer.status} ${await answer.text()}`).toMatch(/^200 .*<h1>Allowed/s)
}

describe('RFC 8628 the device grant', () => {
  it('is advertised, and gives a device tokens once a person has typed its code and allowed it', async () => {
    const { app, codes, poll } = await device()
    expect(app.server).toMatchObject({
      device_authorization_endpoint: `${ORIGIN}/device_authorization`,
      grant_types_supported: expect.arrayContaining([GRANT]),
    })
    expect(codes).toEqual({
      device_code: expect.stringMatching(/^[0-9a-f]{64}\.[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${ORIGIN}/device`,
      verification_uri_complete: `${ORIGIN}/device?user_code=${codes.user_code}`,
      expires_in: 600,
      interval: 5,
    })
    await expectRefusal(await poll(), 'authorization_pending')
    const person = await newcomer()
    const consent = await consentOf(person, { codes })
    expect(consent.scopes).toEqual(['notes:read', 'notes:write'])
    const done = await expectPage(await consent.submit({ scope: 'notes:read' }), 200)
    expect(done).toContain('Go back to your device')
    const tokens = await tokensOf(poll())
    expect(tokens.scope).toBe('notes:read')
    expect(await person.hasConnected(app.id)).toBe(true)
    expect((await callTool(tokens.access_token, 'list_notes')).status).toBe(200)
    expect((await tokensOf(app.refresh(tokens.refresh_token))).scope).toBe('notes:read')
  })

  it('takes a code in any case, with any separators, also of someone who has yet to sign in', async () => {
    const { codes, poll } = await device()
    const person = new Visitor()
    const typed = codes.user_code.replace('-', ' . ').toLowerCase()
    for (const response of [await person.get(codes.verification_uri_complete), await enter(person, typed)]) {
      const login = new URL(response.headers.get('Location') as string, ORIGIN)
      expect(login.searchParams.get('return_to')).toBe(`/device?user_code=${codes.user_code}`)
    }
    await person.signIn()
    const consent = new ConsentForm(person, await expectPage(await enter(person, typed), 200))
    await consent.submit()
    expect((await poll()).status).toBe(200)
  })

  it('is there for a confidential client, with its secret alone', async () => {
    const method = { token_endpoint_auth_method: 'client_secret_post' }
    const app = await OAuthClient.registered({ ...DEVICE, ...method })
    await expectRefusal(await app.askForDevice({ client_secret: undefined }), 'invalid_client', 401)
    await expectRefusal(await app.askForDevice({ client_secret: 'wrong' }), 'invalid_client', 401)
    const asking = await deviceOf(app)
    await allowedBy(await newcomer(), asking)
    await expectRefusal(await asking.poll({ client_secret: 'wrong' }), 'invalid_client', 401)
    expect((await asking.poll()).status).toBe(200)
  })

  it('is absent where it is off', async () => {
    const { app, codes, poll } = await device()
    configure({ DEVICE_GRANT: 'false' })
    const metadata = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(metadata).not.toHaveProperty('device_authorization_endpoint')
    expect(JSON.stringify(metadata)).not.toContain(GRANT)
    expect((await app.askForDevice()).status).toBe(404)
    const person = await newcomer()
    expect((await person.get('/device')).status).toBe(404)
    expect((await enter(person, codes.user_code)).status).toBe(404)
    expect((await person.post('/device/decide', { seal: 'x' })).status).toBe(404)
    await expectRefusal(await poll(), 'unsupported_grant_type')
  })

  it('writes to KV once a person has allowed it, and not before', async () => {
    const app = await OAuthClient.registered(DEVICE)
    const counter = await OperationCounter.install()
    const asked = await counter.count(() => deviceOf(app))
    expect(asked.cost).toMatchObject({ kvWrites: 0, objectRequests: 2, rowsWritten: 2 })
    const { codes, poll } = asked.result
    expect((await counter.count(() => poll())).cost).toMatchObject({ kvWrites: 0, rowsWritten: 0 })
    const person = await newcomer()
    // An account makes its tables when it is first read.
    await person.get('/account')
    const consent = await counter.count(() => consentOf(person, { codes }))
    expect(consent.cost).toMatchObject({ kvWrites: 0, rowsWritten: 0 })
    // The grant and the client.
    expect((await counter.count(() => consent.result.submit())).cost).toMatchObject({ kvWrites: 2 })
    expect((await counter.count(() => poll())).cost).toMatchObject({ kvWrites: 0 })
  })

  it('leaves a line for each step', async () => {
    const app = await OAuthClient.registered(DEVICE)
    const person = await newcomer()
    const lines = listenToLog()
    const asking = await deviceOf(app, { scope: 'notes:read' })
    await enter(person, 'BBBB-BBBB')
    await allowedBy(person, asking)
    await asking.poll()
    const [user, grant] = [expect.stringMatching(/^user_/), expect.stringMatching(/^[0-9a-f]{64}$/)]
    const scopes = ['notes:read']
    expect(lines()).toEqual([
      { event: 'device.asked', client: app.id, scopes },
      { event: 'device.refused', user, reason: 'unknown_code' },
      { event: 'consent.allowed', user, client: app.id, grant, scopes },
      { event: 'code.redeemed', user, client: app.id, grant },
    ])
  })
})

describe('D1 guessing user codes', () => {
  const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
  const guess = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => LETTERS[byte % 20]).join('')

  it('is counted per person at any address, and per address for any person', async () => {
    const person = await newcomer()
    const elsewhere = () => ({ 'CF-Connecting-IP': randomAddress() })
    const statuses = []
    for (let times = 0; times < 21; times++) statuses.push((await enter(person, guess(), elsewhere())).status)
    expect(new Set(statuses)).toEqual(new Set([404, 429]))
    const address = { 'CF-Connecting-IP': randomAddress() }
    const others = []
    for (let times = 0; times < 21; times++)
      others.push((await enter(await newcomer(), guess(), address)).status)
    expect(new Set(others)).toEqual(new Set([404, 429]))
    // A guess that is right comes too late as well.
    const { codes } = await device()
    await expectPage(await enter(person, codes.user_code, elsewhere()), 429)
    await allowedBy(await newcomer(), { codes })
  })

  it('finds nothing among as many codes as one person can try in a day, and leaves no storage', async () => {
    const codes = new Set(Array.from({ length: 10_000 }, guess))
    const { codes: live } = await device()
    expect(codes.has(live.user_code.replace('-', ''))).toBe(false)
    const made = guess()
    await enter(await newcomer(), made)
    const stub = env.DEVICES.getByName(`${ORIGIN} ${made}`)
    const tables = await runInDurableObject(stub, (_object, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    )
    expect(tables).toEqual([])
  })

  it.each(['', 'AAAA-AAAA', 'BBBB-BBB', 'BBBB-BBBBB', 'B'.repeat(10_000), 'ВВВВ-ВВВВ', '12345678'])(
    'asks no object for what cannot be a code: %.20s',
    async (typed) => {
      const person = await newcomer()
      const asked = vi.spyOn(Object.getPrototypeOf(env.DEVICES), 'getByName')
      const names = () => asked.mock.calls.filter(([name]) => String(name).startsWith(ORIGIN))
      await expectPage(await enter(person, typed), 404)
      expect(names()).toEqual([])
    },
  )

  it('is of no use for the other half: only the device has the secret of its device code', async () => {
    const { app, codes, poll } = await device()
    const [id] = codes.device_code.split('.')
    const other = await deviceOf(app)
    const [, secret] = other.codes.device_code.split('.')
    const wrong = [`${id}.${secret}`, `${'0'.repeat(64)}.${secret}`, codes.user_code, 'x']
    for (const device_code of wrong) await expectRefusal(await poll({ device_code }), 'invalid_grant')
    await allowedBy(await newcomer(), { codes })
    for (const device_code of wrong) await expectRefusal(await poll({ device_code }), 'invalid_grant')
    expect((await poll()).status).toBe(200)
  })
})

describe('D2 a device that polls too fast', () => {
  it('is told to slow down, and has to wait 5 seconds more each time', async () => {
    const { poll } = await device()
    await expectRefusal(await poll(), 'authorization_pending')
    pass(3)
    await expectRefusal(await poll(), 'slow_down')
    pass(6)
    await expectRefusal(await poll(), 'slow_down')
    pass(15)
    await expectRefusal(await poll(), 'authorization_pending')
    pass(14)
    await expectRefusal(await poll(), 'slow_down')
    pass(20)
    await expectRefusal(await poll(), 'authorization_pending')
  })

  it('has as many polls as any client has token requests', async () => {
    const { poll } = await device()
    const statuses = new Set<number>()
    for (let times = 0; times < 241; times++) statuses.add((await poll()).status)
    expect(statuses).toEqual(new Set([400, 429]))
  })
})

describe('D3 two decisions about one code', () => {
  it('are one, however many allow at the same time: one grant, of one person', async () => {
    const { app, codes, poll } = await device()
    const people = await Promise.all(Array.from({ length: 10 }, () => newcomer()))
    const forms = await Promise.all(people.map((person) => consentOf(person, { codes })))
    const answers = await Promise.all([...forms, ...forms].map((form) => form.submit()))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 409)])
    const connected = await Promise.all(people.map((person) => person.hasConnected(app.id)))
    expect(connected.filter(Boolean)).toHaveLength(1)
    const { access_token } = await tokensOf(poll())
    const allower = people[connected.indexOf(true)] as Visitor
    expect(await allower.hasConnected(app.id)).toBe(true)
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it('leave the first: Deny after Allow, and Allow after Deny', async () => {
    const [first, second] = [await device(), await device()]
    const [one, other] = [await newcomer(), await newcomer()]
    const forms = [await consentOf(one, first), await consentOf(other, first)] as const
    await forms[0].submit()
    await expectPage(await forms[1].submit({ decision: 'deny' }), 409)
    expect((await first.poll()).status).toBe(200)
    const late = await consentOf(other, second)
    await (await consentOf(one, second)).submit({ decision: 'deny' })
    await expectPage(await late.submit(), 409)
    await expectRefusal(await second.poll(), 'access_denied')
    // Nor is a code that was decided found again.
    await expectPage(await enter(other, second.codes.user_code), 404)
  })

  it('can follow where the first opened no grant', async () => {
    const { codes, poll } = await device()
    const guest = await newcomer({ expiresAt: Date.now() + 3_600_000 })
    for (let times = 0; times < 5; times++) await (await OAuthClient.registered()).connect(guest)
    await expectPage(await (await consentOf(guest, { codes })).submit(), 429)
    await expectRefusal(await poll(), 'authorization_pending')
    await allowedBy(await newcomer(), { codes })
    expect((await poll()).status).toBe(200)
  })
})

describe('D4 a device code that is used again', () => {
  it('brings tokens once, of 50 requests at the same time', async () => {
    const { codes, poll } = await device()
    await allowedBy(await newcomer(), { codes })
    const answers = await Promise.all(Array.from({ length: 50 }, () => poll()))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(49)
  })

  it('ends what it brought', async () => {
    const { app, codes, poll } = await device()
    await allowedBy(await newcomer(), { codes })
    const tokens = await tokensOf(poll())
    pass(11)
    await expectRefusal(await poll(), 'invalid_grant')
    await expectOver(app, tokens)
  })
})

describe('D5 a device code where it does not belong', () => {
  it('is refused to another client, and stays good for its own', async () => {
    const { codes, poll } = await device()
    const thief = await OAuthClient.registered(DEVICE)
    const steal = () => thief.token({ grant_type: GRANT, device_code: codes.device_code })
    await expectRefusal(await steal(), 'invalid_grant')
    await allowedBy(await newcomer(), { codes })
    await expectRefusal(await steal(), 'invalid_grant')
    expect((await poll()).status).toBe(200)
  })

  it('is refused at another hostname, and its user code is not known there', async () => {
    const { app, codes, poll } = await device()
    const other = 'https://other.test'
    await expectPage(await enter(await Visitor.as('a', {}, other), codes.user_code), 404)
    const elsewhere = await OAuthClient.registered(DEVICE, other)
    const fields = { grant_type: GRANT, device_code: codes.device_code }
    await expectRefusal(await elsewhere.token(fields), 'invalid_grant')
    await expectRefusal(await elsewhere.token({ ...fields, client_id: app.id }), 'invalid_client', 401)
    await expectRefusal(await poll(), 'authorization_pending')
  })

  it('T6 is no authorization code and no refresh token, nor are those device codes', async () => {
    const app = await OAuthClient.registered({ grant_types: ['authorization_code', 'refresh_token', GRANT] })
    const asking = await deviceOf(app)
    await allowedBy(await newcomer(), asking)
    const grant_type = 'authorization_code'
    const [, secret] = asking.codes.device_code.split('.')
    const grants = await listDurableObjectIds(env.GRANTS)
    const codes = [asking.codes.device_code, ...grants.map((id) => `${id}.${secret}`)]
    for (const code of codes.slice(-20)) {
      for (const code_verifier of [undefined, 'device', 'v'.repeat(43)])
        await expectRefusal(await app.token({ grant_type, code, code_verifier }), 'invalid_grant')
    }
    await expectRefusal(await app.refresh(asking.codes.device_code), 'invalid_grant')
    const redemption = await app.authorize()
    const { refresh_token } = await app.connect()
    for (const device_code of [redemption.code, refresh_token])
      await expectRefusal(await app.token({ grant_type: GRANT, device_code }), 'invalid_grant')
    expect((await asking.poll()).status).toBe(200)
    expect((await app.token(redemption)).status).toBe(200)
  })

  it('is refused with another resource, and stays good', async () => {
    const { app, codes, poll } = await device()
    await expectRefusal(await app.askForDevice({ resource: 'https://other.test/mcp' }), 'invalid_target')
    await allowedBy(await newcomer(), { codes })
    await expectRefusal(await poll({ resource: 'https://other.test/mcp' }), 'invalid_target')
    expect((await poll()).status).toBe(200)
  })

  it('is refused to a client that did not register for it, which a client of it alone is at /authorize', async () => {
    const app = await OAuthClient.registered()
    await expectRefusal(await app.askForDevice(), 'unauthorized_client')
    const fields = { grant_type: GRANT, device_code: `${'0'.repeat(64)}.${'x'.repeat(43)}` }
    await expectRefusal(await app.token(fields), 'unauthorized_client')
    const terminal = await OAuthClient.registered({ ...DEVICE, redirect_uris: ['http://127.0.0.1/callback'] })
    const redirect_uri = 'http://127.0.0.1/callback'
    const { url } = await terminal.authorizationRequest({ redirect_uri })
    const { headers } = await (await newcomer()).get(url)
    expect(headers.get('Location')).toContain('error=unauthorized_client')
    expect((await register({ grant_types: ['refresh_token'] })).status).toBe(400)
    expect((await register({ redirect_uris: undefined })).status).toBe(400)
  })
})

describe('D6 a person who denies', () => {
  it('gives the device access_denied, and nothing else', async () => {
    const { app, codes, poll } = await device()
    const person = await newcomer()
    const consent = await consentOf(person, { codes })
    const page = await expectPage(await consent.submit({ decision: 'deny' }), 200)
    expect(page).toContain('The device gets no access')
    for (let times = 0; times < 2; times++) await expectRefusal(await poll(), 'access_denied')
    expect(await person.hasConnected(app.id)).toBe(false)
    await expectPage(await consent.submit(), 409)
    await expectRefusal(await poll(), 'access_denied')
  })
})

describe('D7 a code that has expired', () => {
  it('is over after ten minutes for the person and for the device, and its object is empty', async () => {
    const { codes, poll } = await device()
    const person = await newcomer()
    const consent = await consentOf(person, { codes })
    pass(590)
    await expectRefusal(await poll(), 'authorization_pending')
    pass(10)
    await expectRefusal(await poll(), 'expired_token')
    await expectPage(await enter(person, codes.user_code), 404)
    expect((await consent.submit()).status).toBeGreaterThanOrEqual(400)
    const stub = env.DEVICES.getByName(`${ORIGIN} ${codes.user_code.replace('-', '')}`)
    await runDurableObjectAlarm(stub)
    const kept = await runInDurableObject(stub, (_object, { storage }) => [...storage.kv.list()])
    expect(kept).toEqual([])
    await expectRefusal(await poll(), 'expired_token')
  })

  it('brings nothing when it was allowed in time and fetched too late', async () => {
    const { app, codes, poll } = await device()
    const person = await newcomer()
    pass(300)
    await allowedBy(person, { codes })
    pass(300)
    await expectRefusal(await poll(), 'expired_token')
    const [grant] = await grantsOf(person, app)
    await runDurableObjectAlarm(env.GRANTS.get(env.GRANTS.idFromString(grant as string)))
    expect(await person.hasConnected(app.id)).toBe(false)
  })
})

/** The grants that are kept for an app, by the object of the person. */
async function grantsOf(person: Visitor, app: OAuthClient): Promise<string[]> {
  return accountOf(env, userIdOf(person)).grantIdsFor(app.id)
}

function userIdOf(person: Visitor): string {
  const [body = ''] = (person.cookies.get('__Host-session') ?? '').split('.')
  return JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/'))).value.userId
}

describe('D8 a decision without a person who may decide', () => {
  it.each([{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.test' }])(
    'is none when another site sends the form: %j',
    async (headers) => {
      const { codes, poll } = await device()
      const person = await newcomer()
      await expectPage(await enter(person, codes.user_code, headers), 403)
      const consent = await consentOf(person, { codes })
      for (const decision of ['allow', 'deny'])
        await expectPage(await consent.submit({ decision }, headers), 403)
      await expectRefusal(await poll(), 'authorization_pending')
      expect((await consent.submit()).status).toBe(200)
    },
  )

  it('is none with a seal of another session, or with none', async () => {
    const { codes, poll } = await device()
    const [person, other] = [await newcomer(), await newcomer()]
    const consent = await consentOf(person, { codes })
    const theirs = await consentOf(other, { codes })
    for (const seal of [undefined, 'x', theirs.seal]) await expectPage(await consent.submit({ seal }), 403)
    await expectRefusal(await poll(), 'authorization_pending')
  })

  it('W7 is none with the seal of the other consent page, nor does this seal serve there', async () => {
    const { codes, poll } = await device()
    const person = await newcomer()
    const consent = await consentOf(person, { codes })
    const app = await OAuthClient.registered()
    const other = await person.openConsent((await app.authorizationRequest()).url)
    await expectPage(await consent.submit({ seal: other.seal }), 403)
    await expectPage(await other.submit({ seal: consent.seal }), 403)
    await expectRefusal(await poll(), 'authorization_pending')
  })

  it('A27 is none of a person who was disabled, or has signed out, with the page open', async () => {
    const { app, codes, poll } = await device()
    const [disabled, gone] = [await newcomer(), await newcomer()]
    const forms = [await consentOf(disabled, { codes }), await consentOf(gone, { codes })]
    await accountOf(env, userIdOf(disabled)).disable()
    await gone.post('/logout', {})
    for (const form of forms) await expectPage(await form.submit(), 403)
    expect((await enter(disabled, codes.user_code)).status).toBe(303)
    await expectRefusal(await poll(), 'authorization_pending')
    expect(await grantsOf(disabled, app)).toEqual([])
  })

  it('brings no tokens once the person has revoked the app, before the device came back', async () => {
    const { app, codes, poll } = await device()
    const person = await newcomer()
    await allowedBy(person, { codes })
    await person.post('/account/revoke', { client_id: app.id })
    await expectRefusal(await poll(), 'invalid_grant')
  })

  it('is none when a client says something else of itself than was shown', async () => {
    const registered = await register({ ...DEVICE, client_name: 'Harmless' })
    const { client_id, registration_access_token } = (await registered.json()) as Record<string, string>
    const app = await OAuthClient.known(client_id as string)
    const asking = await deviceOf(app)
    const consent = await consentOf(await newcomer(), asking)
    await send(`/register/${client_id}`, {
      method: 'PUT',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${registration_access_token}`,
      },
      body: JSON.stringify({
        client_id,
        client_name: 'Another',
        grant_types: DEVICE.grant_types,
        token_endpoint_auth_method: 'none',
      }),
    })
    const again = await expectPage(await consent.submit(), 200)
    expect(again).toContain('has changed what it says about itself')
    expect(again).toContain('Another')
    await expectRefusal(await asking.poll(), 'authorization_pending')
  })
})

describe('D9 a device that gets more than its person may give', () => {
  const ceiling = { SCOPE_CEILINGS: 'github:mona = notes:read\n* = notes:read notes:write' }
  const mona = { method: 'github', knownAs: ['github:mona'] }

  it('gets no scope that was not offered, and none that a ceiling forbids', async () => {
    const { codes, poll } = await device()
    configure(ceiling)
    const consent = await consentOf(await newcomer(mona), { codes })
    expect([...consent.scopes, ...consent.further]).toEqual(['notes:read'])
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    await consent.submit()
    const tokens = await tokensOf(poll())
    expect(tokens.scope).toBe('notes:read')
    expect((await callTool(tokens.access_token, 'add_note', { text: 'x' })).status).toBe(403)
  })

  it('gets none that a ceiling takes away while the page is open', async () => {
    const { codes, poll } = await device()
    const consent = await consentOf(await newcomer(mona), { codes })
    configure(ceiling)
    await expectPage(await consent.submit(), 403)
    await expectRefusal(await poll(), 'authorization_pending')
  })

  it('gets nothing from a person who may give nothing of it', async () => {
    const { codes } = await device({ scope: 'notes:write' })
    configure(ceiling)
    await expectPage(await enter(await newcomer(mona), codes.user_code), 403)
    const app = await OAuthClient.registered(DEVICE)
    await expectRefusal(await app.askForDevice({ scope: 'root:everything' }), 'invalid_scope')
  })
})

describe('D10 RFC 8628 §5.4 a link or code that an attacker sends', () => {
  it('decides nothing by itself: the person compares the code, and sees who asks, when and from where', async () => {
    const app = await OAuthClient.registered({ ...DEVICE, client_name: 'Terminal' })
    const cf = { city: 'Lagos', country: 'NG' }
    const asked = await send('/device_authorization', {
      method: 'POST',
      body: new URLSearchParams({ client_id: app.id }),
      // Only what comes through Cloudflare has a place.
      headers: { 'CF-Connecting-IP': randomAddress(), 'CF-Ray': '8f0000000000abcd-LOS' },
      cf,
    } as RequestInit)
    const codes = (await asked.json()) as Codes
    const person = await newcomer()
    const entry = await expectPage(await person.get(codes.verification_uri_complete), 200)
    expect(entry).toContain('Does your device or program show this code?')
    expect(entry).toContain(`value="${codes.user_code}"`)
    expect(entry).toContain('Did someone send you this link or code?')
    expect(entry).not.toContain('Terminal')
    expect(await person.hasConnected(app.id)).toBe(false)
    const { html } = await consentOf(person, { codes })
    for (const shown of ['Terminal', 'It is not verified', codes.user_code, 'Lagos, NG', 'UTC'])
      expect(html).toContain(shown)
    expect(html).toContain('gets the access, not this browser')
  })

  it('is shown without a place where none is known', async () => {
    const { codes } = await device()
    const { html } = await consentOf(await newcomer(), { codes })
    expect(html).toContain('It asked at')
    expect(html).not.toContain('It asked from')
  })

  it('comes as rarely as registrations: requests are counted per address', async () => {
    const app = await OAuthClient.registered(DEVICE)
    const address = { 'CF-Connecting-IP': randomAddress() }
    const statuses = new Set<number>()
    for (let times = 0; times < 41; times++) statuses.add((await app.askForDevice({}, address)).status)
    expect(statuses).toEqual(new Set([200, 429]))
    expect((await app.askForDevice()).status).toBe(200)
  })

  it('leaves the page no window of the site that opened it, and no frame', async () => {
    const { headers } = await (await newcomer()).get('/device')
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
    expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('Content-Security-Policy')).toContain("form-action 'self'")
  })
})

it('the person of a device is the one who allowed it', async () => {
  const { codes, poll } = await device()
  const person = await newcomer()
  await allowedBy(person, { codes })
  const who = await structured<{ userId: string }>(callTool((await tokensOf(poll())).access_token, 'whoami'))
  expect(who.userId).toBe(userIdOf(person))
})
