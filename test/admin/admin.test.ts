// What the owner sees of everybody, and what they can end.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { scriptEvents, scriptRecord } from '#engine/log/script-store.ts'
import { openGrant } from '#engine/oauth/grants/opening-store.ts'
import { MAX_REVOKED_AT_ONCE } from '#engine/oauth/grants/user-store.ts'
import { type Identity, OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { AccountObject, AuditObject, GrantObject } from '#worker'
import { AdminPage, press } from '../support/admin.ts'
import { DocumentHost } from '../support/document-host.ts'
import { callTool, OAuthClient, REDIRECT_URI, type Tokens } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectLive,
  expectOver,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

let owner: Visitor

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  await forgetEverybody()
  owner = await Visitor.signedIn()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

async function forgetEverybody(): Promise<void> {
  const { keys, list_complete } = await env.RECORDS.list()
  await Promise.all(keys.map(({ name }) => env.RECORDS.delete(name)))
  if (!list_complete) await forgetEverybody()
}

interface Member {
  readonly person: Visitor
  readonly user: string
  readonly identity: Identity
}

/** A new user. */
async function newMember(name: string): Promise<Member> {
  const subject = crypto.randomUUID()
  const identity = { method: 'passkey', issuer: '', subject, name, knownAs: [], invited: true }
  return {
    person: await Visitor.as(name, identity),
    user: await userIdOf(loadSettings(env), identity),
    identity,
  }
}

/** What a consent page leads to, without the page: for those who allow much. */
function allow({ user, identity }: Member, clientId: string) {
  return openGrant(env, {
    issuer: ORIGIN,
    userId: user,
    identity,
    clientId,
    clientName: 'Test client',
    scopes: ['notes:read'],
    resource: `${ORIGIN}/mcp`,
    redirectUri: REDIRECT_URI,
    codeChallenge: '',
    place: '',
    session: { id: crypto.randomUUID(), epoch: 0 },
  })
}

describe('the admin page', () => {
  it('says so when there is nothing', async () => {
    const page = await AdminPage.of(owner)
    expect(page.part('people')).toContain('Nobody has let an app in.')
    expect(page.part('registrations')).toContain('No app is registered.')
    expect(page.html).toContain('href="/account"')
  })

  it('is linked on the owner’s account page, and on no other', async () => {
    expect(await (await owner.get('/account')).text()).toContain('href="/admin"')
    const { person } = await newMember('Ada')
    expect(await (await person.get('/account')).text()).not.toContain('/admin')
  })

  it('shows which user approved which app, since when, and how they sign in', async () => {
    const { person, user } = await newMember('Ada')
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    await app.connect(person)
    await app.connect(person, { scope: 'notes:read' })
    const page = await AdminPage.of(owner)
    expect(page.users).toEqual([user])
    expect(page.part('people')).toMatch(
      /Ada with passkey user_\S+ .*Notes for Mac notes:read notes:write · since/,
    )
    expect(page.part('people').match(/Notes for Mac/g)).toHaveLength(1)
    expect(page.registrations).toEqual([`client:${app.id}`])
    expect(page.part('registrations')).toContain('Registered itself')
    expect(page.part('registrations')).toContain('answers go to client.example')
  })

  it('shows names of every kind as text', async () => {
    const long = 'goes on '.repeat(12)
    const names = [
      '<script>alert(1)</script>',
      'تطبيق الملاحظات',
      long,
      '"><form action="https://evil.test">',
    ]
    for (const name of names) {
      const app = await OAuthClient.registered({ client_name: name })
      await app.connect((await newMember(name)).person)
    }
    const { html } = await AdminPage.of(owner)
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain('<form action="https://evil.test">')
    for (const name of ['&lt;script&gt;', 'تطبيق الملاحظات', long.trim()])
      expect(html).toContain(`<bdi>${name}`)
  })

  it('shows thousands a page at a time, each once', async () => {
    const people = await Promise.all(Array.from({ length: 45 }, (_, n) => newMember(`Person ${n}`)))
    await Promise.all(people.map((one) => allow(one, 'an app')))
    const expected = people.map(({ user }) => user)
    const users: string[] = []
    let query: string | undefined = ''
    for (let pages = 0; query !== undefined; pages++) {
      expect(pages).toBeLessThan(3)
      const page: AdminPage = await AdminPage.of(owner, query)
      expect(page.users.length).toBeLessThanOrEqual(20)
      users.push(...page.users)
      query = page.next('people')
    }
    expect(users.toSorted()).toEqual(expected.toSorted())
  })

  it('goes on where KV does, after a thousand grants', async () => {
    const metadata = {
      user: 'Zoe',
      client: 'App',
      scope: '',
      userId: `user_${'z'.repeat(43)}`,
      clientHash: '',
    }
    const ids = Array.from({ length: 1001 }, (_, n) => `grant:${n.toString(16).padStart(64, '0')}`)
    await Promise.all(ids.map((key) => env.RECORDS.put(key, '{}', { metadata })))
    const first = await AdminPage.of(owner)
    // The index lists them, but the page shows only users with a live grant.
    expect(first.users).toEqual([])
    expect(first.part('people')).toContain('There is more.')
    const second = await AdminPage.of(owner, first.next('people'))
    expect(second.next('people')).toBeUndefined()
  })

  it('shows registrations of each kind, a page at a time', async () => {
    const host = DocumentHost.install()
    const described = await OAuthClient.described(host.publish({ client_name: 'Described app' }))
    await described.authorize(owner)
    const registered = await OAuthClient.registered()
    await registered.authorize(owner)
    const machine = await Machine.owned()
    for (let n = 0; n < 20; n++) await Machine.owned()
    const first = await AdminPage.of(owner)
    const second = await AdminPage.of(owner, first.next('registrations'))
    expect([first.registrations.length, second.registrations.length]).toEqual([20, 3])
    expect(second.next('registrations')).toBeUndefined()
    expect(second.part('registrations')).toContain(
      `Described app Describes itself on ${new URL(described.id).host}`,
    )
    expect(second.part('registrations')).toContain('Nightly build Registered by you')
    const all = [...first.registrations, ...second.registrations]
    expect(all).toEqual(expect.arrayContaining([`client:${machine.id}`, `client:${registered.id}`]))
    expect(new Set(all).size).toBe(23)
  })

  it.each([
    '?people=7~garbage',
    '?people=9999~',
    '?people=-1',
    '?people=0~not-a-cursor',
    '?registrations=0~not-a-cursor',
    '?registrations=7~x',
    '?registrations=~',
    '?done=constructor',
  ])('is a page whatever is asked of it: %s', async (query) => {
    await expectPage(await owner.get(`/admin${query}`), 200)
  })

  it('is a page that says so while KV does not answer', async () => {
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list').mockRejectedValue(new Error('KV LIST failed: 429'))
    expect(await expectPage(await owner.get('/admin'), 503)).toContain('Try again')
  })

  it('shows the rest while what happened lately cannot be read', async () => {
    const lines = listenToLog()
    vi.spyOn(AuditObject.prototype, 'recent').mockImplementation(() => {
      throw new Error('storage is down')
    })
    const page = await AdminPage.of(owner)
    expect(page.part('events')).toContain('could not be read just now')
    expect(lines()).toContainEqual(expect.objectContaining({ event: 'error', part: 'audit' }))
  })

  it('tells in words what happened, what strangers did apart from the rest', async () => {
    const { person } = await newMember('Ada')
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    await app.connect(person)
    await person.post('/account/revoke', { client_id: app.id })
    await (await person.openConsent((await app.authorizationRequest()).url)).deny()
    for (let times = 0; times < 2; times++) await new Visitor().signIn('/account', 'wrong')
    await vi.waitFor(async () => {
      const [people = '', door = ''] = (await AdminPage.of(owner)).part('events').split('At the door')
      for (const line of [
        /Owner \(you\) signed in with passphrase/,
        /Ada user_\S{8}… allowed Notes for Mac/,
        /Notes for Mac can no longer act for Ada user_\S{8}… : revoked by user/,
        /Ada user_\S{8}… denied Notes for Mac/,
      ]) {
        expect(people).toMatch(line)
      }
      expect(door).toContain('Notes for Mac registered')
      expect(door).toContain('A sign-in with passphrase failed: wrong passphrase (2 times that day)')
    })
  })
})

describe('what a script did with a client', () => {
  const leave = ({ key, value, metadata }: ReturnType<typeof scriptRecord>) =>
    env.RECORDS.put(key, value, { metadata })

  const client = { id: `owned_${'a'.repeat(22)}`, name: 'Nightly build' }
  const later = () => vi.setSystemTime(Date.now() + 1000)

  it('stands among the rest, by time, with the computer that it ran on', async () => {
    await leave(scriptRecord('client.registered', client, 'ada@desk'))
    later()
    const { person } = await newMember('Ada')
    await (await OAuthClient.registered({ client_name: 'Notes for Mac' })).connect(person)
    later()
    await leave(scriptRecord('client.updated', client, 'ada@desk'))
    later()
    await leave(scriptRecord('client.removed', client, undefined))
    await vi.waitFor(async () => {
      const [people, door] = (await AdminPage.of(owner)).part('events').split('At the door')
      expect(people).toMatch(
        /npm run client removed Nightly build.*npm run client \( ?ada@desk ?\) changed Nightly build.*allowed Notes for Mac.*\) registered Nightly build/,
      )
      expect(door).not.toContain('Nightly build')
    })
  })

  it('comes newest first, so that a full page shows the newest', async () => {
    for (const event of ['client.registered', 'client.updated', 'client.removed'] as const) {
      later()
      await leave(scriptRecord(event, client, 'ada@desk'))
    }
    expect((await scriptEvents(env, 2)).map(({ event }) => event)).toEqual([
      'client.removed',
      'client.updated',
    ])
  })

  it('fits the metadata of KV, however long its names are', async () => {
    const long = '🔑'.repeat(100)
    await leave(scriptRecord('client.registered', { ...client, name: long }, long))
    expect((await AdminPage.of(owner)).part('events')).toContain(`registered ${long}`)
  })

  it('does not keep the page from its owner where a record is not whole', async () => {
    await env.RECORDS.put('audit:0', '')
    expect((await AdminPage.of(owner)).part('events')).toContain('signed in')
  })
})

describe('S14 lines of the owner’s page tell people apart:', () => {
  it('an invitee who calls herself Owner is not the owner', async () => {
    const { person, user } = await newMember('Owner')
    const app = await OAuthClient.registered({ client_name: 'Her app' })
    await app.connect(person)
    await vi.waitFor(async () => {
      const events = (await AdminPage.of(owner)).part('events')
      expect(events).toContain(`Owner ${user.slice(0, 13)}… allowed Her app`)
      expect(events).not.toContain('Owner (you) allowed Her app')
    })
  })

  it('what an owner did names that owner', async () => {
    const { person, user } = await newMember('Ada')
    const app = await OAuthClient.registered({ client_name: 'To be ended' })
    await app.connect(person)
    await owner.post('/admin/revoke-all', { user })
    await vi.waitFor(async () => {
      const events = (await AdminPage.of(owner)).part('events')
      expect(events).toContain(`You signed Ada ${user.slice(0, 13)}… out everywhere`)
      expect(events).toMatch(
        /To be ended can no longer act for Ada user_\S{8}… : revoked by owner \( ?You ?\)/,
      )
    })
  })
})

describe('the owner ends', () => {
  it('an app of a person, and leaves their others and the app of others', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const [one, other] = [await OAuthClient.registered(), await OAuthClient.registered()]
    const ended = [await one.connect(ada.person), await one.connect(ada.person)]
    const kept = [
      [other, await other.connect(ada.person)],
      [one, await one.connect(bob.person)],
    ] as const
    const lines = listenToLog()
    expect(await press(owner, 'revoke', { user: ada.user, client_id: one.id })).toContain('Revoked.')
    expect(
      lines().filter(({ event, reason }) => event === 'grant.revoked' && reason === 'revoked_by_owner'),
    ).toHaveLength(2)
    for (const tokens of ended) await expectOver(one, tokens)
    for (const [app, tokens] of kept) await expectLive(app, tokens.refresh_token)
    expect(await (await ada.person.get('/account')).text()).toContain('The owner of this server revoked')
    expect(await press(owner, 'revoke', { user: ada.user, client_id: one.id })).toContain('over already')
  })

  it('everything of a person: apps, and sessions in every browser', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const app = await OAuthClient.registered()
    const [hers, his] = [await app.connect(ada.person), await app.connect(bob.person)]
    expect(await press(owner, 'revoke-all', { user: ada.user })).toContain('signed out everywhere')
    expect(await ada.person.isSignedIn()).toBe(false)
    expect(await bob.person.isSignedIn()).toBe(true)
    await expectOver(app, hers)
    await expectLive(app, his.refresh_token)
    expect((await AdminPage.of(owner)).users).toEqual([bob.user])
    expect(await press(owner, 'revoke-all', { user: ada.user })).toContain('over already')
  })

  it('everything of a user, also an app that they approve at that moment', async () => {
    const { person, user } = await newMember('Ada')
    const app = await OAuthClient.registered()
    await app.connect(person)
    let late: Tokens | undefined
    const { signOutEverywhere } = AccountObject.prototype
    vi.spyOn(AccountObject.prototype, 'signOutEverywhere').mockImplementationOnce(async function (
      this: AccountObject,
    ) {
      late = await app.connect(person)
      return signOutEverywhere.call(this, 'owner')
    } as never)
    expect(await press(owner, 'revoke-all', { user })).toContain('signed out everywhere')
    await expectOver(app, late as Tokens)
  })

  it('everything of their own, and is signed out', async () => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect(owner)
    const user = await userIdOf(loadSettings(env), OWNER)
    expect((await owner.post('/admin/revoke-all', { user })).status).toBe(303)
    expect(await owner.isSignedIn()).toBe(false)
    await expectOver(app, tokens)
  })

  it('a registration, with every grant that users gave it', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const [app, other] = [await OAuthClient.registered(), await OAuthClient.registered()]
    const ended = [await app.connect(ada.person), await app.connect(bob.person)]
    const kept = await other.connect(ada.person)
    const { url } = await app.authorizationRequest()
    const consent = await ada.person.openConsent(url)
    const lines = listenToLog()
    const registration = `client:${app.id}`
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    expect(lines()).toContainEqual({
      event: 'client.removed',
      client: app.id,
      by: 'owner',
      actor: expect.stringMatching(/^user_/),
    })
    pass(120)
    for (const { access_token } of ended) expectInvalidToken(await callTool(access_token, 'whoami'))
    expect((await app.refresh(ended[0]?.refresh_token as string)).status).toBe(401)
    expect(await expectPage(await ada.person.get(url), 400)).toContain('not known here')
    await expectPage(await consent.submit(), 400)
    await expectLive(other, kept.refresh_token)
    expect((await AdminPage.of(owner)).registrations).toEqual([`client:${other.id}`])
    expect(await press(owner, 'remove', { registration })).toContain('over already')
  })

  it('a registration for good, also one that is approved at that moment', async () => {
    const app = await OAuthClient.registered()
    await app.connect(owner)
    await press(owner, 'remove', { registration: `client:${app.id}` })
    const client = env.CLIENTS.get(env.CLIENTS.idFromString(app.id))
    expect(await client.approve(Date.now() + 1000)).toBe('gone')
    expect(await client.read()).toBeUndefined()
  })

  it('a client that describes itself', async () => {
    const app = await OAuthClient.described(DocumentHost.install().publish())
    const tokens = await app.connect((await newMember('Ada')).person)
    const [registration = ''] = (await AdminPage.of(owner)).registrations
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    await expectOver(app, tokens)
    expect((await AdminPage.of(owner)).registrations).toEqual([])
  })

  it('a machine client: no more tokens, and those that are about are refused', async () => {
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    expect(await press(owner, 'remove', { registration: `client:${machine.id}` })).toContain('Removed.')
    pass(120)
    expectInvalidToken(await callTool(access_token, 'whoami'))
    expect((await machine.token()).status).toBe(401)
  })

  it('in several requests what is too much for one, and can go on until nothing is left', async () => {
    const app = await OAuthClient.registered()
    const people = [await newMember('Ada'), await newMember('Bob')]
    await app.connect(people[0]?.person)
    const half = MAX_REVOKED_AT_ONCE / 2
    await Promise.all(people.flatMap((one) => Array.from({ length: half + 1 }, () => allow(one, app.id))))
    const revoked = vi.spyOn(GrantObject.prototype, 'revoke')
    const registration = `client:${app.id}`
    expect(await press(owner, 'remove', { registration })).toContain('Not everything could be ended at once')
    expect(revoked).toHaveBeenCalledTimes(MAX_REVOKED_AT_ONCE)
    expect((await AdminPage.of(owner)).registrations).toEqual([registration])
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    expect(revoked).toHaveBeenCalledTimes(2 * (half + 1) + 1)
    expect((await AdminPage.of(owner)).users).toEqual([])
  })

  it('nothing by halves: a registration whose end fails is still there to be ended', async () => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect((await newMember('Ada')).person)
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list').mockRejectedValueOnce(
      new Error('KV LIST failed: 429'),
    )
    const registration = `client:${app.id}`
    await expectPage(await owner.post('/admin/remove', { registration }), 503)
    expect((await AdminPage.of(owner)).registrations).toEqual([registration])
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    pass(120)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })
})
