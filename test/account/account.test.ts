// What a person sees of what they have allowed, and how they take it back.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { whereFrom } from '#engine/http/requester.ts'
import { MAX_REVOKED_AT_ONCE } from '#engine/oauth/grants/user-store.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { GrantObject } from '#worker'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { expectLive, expectOver, pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const DAY = 24 * 60 * 60

/** A new user without any activity. */
function newcomer(): Promise<Visitor> {
  return Visitor.as(crypto.randomUUID())
}

/** The lines of the activity list, as a person reads them. */
async function activity(person: Visitor): Promise<string[]> {
  const html = await (await person.get('/account')).text()
  const [, list = ''] = html.split('Activity</h2>')
  return [...list.matchAll(/<li><span>(.*?)<\/span>/gs)].map(([, line = '']) => line.replace(/<[^>]*>/g, ''))
}

describe('the activity of an account', () => {
  it('shows each approval, each refresh with its count, and what ended the grant', async () => {
    const person = await newcomer()
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    let { refresh_token } = await app.connect(person)
    expect(await activity(person)).toEqual(['Allowed Notes for Mac'])
    for (let times = 0; times < 3; times++) ({ refresh_token } = await expectLive(app, refresh_token))
    expect(await activity(person)).toEqual([
      'Notes for Mac refreshed its tokens (3 times that day)',
      'Allowed Notes for Mac',
    ])
    await person.post('/account/revoke', { client_id: app.id })
    expect(await activity(person)).toEqual([
      'Revoked Notes for Mac',
      'Notes for Mac refreshed its tokens (3 times that day)',
      'Allowed Notes for Mac',
    ])
  })

  it('shows an app that revoked its own access, and a stolen token', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const person = await newcomer()
    const polite = await OAuthClient.registered({ client_name: 'Polite' })
    await polite.revoke((await polite.connect(person)).refresh_token)
    const robbed = await OAuthClient.registered({ client_name: 'Robbed' })
    const first = await robbed.connect(person)
    const second = await expectLive(robbed, first.refresh_token)
    await expectLive(robbed, second.refresh_token)
    pass(200)
    await robbed.refresh(first.refresh_token)
    const lines = await activity(person)
    expect(lines).toContain('Polite revoked its own access')
    expect(lines[0]).toMatch(/^Revoked Robbed: an old token/)
  })

  it('tells of a sign-in, with the town it came from', async () => {
    const person = await newcomer()
    const owner = new Visitor()
    await owner.signIn()
    expect((await activity(owner))[0]).toBe('Signed in with passphrase')
    expect(await activity(person)).toEqual([])
  })

  it('has one line for an app on a day, however many grants of it there are', async () => {
    const person = await newcomer()
    const app = await OAuthClient.registered({ client_name: 'Twice' })
    for (let grants = 0; grants < 2; grants++) {
      await expectLive(app, (await app.connect(person)).refresh_token)
    }
    expect(await activity(person)).toEqual([
      'Twice refreshed its tokens (2 times that day)',
      'Allowed Twice (2 times that day)',
    ])
    await person.post('/account/revoke', { client_id: app.id })
    expect((await activity(person))[0]).toBe('Revoked Twice (2 times that day)')
  })

  it.each([
    ['as Cloudflare tells it', { 'CF-Ray': '8f0000000000abcd-FRA' }, 'Frankfurt, DE'],
    ['unknown on a local server, which invents one', {}, ''],
  ])('has a place %s', async (_, headers, place) => {
    const app = new Hono().get('/', (c) => c.text(whereFrom(c)))
    const cf = { city: 'Frankfurt', country: 'DE' }
    expect(await (await app.request(new Request('https://a.test/', { headers, cf }))).text()).toBe(place)
  })

  it('keeps one line for a day and a place, and forgets after 90 days', async () => {
    const name = crypto.randomUUID()
    const person = await Visitor.as(name)
    const app = await OAuthClient.registered({ client_name: 'Steady' })
    let { refresh_token } = await app.connect(person)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    for (let day = 0; day < 3; day++) {
      for (let times = 0; times < 2; times++) ({ refresh_token } = await expectLive(app, refresh_token))
      pass(DAY)
    }
    // The session of twelve hours is over; the account is the same.
    const again = await Visitor.as(name)
    expect(await activity(again)).toEqual([
      ...Array(3).fill('Steady refreshed its tokens (2 times that day)'),
      'Allowed Steady',
    ])
    pass(91 * DAY)
    expect(await activity(await Visitor.as(name))).toEqual([])
  })
})

describe('an instant on a page', () => {
  it.each([
    [Date.UTC(2027, 2, 1, 8, 5), '2027-03-01T08:05:00.000Z', '1 Mar, 08:05 UTC'],
    [Date.UTC(2027, 11, 31, 23, 59, 59), '2027-12-31T23:59:59.000Z', '31 Dec, 23:59 UTC'],
  ])('is written to the minute in UTC', async (now, machine, shown) => {
    vi.useFakeTimers({ toFake: ['Date'], now })
    const person = await newcomer()
    await (await OAuthClient.registered()).authorize(person)
    expect(await (await person.get('/account')).text()).toContain(
      `<time datetime="${machine}">${shown}</time>`,
    )
  })

  // On the free plan a page has 10 ms; a formatter takes half of one.
  it('costs no formatter', async () => {
    const person = await Visitor.signedIn()
    await (await OAuthClient.registered()).connect(person)
    const made = [
      vi.spyOn(Intl, 'DateTimeFormat'),
      vi.spyOn(Date.prototype, 'toLocaleString'),
      vi.spyOn(Date.prototype, 'toLocaleDateString'),
      vi.spyOn(Date.prototype, 'toLocaleTimeString'),
    ]
    for (const path of ['/account', '/admin']) {
      expect(await (await person.get(path)).text()).toContain('<time datetime=')
    }
    expect(made.flatMap(({ mock }) => mock.calls)).toEqual([])
  })
})

describe('revoking', () => {
  it('all ends every app of this user, and no other user’s', async () => {
    const [person, other] = [await newcomer(), await newcomer()]
    const apps = [await OAuthClient.registered(), await OAuthClient.registered()]
    const [mine, theirs] = await Promise.all(
      [person, other].map((one) => Promise.all(apps.map((app) => app.connect(one)))),
    )
    const answer = await person.post('/account/revoke-all', {})
    expect(answer.headers.get('Location')).toBe('/account?done=revoked-all')
    expect(await (await person.get('/account')).text()).toContain('No app is connected')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    for (const [index, app] of apps.entries()) {
      await expectOver(app, mine?.[index] as Tokens)
      await expectLive(app, theirs?.[index]?.refresh_token as string)
    }
  })

  it.each([
    '/account/revoke',
    '/account/revoke-all',
    '/account/sign-out-everywhere',
    '/account/erase',
    '/logout',
  ])('does nothing at %s for a form of another site', async (path) => {
    const person = await newcomer()
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect(person)
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': undefined, Origin: 'null' },
    ]) {
      expect((await person.post(path, { client_id: app.id, sure: 'yes' }, headers)).status).toBe(403)
    }
    expect((await person.get('/account')).status).toBe(200)
    await expectLive(app, refresh_token)
  })
})

describe('a person with many approvals, as from before there was a cap', () => {
  /** @param real how many of them, the newest, are grants and not only lines of the index */
  async function withMany(all: number, apps: number, real: number) {
    const name = crypto.randomUUID()
    const identity = { method: 'passkey', issuer: '', subject: name, name, knownAs: [], invited: true }
    const userId = await userIdOf(loadSettings(env), identity)
    const account = accountOf(env, userId)
    const code = { hash: '', redirectUri: '', codeChallenge: '', expiresAt: Date.now() + 60_000 }
    const ids = Array.from({ length: all }, () => env.GRANTS.newUniqueId())
    await Promise.all(
      ids.slice(all - real).map((id, n) => {
        const client = `app ${(all - real + n) % apps}`
        const app = { clientId: client, clientName: client, scopes: [], resource: '' }
        const lasts = { createdAt: Date.now(), expiresAt: Date.now() + DAY * 1000 }
        const whose = { id: id.toString(), issuer: ORIGIN, userId, identity }
        return env.GRANTS.get(id).open({ ...whose, ...app, ...lasts }, code)
      }),
    )
    await runInDurableObject(account, (object, { storage }) => {
      // Makes the tables.
      object.grantIds()
      for (const [n, id] of ids.entries()) {
        storage.sql.exec('INSERT INTO grants VALUES (?, ?, ?)', id.toString(), `app ${n % apps}`, n)
      }
    })
    return { person: await Visitor.as(name), account }
  }

  it('sees 20 apps on a page, each of which makes at most 50 requests', async () => {
    const { person } = await withMany(1000, 50, 50)
    const counter = await OperationCounter.install()
    const seen: string[][] = []
    for (let path: string | undefined = '/account'; path; ) {
      const at: string = path
      const { result, cost } = await counter.count(async () => (await person.get(at)).text())
      expect(cost.objectRequests).toBeLessThanOrEqual(50)
      expect(cost).toMatchObject({ kvReads: 0, kvWrites: 0, kvLists: 0 })
      expect(result).toContain('50 apps, with 1,000 approvals in all.')
      seen.push([...result.matchAll(/name="client_id" value="([^"]+)"/g)].map(([, id]) => id as string))
      expect(result.includes('Newest apps')).toBe(at !== '/account')
      path = /href="(\/account\?apps=\d+)"/.exec(result)?.[1]
    }
    expect(seen.map(({ length }) => length)).toEqual([20, 20, 10])
    expect(new Set(seen.flat()).size).toBe(50)
  })

  it('revokes all by the hundred, sees how many are left, and goes on where a request stopped', async () => {
    const { person, account } = await withMany(2 * MAX_REVOKED_AT_ONCE + 50, 30, MAX_REVOKED_AT_ONCE + 1)
    const { revoke } = GrantObject.prototype
    let times = 0
    const revoked = vi.spyOn(GrantObject.prototype, 'revoke')
    revoked.mockImplementation(function (this: GrantObject, reason) {
      if (++times === 30) throw new Error('storage is down')
      return revoke.call(this, reason)
    })
    expect((await person.post('/account/revoke-all', {})).status).toBe(503)
    const before = 2 * MAX_REVOKED_AT_ONCE + 50
    await vi.waitFor(async () => expect(await account.grantIds()).toHaveLength(before - 99))
    expect(revoked).toHaveBeenCalledTimes(MAX_REVOKED_AT_ONCE)
    const counter = await OperationCounter.install()
    const { result, cost } = await counter.count(() => person.post('/account/revoke-all', {}))
    expect(revoked).toHaveBeenCalledTimes(2 * MAX_REVOKED_AT_ONCE)
    // Also what the objects ask, and the rows on the owner's page: one invocation may ask 1,000 times.
    expect(cost.objectRequests).toBeLessThanOrEqual(3 * MAX_REVOKED_AT_ONCE + 5)
    expect(result.headers.get('Location')).toBe('/account?done=partly')
    const page = await (await person.get('/account?done=partly')).text()
    expect(page).toContain('Press again: it goes on with them.')
    expect(page).toContain('30 apps, with 149 approvals in all.')
  })
})

describe('signing out', () => {
  it('here leaves the other browsers signed in, and the apps connected', async () => {
    const [here, there] = [new Visitor(), new Visitor()]
    await here.signIn()
    await there.signIn()
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(here)
    await here.post('/logout', {})
    expect((await here.get('/account')).headers.get('Location')).toBe('/login?return_to=%2Faccount')
    expect((await there.get('/account')).status).toBe(200)
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it('everywhere ends every session, also those whose cookie was copied, and leaves the apps', async () => {
    const [here, there] = [new Visitor(), new Visitor()]
    await here.signIn()
    await there.signIn()
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(here)
    const copied = [...there.cookies]
    await here.post('/account/sign-out-everywhere', {})
    const thief = new Visitor()
    for (const [name, value] of copied) thief.cookies.set(name, value)
    for (const person of [here, there, thief]) expect((await person.get('/account')).status).toBe(303)
    await there.signIn()
    expect((await activity(there)).slice(0, 2)).toEqual([
      'Signed in with passphrase',
      'Signed out everywhere',
    ])
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it('by a new passphrase ends every session of every user, and leaves the apps', async () => {
    const [owner, other] = [await Visitor.signedIn(), await newcomer()]
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(owner)
    try {
      configure({ OWNER_PASSPHRASE: crypto.randomUUID() })
      for (const person of [owner, other]) expect((await person.get('/account')).status).toBe(303)
      expect((await callTool(access_token, 'whoami')).status).toBe(200)
    } finally {
      configure()
    }
    for (const person of [owner, other]) expect((await person.get('/account')).status).toBe(200)
  })

  it('to sign in as another user comes back to the app that asked', async () => {
    const app = await OAuthClient.registered()
    const { url } = await app.authorizationRequest()
    const path = url.pathname + url.search
    const person = await newcomer()
    expect(await (await person.get(url)).text()).toContain('Sign in as another user')
    const left = await person.post('/logout', { return_to: path })
    expect(new URL(left.headers.get('Location') as string, url).searchParams.get('return_to')).toBe(path)
    for (const elsewhere of ['https://evil.test', '//evil.test']) {
      const away = await (await newcomer()).post('/logout', { return_to: elsewhere })
      expect(away.headers.get('Location')).toBe('/login?return_to=%2Faccount')
    }
  })
})

describe('the account of a guest', () => {
  it('is empty when their time is over, and can still be asked', async () => {
    const account = accountOf(env, `user_${crypto.randomUUID()}`)
    const session = { id: 'a session', endsAt: Date.now() }
    await account.signIn({ identity: OWNER, method: 'guest', place: '', expiresAt: Date.now(), session })
    expect(await account.activity(9)).toHaveLength(1)
    expect(await runDurableObjectAlarm(account)).toBe(true)
    expect(await account.activity(9)).toEqual([])
    await account.forgetGrant('one that ends later', [])
  })
})
