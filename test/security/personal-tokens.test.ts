// K1 to K6: personal access tokens, which a person makes on the account page for a script.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SCOPES } from '#config'
import { sha256 } from '#engine/crypto/digest.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { PERSONAL_TOKEN_PREFIX as PREFIX } from '#engine/people/personal-tokens.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { expectInvalidToken, listenToLog, pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, ORIGIN, randomAddress, send } from '../support/worker.ts'

const ALL = Object.keys(SCOPES)
const FORM = /gatehouse_pat_[\w-]{92}/

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  configure()
})

function make(person: Visitor, changes: Record<string, string | readonly string[] | undefined> = {}) {
  return person.post('/account/tokens/make', { name: 'Nightly job', days: '30', scope: ALL, ...changes })
}

async function madeBy(
  person: Visitor,
  changes: Record<string, string | readonly string[] | undefined> = {},
): Promise<string> {
  const html = await (await make(person, changes)).text()
  return FORM.exec(html)?.[0] ?? `none: ${html}`
}

function newcomer(changes = {}): Promise<Visitor> {
  return Visitor.as(crypto.randomUUID(), changes)
}

async function statusOf(token: string, tool = 'whoami', args = {}): Promise<number> {
  return (await callTool(token, tool, args)).status
}

async function revokeAll(person: Visitor): Promise<void> {
  const html = await (await person.get('/account')).text()
  const ids = [...html.matchAll(/tokens\/revoke">\s*<input type="hidden" name="id" value="([^"]+)"/g)]
  expect(ids.length).toBeGreaterThan(0)
  for (const [, id] of ids) await person.post('/account/tokens/revoke', { id })
}

describe('a personal access token', () => {
  it('acts for its person, with the scopes that they ticked, until its day', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const person = await newcomer()
    const token = await madeBy(person, { scope: ['notes:read'], days: '7' })
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(person)
    const who = await structured<{ userId: string }>(callTool(access_token, 'whoami'))
    expect(await structured(callTool(token, 'whoami'))).toMatchObject({ userId: who.userId })
    expect(await statusOf(token, 'list_notes')).toBe(200)
    expect(await statusOf(token, 'add_note', { text: 'x' })).toBe(403)
    pass(7 * 24 * 60 * 60 - 60)
    expect(await statusOf(token)).toBe(200)
    pass(60)
    expectInvalidToken(await callTool(token, 'whoami'))
  })

  it('is listed with its use, and its making and its end are activity', async () => {
    const person = await newcomer()
    const token = await madeBy(person)
    expect(await (await person.get('/account')).text()).toMatch(/Nightly job[\s\S]*not used yet/)
    expect(await statusOf(token)).toBe(200)
    const html = await (await person.get('/account')).text()
    expect(html).toMatch(/Nightly job[\s\S]*last used/)
    expect(html).not.toContain(token)
    await revokeAll(person)
    expect(await (await person.get('/account')).text()).toMatch(
      /Revoked the token <bdi>Nightly job[\s\S]*Made the token <bdi>Nightly job/,
    )
  })

  it('takes one question to an object a minute and isolate, and no KV', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const token = await madeBy(await newcomer())
    const counter = await OperationCounter.install()
    const first = await counter.count(() => statusOf(token))
    expect(first.cost).toMatchObject({ objectRequests: 1, kvReads: 0, kvWrites: 0, rowsWritten: 1 })
    const second = await counter.count(() => statusOf(token))
    expect(second.cost).toMatchObject({ objectRequests: 0, kvReads: 0, kvWrites: 0, rowsWritten: 0 })
    pass(61)
    const third = await counter.count(() => statusOf(token))
    expect(third.cost).toMatchObject({ objectRequests: 1, kvReads: 0, kvWrites: 0, rowsWritten: 0 })
  })
})

describe('K1 a personal access token that was revoked, or whose person is gone', () => {
  it('is over within two minutes of its revocation', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const person = await newcomer()
    const token = await madeBy(person)
    expect(await statusOf(token)).toBe(200)
    await revokeAll(person)
    pass(120)
    expectInvalidToken(await callTool(token, 'whoami'))
  })

  it('is over at the next call, with the immediate setting', async () => {
    configure({ IMMEDIATE_REVOCATION: 'true' })
    const person = await newcomer()
    const token = await madeBy(person)
    expect(await statusOf(token)).toBe(200)
    await revokeAll(person)
    expectInvalidToken(await callTool(token, 'whoami'))
  })

  it('is over once the data of its person is deleted', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const person = await newcomer()
    const token = await madeBy(person)
    expect(await statusOf(token)).toBe(200)
    await person.post('/account/erase', { sure: 'yes' })
    pass(120)
    expectInvalidToken(await callTool(token, 'whoami'))
  })

  it('A27 is refused while the owner has disabled its person', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const token = await madeBy(await newcomer())
    const { userId } = await structured<{ userId: string }>(callTool(token, 'whoami'))
    await accountOf(env, userId).disable()
    pass(120)
    expectInvalidToken(await callTool(token, 'whoami'))
    await accountOf(env, userId).enable()
    pass(120)
    expect(await statusOf(token)).toBe(200)
  })

  it('is over once the rules admit its person no more, or tokens are off', async () => {
    const known = { invited: false, method: 'github', knownAs: ['github:mona'] }
    configure({ ALLOWED_USERS: 'github:mona' })
    const person = await newcomer(known)
    const token = await madeBy(person)
    expect(await statusOf(token)).toBe(200)
    configure({ ALLOWED_USERS: 'github:other' })
    expectInvalidToken(await callTool(token, 'whoami'))
    configure({ ALLOWED_USERS: 'github:mona', PERSONAL_TOKENS: 'false' })
    expectInvalidToken(await callTool(token, 'whoami'))
    expect((await make(person)).status).toBe(404)
    expect(await (await person.get('/account')).text()).not.toContain('Tokens for scripts')
  })

  it('of a guest ends with the guest', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const guest = await newcomer({ expiresAt: Date.now() + 3_600_000 })
    const token = await madeBy(guest, { days: '365' })
    expect(await statusOf(token)).toBe(200)
    pass(3_600)
    expectInvalidToken(await callTool(token, 'whoami'))
  })
})

describe('K2 a personal access token where it does not belong', () => {
  it('is no session, no token of OAuth, and nothing in a query', async () => {
    const token = await madeBy(await newcomer())
    const headers = { Authorization: `Bearer ${token}`, 'CF-Connecting-IP': randomAddress() }
    expect((await send('/account', { headers })).status).toBe(303)
    expect((await send('/admin', { headers })).status).toBe(303)
    expect((await send(`/mcp?access_token=${token}`, { method: 'POST' })).status).toBe(401)
    const app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
    expect((await app.refresh(token)).status).toBe(400)
    const introspected = await send('/introspect', {
      method: 'POST',
      body: form({ token, client_id: app.id, client_secret: app.secret }),
    })
    expect(await introspected.json()).toEqual({ active: false })
    await app.revoke(token)
    expect(await statusOf(token)).toBe(200)
  })

  it('works at the hostname where it was made, and at no other', async () => {
    const token = await madeBy(await newcomer())
    expect((await callTool(token, 'whoami', {}, 'https://other.test')).status).toBe(401)
    expect(await statusOf(token)).toBe(200)
  })
})

describe('K3 a personal access token that somebody made up', () => {
  it('is refused without a question to storage, where its form or checksum is wrong', async () => {
    const token = await madeBy(await newcomer())
    const last = token.at(-1) === 'A' ? 'B' : 'A'
    const broken = [`${token.slice(0, -1)}${last}`, `${token}A`, token.slice(0, -1), 'gatehouse_pat_']
    const counter = await OperationCounter.install()
    for (const text of broken) {
      const { result, cost } = await counter.count(() => statusOf(text))
      expect(result).toBe(401)
      expect(cost).toMatchObject({ objectRequests: 0, kvReads: 0 })
    }
  })

  it('is refused where a good secret is put behind another person', async () => {
    const [mine, theirs] = [await madeBy(await newcomer()), await madeBy(await newcomer())]
    expect(await statusOf(mine)).toBe(200)
    const body = theirs.slice(0, PREFIX.length + 43) + mine.slice(PREFIX.length + 43, -6)
    expect(await statusOf(body + (await sha256(body)).slice(0, 6))).toBe(401)
  })

  it('is counted per address before an object is asked, and leaves no storage behind', async () => {
    const forged = async () => {
      const body = `gatehouse_pat_${await sha256(crypto.randomUUID())}${await sha256(crypto.randomUUID())}`
      return body + (await sha256(body)).slice(0, 6)
    }
    const address = randomAddress()
    const statuses: number[] = []
    let last = ''
    for (let times = 0; times < 241; times++) {
      const token = await forged()
      const response = await send('/mcp', {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'CF-Connecting-IP': address },
      })
      statuses.push(response.status)
      if (response.status === 401) last = token
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    const asked = env.ACCOUNTS.getByName(userIdOfToken(last))
    const tables = await runInDurableObject(asked, (_object, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    )
    expect(tables).toEqual([])
    expect(await statusOf(await madeBy(await newcomer()))).toBe(200)
  })
})

describe('K4 a personal access token that may do more than its person', () => {
  it('gets no scope that was not offered', async () => {
    configure({ SCOPE_CEILINGS: 'github:mona = notes:read\n* = notes:read notes:write' })
    const person = await newcomer({ method: 'github', knownAs: ['github:mona'] })
    const token = await madeBy(person, { scope: [...ALL, 'admin'] })
    expect(await statusOf(token, 'list_notes')).toBe(200)
    expect(await statusOf(token, 'add_note', { text: 'x' })).toBe(403)
    // Nor later, when the ceiling is gone.
    configure({ ALLOWED_USERS: '*' })
    expect(await statusOf(token, 'add_note', { text: 'x' })).toBe(403)
  })

  it('loses what a ceiling takes away later', async () => {
    const person = await newcomer({ method: 'github', knownAs: ['github:mona'] })
    const token = await madeBy(person)
    expect(await statusOf(token, 'add_note', { text: 'x' })).toBe(200)
    configure({ SCOPE_CEILINGS: 'github:mona = notes:read\n* = notes:read notes:write' })
    expect(await statusOf(token, 'add_note', { text: 'x' })).toBe(403)
  })
})

describe('K5 a personal access token that another site, session or person has made', () => {
  it('is made and revoked by our own page alone', async () => {
    const person = await newcomer()
    for (const path of ['/account/tokens/make', '/account/tokens/revoke']) {
      const fields = { name: 'x', days: '30', id: 'x' }
      const crossSite = await person.post(path, fields, { 'Sec-Fetch-Site': 'cross-site' })
      expect(crossSite.status).toBe(403)
      expect((await new Visitor().post(path, fields)).status).toBe(403)
    }
  })

  it('is not made by a session that ended while it was asked for', async () => {
    const owner = await Visitor.signedIn()
    const stub = accountOf(env, userIdOfToken(await madeBy(owner)))
    const kept = { id: 'x', name: 'x', scopes: [], issuer: ORIGIN, identity, expiresAt: Date.now() + 1000 }
    const session = { id: 'any', epoch: (await stub.epoch()) - 1 }
    expect(await stub.addPersonalToken('a hash', kept, '', session)).toBe('signed_out')
  })

  it('is revoked by its own person alone', async () => {
    const [mine, theirs] = [await newcomer(), await newcomer()]
    const token = await madeBy(mine)
    const id = (await sha256(token.slice(0, -6))).slice(0, 16)
    await theirs.post('/account/tokens/revoke', { id })
    configure({ IMMEDIATE_REVOCATION: 'true' })
    expect(await statusOf(token)).toBe(200)
    await mine.post('/account/tokens/revoke', { id })
    expect(await statusOf(token)).toBe(401)
  })

  it('there are twenty of at most', async () => {
    const person = await newcomer()
    const made = await Promise.all(Array.from({ length: 25 }, () => make(person)))
    expect(made.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(made.filter(({ status }) => status === 409)).toHaveLength(5)
  })

  it.each([{ name: undefined }, { name: ' \u200b' }, { days: undefined }, { days: '3650' }, { days: '-1' }])(
    'is not made of %j',
    async (changes) => {
      expect((await make(await newcomer(), changes)).status).toBe(400)
    },
  )
})

describe('K6 the text of a personal access token', () => {
  it('is in no log and in no storage', async () => {
    const lines = listenToLog()
    const person = await newcomer()
    const token = await madeBy(person)
    await statusOf(token)
    await revokeAll(person)
    expect(lines().map(({ event }) => event)).toEqual(
      expect.arrayContaining(['personal_token.made', 'personal_token.revoked']),
    )
    expect(JSON.stringify(lines())).not.toContain(token.slice(PREFIX.length + 43, -6))
  })
})

const identity = { method: 'passphrase', issuer: '', subject: 'owner', name: 'Owner', knownAs: [] }

function userIdOfToken(token: string): string {
  return `user_${token.slice(PREFIX.length, PREFIX.length + 43)}`
}
