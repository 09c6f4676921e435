// A26: deleting a user's data: only that user or the owner can, all of it goes, and no earlier credential works after.
import '../support/with-passkey.ts'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openGrant } from '#engine/oauth/grants/opening-store.ts'
import { MAX_REVOKED_AT_ONCE } from '#engine/oauth/grants/user-store.ts'
import { AccountObject } from '#engine/people/account-object.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { OWNER, userIdOf } from '#engine/people/identity.ts'
import type { UpstreamGrant } from '#engine/people/upstream.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { AuditObject, DirectoryObject, GrantObject, Notebook } from '#worker'
import { Authenticator } from '../support/authenticator.ts'
import { callTool, OAuthClient, REDIRECT_URI, structured, type Tokens } from '../support/oauth-client.ts'
import { expectLive, expectOver, expectRefusal, grantIdOf, listenToLog, pass } from '../support/outcome.ts'
import { accountPage, expectSignedIn, invite, join, signInWith } from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

const HOUR = 60 * 60
const SURE = { sure: 'yes' }
const UPSTREAM: UpstreamGrant = {
  accessToken: 'upstream access',
  refreshToken: undefined,
  expiresAt: undefined,
  tokenEndpoint: 'https://id.acme.test/token',
  authentication: 'client_secret_basic',
  clientIdSetting: 'ACME_CLIENT_ID',
  clientSecretSetting: 'ACME_CLIENT_SECRET',
  origins: [],
}

/** A user with data in every store. */
interface Member {
  readonly person: Visitor
  readonly user: string
  readonly authenticator: Authenticator
  tokens: Tokens
}

let owner: Visitor
let app: OAuthClient
let ada: Member
let bob: Member

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  owner = await Visitor.signedIn()
  app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
  ada = await newMember('Ada')
  bob = await newMember('Bob')
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function newMember(name: string): Promise<Member> {
  const person = new Visitor()
  const authenticator = await Authenticator.create(ORIGIN)
  expectSignedIn(await join(person, await invite(owner, name), authenticator, {}, { name }))
  const tokens = await app.connect(person)
  const { userId } = await structured<{ userId: string }>(callTool(tokens.access_token, 'whoami'))
  await callTool(tokens.access_token, 'add_note', { text: `A note of ${name}` })
  const account = accountOf(env, userId)
  await account.keepUpstream('acme', UPSTREAM, OWNER, await account.epoch())
  // What is kept for the owner's page comes after the answer.
  await vi.waitFor(async () => expect(await eventsOf(userId)).toContain('consent.allowed'))
  await vi.waitFor(async () => expect(await listed(userId)).toMatchObject({ name }))
  return { person, user: userId, authenticator, tokens }
}

async function eventsOf(user: string): Promise<string[]> {
  const { known, strangers } = await env.AUDIT.getByName('audit').recent(1000)
  return [...known, ...strangers].filter(({ fields }) => fields.includes(user)).map(({ event }) => event)
}

/** How the owner's directory has them. */
async function listed(user: string) {
  return env.DIRECTORY.getByName('people').find(user)
}

async function notesOf({ access_token }: Tokens): Promise<number> {
  return (await structured<{ notes: unknown[] }>(callTool(access_token, 'list_notes'))).notes.length
}

/** What an object has in its storage: keys, and tables that are not the runtime's. */
function stored(object: DurableObjectStub): Promise<string[]> {
  return runInDurableObject(object, (_, { storage }) => [
    ...[...storage.kv.list()].map(([key]) => key),
    ...storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('_cf_')),
  ])
}

/** In how many minutes an object wakes. */
function wakesIn(object: DurableObjectStub): Promise<number> {
  return runInDurableObject(
    object,
    async (_, { storage }) => (((await storage.getAlarm()) as number) - Date.now()) / 60_000,
  )
}

function copyOf(person: Visitor): Visitor {
  const copy = new Visitor()
  for (const [name, value] of person.cookies) copy.cookies.set(name, value)
  return copy
}

async function expectErased({ user, authenticator, tokens }: Member, session: Visitor): Promise<void> {
  expect(await session.isSignedIn()).toBe(false)
  expect((await signInWith(new Visitor(), authenticator)).status).toBe(403)
  expect((await stored(accountOf(env, user))).toSorted()).toEqual(['epoch', 'erasure'])
  expect(await stored(env.NOTEBOOKS.getByName(user))).toEqual([])
  const grant = env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(tokens.refresh_token)))
  expect(await stored(grant)).toEqual([])
  expect(await env.RECORDS.get(`grant:${grantIdOf(tokens.refresh_token)}`)).toBeNull()
  await vi.waitFor(async () => expect(await eventsOf(user)).toEqual(['account.erased']))
  expect(await listed(user)).toBeUndefined()
  await expectOver(app, tokens)
}

/** Everything is as it was. */
async function expectUntouched(one: Member): Promise<void> {
  expect(await one.person.isSignedIn()).toBe(true)
  one.tokens = await expectLive(app, one.tokens.refresh_token)
  expect(await notesOf(one.tokens)).toBe(1)
  expect(await accountOf(env, one.user).passkeys()).toHaveLength(1)
  expect(await listed(one.user)).toBeDefined()
  expect(await eventsOf(one.user)).not.toContain('account.erased')
  expect(await eventsOf(one.user)).toContain('consent.allowed')
}

describe('A26 a person deletes their data', () => {
  it('with everything that any store keeps of them, and nothing of other users', async () => {
    const before = copyOf(ada.person)
    const lines = listenToLog()
    const kept = vi.spyOn(AuditObject.prototype, 'keep')
    expect(await expectPage(await ada.person.post('/account/erase', SURE), 200)).toContain(
      'Your data is deleted',
    )
    expect(ada.person.cookies.has('__Host-session')).toBe(false)
    expect(lines().filter(({ event }) => event !== 'grant.revoked')).toEqual([
      { event: 'account.erased', user: ada.user, by: 'user' },
    ])
    await expectErased(ada, before)
    expect(lines().map(({ event }) => event)).toContain('grant.revoked')
    expect(kept.mock.calls.map(([{ event }]) => event)).not.toContain('grant.revoked')
    const { known } = await env.AUDIT.getByName('audit').recent(1000)
    expect(known.map(({ person }) => person)).not.toContain('Ada')
    await expectUntouched(bob)
  })

  it('and no other user’s, even if the form names one', async () => {
    await bob.person.post('/account/erase', { ...SURE, user: ada.user })
    await expectUntouched(ada)
    expect(await bob.person.isSignedIn()).toBe(false)
  })

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of this domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['a page without an origin', { 'Sec-Fetch-Site': undefined, Origin: 'null' }],
  ])('not by a form of %s', async (_, headers) => {
    await expectPage(await ada.person.post('/account/erase', SURE, headers), 403)
    await expectPage(await owner.post('/admin/erase', { ...SURE, user: ada.user }, headers), 403)
    await expectUntouched(ada)
  })

  it('not by a look, and not without the tick', async () => {
    expect(await expectPage(await ada.person.get('/account/erase?sure=yes'), 200)).toContain('for good')
    expect(await expectPage(await ada.person.post('/account/erase', {}), 400)).toContain(
      'Nothing is deleted yet',
    )
    const path = `/admin/erase?user=${ada.user}`
    expect(await expectPage(await owner.get(`${path}&sure=yes`), 200)).toContain('<bdi>Ada</bdi>')
    const answer = await owner.post('/admin/erase', { user: ada.user })
    expect(await expectPage(answer, 400)).toContain('Nothing is deleted yet')
    await expectUntouched(ada)
  })

  it('signed in only', async () => {
    const login = '/login?return_to=%2Faccount%2Ferase'
    for (const answer of [
      await new Visitor().get('/account/erase'),
      await new Visitor().post('/account/erase', SURE),
    ]) {
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, login])
    }
  })

  it('and comes back, where something else lets them in, to an account with nothing in it', async () => {
    const link = await invite(owner, 'Eve')
    const user = await userIdOf(loadSettings(env), OWNER)
    const before = copyOf(owner)
    await owner.post('/account/erase', SURE)
    expect((await new Visitor().get(link)).status).toBe(410)
    expect(await before.isSignedIn()).toBe(false)
    await owner.signIn()
    const html = await accountPage(owner)
    expect(html.split('Activity</h2>')[1]?.match(/<li>/g)).toHaveLength(1)
    expect(html).not.toContain('Open until')
    // Whatever wakes the object later leaves the new account alone.
    const account = accountOf(env, user)
    for (const hours of [2, 12]) {
      pass(hours * HOUR)
      await runDurableObjectAlarm(account)
      await owner.signIn()
      expect(await before.isSignedIn()).toBe(false)
    }
    expect(await account.activity(9)).toHaveLength(3)
  })
})

describe('A26 after the deletion', () => {
  it('an old session stays refused for as long as it could live, then the object is gone', async () => {
    const before = copyOf(ada.person)
    await ada.person.post('/account/erase', SURE)
    const account = accountOf(env, ada.user)
    for (let hours = 0; hours < 12; hours += 2) {
      expect(await before.isSignedIn()).toBe(false)
      pass(2 * HOUR - 1)
      await runDurableObjectAlarm(account)
    }
    pass(14 * HOUR)
    expect(await runDurableObjectAlarm(account)).toBe(true)
    expect(await stored(account)).toEqual([])
    expect(await runDurableObjectAlarm(account)).toBe(false)
    expect(await before.isSignedIn()).toBe(false)
  })

  it('what an app still writes in its last minutes goes, too', async () => {
    await ada.person.post('/account/erase', SURE)
    expect((await callTool(ada.tokens.access_token, 'add_note', { text: 'Too late' })).status).toBe(200)
    expect(await stored(env.NOTEBOOKS.getByName(ada.user))).toContain('notes')
    const account = accountOf(env, ada.user)
    vi.spyOn(Notebook.prototype, 'erase').mockImplementationOnce(broken as never)
    for (const minutes of [65, 5]) {
      expect(await wakesIn(account)).toBe(minutes)
      pass(minutes * 60)
      expect(await runDurableObjectAlarm(account)).toBe(true)
    }
    expect(await stored(env.NOTEBOOKS.getByName(ada.user))).toEqual([])
    expect(await wakesIn(account)).toBe(25 * 60 - 70)
  })

  it('what was written down too late for it goes, too', async () => {
    await ada.person.post('/account/erase', SURE)
    await vi.waitFor(async () => expect(await eventsOf(ada.user)).toEqual(['account.erased']))
    const fields = JSON.stringify({ user: ada.user, client: app.id })
    const late = { event: 'consent.allowed', fields, person: 'Ada', app: null, strangers: false } as const
    await env.AUDIT.getByName('audit').keep(late)
    pass(65 * 60)
    expect(await runDurableObjectAlarm(accountOf(env, ada.user))).toBe(true)
    expect(await eventsOf(ada.user)).toEqual(['account.erased'])
    await expectUntouched(bob)
  })

  it('a request that began before leaves nothing behind', async () => {
    const account = accountOf(env, ada.user)
    expect(await account.erase(ada.user, [])).toBe(false)
    await expectUntouched(ada)
    await ada.person.post('/account/erase', SURE)
    await runInDurableObject(account, (object: AccountObject) => {
      const session = { id: 'a session', epoch: object.epoch() }
      for (const late of [
        () => object.addGrant('a grant', { id: app.id, name: 'Late' }, '', { session, isGuest: false }),
        () => object.addPasskey({} as never, 'a challenge', '', session),
        () => object.addInvitation('Eve', session),
      ]) {
        expect(late).toThrow('was erased')
      }
    })
  })

  it.each<[string, (object: AccountObject) => unknown]>([
    ['a deletion', (object) => object.erase(ada.user, object.grantIds())],
    ['“Sign out everywhere”', (object) => object.signOutEverywhere()],
  ])('a sign-in elsewhere that was under way brings nothing: %s', async (_, end) => {
    await runInDurableObject(accountOf(env, ada.user), async (object: AccountObject, { storage }) => {
      const late = object.keepUpstream('acme', UPSTREAM, OWNER, object.epoch())
      end(object)
      await expect(late).rejects.toThrow('This sign-in is over.')
      expect([...storage.kv.list({ prefix: 'upstream:' })]).toEqual([])
    })
  })

  it('a passkey that was verified just before signs no user in', async () => {
    const { usePasskey } = AccountObject.prototype
    vi.spyOn(AccountObject.prototype, 'usePasskey').mockImplementationOnce(function (
      this: AccountObject,
      ...use
    ) {
      const outcome = usePasskey.apply(this, use)
      expect(this.erase(ada.user, this.grantIds())).toBe(true)
      return outcome
    })
    const late = new Visitor()
    expect((await signInWith(late, ada.authenticator)).status).toBe(503)
    expect(await late.isSignedIn()).toBe(false)
    expect((await stored(accountOf(env, ada.user))).toSorted()).toEqual(['epoch', 'erasure'])
  })

  it('the tools work for a user who comes back', async () => {
    const tokens = await app.connect(owner)
    await callTool(tokens.access_token, 'add_note', { text: 'Old' })
    await owner.post('/account/erase', SURE)
    const again = await app.connect(owner)
    expect(await notesOf(again)).toBe(0)
    await callTool(again.access_token, 'add_note', { text: 'New' })
    expect(await notesOf(again)).toBe(1)
  })
})

const broken = async () => {
  throw new Error('storage is down')
}

describe('A26 a deletion that fails half-way', () => {
  it.each<[string, object, string]>([
    ['the list of grants', AccountObject.prototype, 'grantIds'],
    ['a grant', GrantObject.prototype, 'revoke'],
    ['a tool', Notebook.prototype, 'erase'],
    ['what is kept of events', AuditObject.prototype, 'erase'],
    ['the directory', DirectoryObject.prototype, 'forget'],
    ['the account', AccountObject.prototype, 'erase'],
  ])('at %s says so, leaves the person signed in, and is finished by another', async (_, target, method) => {
    const before = copyOf(ada.person)
    const spy = vi.spyOn(target as Record<string, () => unknown>, method).mockImplementation(broken)
    const html = await expectPage(await ada.person.post('/account/erase', SURE), 503)
    expect(html).toContain('Not everything is deleted yet')
    expect(await eventsOf(ada.user)).not.toContain('account.erased')
    spy.mockRestore()
    expect(await ada.person.isSignedIn()).toBe(true)
    await expectPage(await ada.person.post('/account/erase', SURE), 200)
    await expectErased(ada, before)
  })

  it('at KV is finished by the grants themselves', async () => {
    const grant = grantIdOf(ada.tokens.refresh_token)
    const kv = Object.getPrototypeOf(env.RECORDS)
    const spies = ['put', 'delete'].map((method) => vi.spyOn(kv, method).mockImplementation(broken))
    const before = copyOf(ada.person)
    await expectPage(await ada.person.post('/account/erase', SURE), 200)
    await expectRefusal(await app.refresh(ada.tokens.refresh_token), 'invalid_grant')
    for (const spy of spies) spy.mockRestore()
    expect(await env.RECORDS.get(`grant:${grant}`)).not.toBeNull()
    pass(30)
    expect(await runDurableObjectAlarm(env.GRANTS.get(env.GRANTS.idFromString(grant)))).toBe(true)
    expect(await env.RECORDS.get(`grant:${grant}`)).toBeNull()
    expect(await accountOf(env, ada.user).activity(9)).toEqual([])
    expect(await before.isSignedIn()).toBe(false)
    await expectOver(app, ada.tokens)
  })

  it('continues although an app was approved meanwhile', async () => {
    let late: Tokens | undefined
    const erase = Notebook.prototype.erase
    vi.spyOn(Notebook.prototype, 'erase').mockImplementationOnce(async function (this: Notebook) {
      late = await app.connect(ada.person)
      return erase.call(this)
    })
    const answer = await ada.person.post('/account/erase', SURE)
    expect(answer.headers.get('Location')).toBe('/account/erase?done=partly')
    const page = await ada.person.get('/account/erase?done=partly')
    expect(await expectPage(page, 200)).toContain('Not everything could be deleted yet')
    await expectPage(await ada.person.post('/account/erase', SURE), 200)
    await expectOver(app, late as Tokens)
  })

  it('has too much for one request is done in several', async () => {
    const identity = { ...OWNER, method: 'passkey', subject: 'many', name: 'Many' }
    const user = await userIdOf(loadSettings(env), identity)
    const approval = {
      issuer: ORIGIN,
      userId: user,
      identity,
      clientId: 'an app',
      clientName: 'An app',
      scopes: [],
      resource: `${ORIGIN}/mcp`,
      place: '',
      session: { id: crypto.randomUUID(), epoch: 0 },
    }
    const code = { hash: '', redirectUri: REDIRECT_URI, codeChallenge: '', expiresAt: Date.now() + 60_000 }
    await Promise.all(Array.from({ length: MAX_REVOKED_AT_ONCE }, () => openGrant(env, approval, code)))
    // From before there was a cap.
    const old = env.GRANTS.newUniqueId().toString()
    await runInDurableObject(accountOf(env, user), (_account, { storage }) => {
      storage.sql.exec("INSERT INTO grants VALUES (?, 'an app', 0)", old)
    })
    const path = `/admin/erase?user=${user}&done=partly`
    const press = async () => (await owner.post('/admin/erase', { ...SURE, user })).headers.get('Location')
    expect(await press()).toBe(path)
    const page = await expectPage(await owner.get(path), 200)
    expect(page).toContain('Not everything could be deleted yet. 1 approval of an app is left.')
    expect(await press()).toBe('/admin?done=erased')
    expect((await stored(accountOf(env, user))).toSorted()).toEqual(['epoch', 'erasure'])
  })
})

describe('A26 the owner deletes the data of a person', () => {
  const press = (user: string) => owner.post('/admin/erase', { ...SURE, user })

  it('whole, as they would themselves, however often it is pressed', async () => {
    const before = copyOf(ada.person)
    const lines = listenToLog()
    for (let times = 0; times < 2; times++) {
      const answer = await press(` ${ada.user} `)
      expect(answer.headers.get('Location')).toBe('/admin?done=erased')
    }
    expect(lines()).toContainEqual({
      event: 'account.erased',
      user: ada.user,
      by: 'owner',
      actor: expect.stringMatching(/^user_/),
    })
    await expectErased(ada, before)
    await expectUntouched(bob)
    expect(await expectPage(await owner.get('/admin?done=erased'), 200)).toContain('is deleted')
    expect(await expectPage(await owner.get('/admin/events'), 200)).toContain(
      `You deleted the data of <code>${ada.user.slice(0, 13)}…</code>`,
    )
  })

  it('also of a user that no list names any more', async () => {
    await ada.person.post('/account/revoke-all', {})
    await env.DIRECTORY.getByName('people').forget(ada.user)
    const page = await owner.get(`/admin/erase?user=${ada.user}`)
    expect(await expectPage(page, 200)).toContain('Not listed')
    await press(ada.user)
    await expectErased(ada, copyOf(ada.person))
  })

  it('of their own, and is signed out', async () => {
    await press(await userIdOf(loadSettings(env), OWNER))
    expect(await owner.isSignedIn()).toBe(false)
    await owner.signIn()
    expect(await owner.isSignedIn()).toBe(true)
  })

  it('and of no user for an invalid id', async () => {
    const accounts = vi.spyOn(Object.getPrototypeOf(env.ACCOUNTS), 'getByName')
    for (const id of ['', 'unknown', 'user_', `${ada.user}x`, ada.user.toUpperCase(), app.id, '<b>']) {
      await expectPage(await owner.get(`/admin/erase?user=${encodeURIComponent(id)}`), 400)
      await expectPage(await press(id), 400)
      expect(accounts.mock.calls.map(([name]) => name)).not.toContain(id)
    }
    await expectPage(await owner.get('/admin/erase'), 400)
    await expectUntouched(ada)
  })

  it('and only the owner can', async () => {
    await expectPage(await bob.person.get(`/admin/erase?user=${ada.user}`), 404)
    await expectPage(await bob.person.post('/admin/erase', { ...SURE, user: ada.user }), 404)
    const signedOut = await new Visitor().post('/admin/erase', { ...SURE, user: ada.user })
    expect(signedOut.headers.get('Location')).toBe('/login?return_to=%2Fadmin')
    await expectUntouched(ada)
  })
})
