// What the owner sees of everybody, and what they can end.
import '../support/with-passkey.ts'
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { scriptEvents, scriptRecord } from '#engine/log/script-store.ts'
import { openGrant } from '#engine/oauth/grants/opening-store.ts'
import { MAX_REVOKED_AT_ONCE } from '#engine/oauth/grants/user-store.ts'
import { type Identity, OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { AccountObject, AuditObject, ClientObject, DirectoryObject, GrantObject } from '#worker'
import { AdminPage, press } from '../support/admin.ts'
import { Authenticator } from '../support/authenticator.ts'
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
import { expectSignedIn, invite, join, signInWith } from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

/** People; the same holds for 100,000. */
const MANY = 2000

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
  if (!list_complete) return forgetEverybody()
  for (const guests of [false, true]) {
    const people = await directory().search({ text: '', guests, before: Number.MAX_SAFE_INTEGER }, 10_000)
    await Promise.all(people.map(({ userId }) => directory().forget(userId)))
  }
}

interface Member {
  readonly person: Visitor
  readonly user: string
  readonly identity: Identity
}

/** A new user in the directory. */
async function newMember(name: string, more: Partial<Identity> = {}): Promise<Member> {
  const subject = crypto.randomUUID()
  const identity = { method: 'passkey', issuer: '', subject, name, knownAs: [], invited: true, ...more }
  const user = await userIdOf(loadSettings(env), identity)
  await directory().signedIn({ ...identity, userId: user })
  return { person: await Visitor.as(name, identity), user, identity }
}

function directory() {
  return env.DIRECTORY.getByName('people')
}

/** A personal access token. */
async function tokenOf(person: Visitor): Promise<string> {
  const made = await person.post('/account/tokens/make', { name: 'Nightly job', days: '30' })
  return /gatehouse_pat_[\w-]{92}/.exec(await made.text())?.[0] as string
}

/** A user who has signed in by an invitation, and allowed nothing. */
async function invitee(
  name: string,
): Promise<{ person: Visitor; user: string; authenticator: Authenticator }> {
  const person = new Visitor()
  const authenticator = await Authenticator.create(ORIGIN)
  expectSignedIn(await join(person, await invite(owner, name), authenticator, {}, { name }))
  const user = await vi.waitFor(async () => {
    const [found] = (await AdminPage.of(owner, `?q=${encodeURIComponent(name)}`)).users
    expect(found).toBeDefined()
    return found as string
  })
  return { person, user, authenticator }
}

/** What a consent page leads to, without the page: for those who allow much. */
function allow({ user, identity }: Member, clientId: string) {
  const code = { hash: '', redirectUri: REDIRECT_URI, codeChallenge: '', expiresAt: Date.now() + 60_000 }
  const approval = {
    issuer: ORIGIN,
    userId: user,
    identity,
    clientId,
    clientName: 'Test client',
    scopes: ['notes:read'],
    resource: `${ORIGIN}/mcp`,
    place: '',
    session: { id: crypto.randomUUID(), epoch: 0 },
  }
  return openGrant(env, approval, code)
}

describe('the people of the admin page', () => {
  it('are who has signed in, with or without an app', async () => {
    const { person, user } = await invitee('Ada')
    const me = await userIdOf(loadSettings(env), OWNER)
    const before = await AdminPage.of(owner)
    expect(before.users).toEqual([user, me])
    expect(before.part('people')).toMatch(/Ada with passkey · no app · joined .* · last sign-in .* user_/)
    const app = await OAuthClient.registered()
    await app.connect(person)
    await app.connect(person)
    expect((await AdminPage.of(owner)).part('people')).toContain('Ada with passkey · 1 app ·')
  })

  it('says so when there are none', async () => {
    await forgetEverybody()
    expect((await AdminPage.of(owner)).part('people')).toContain('No people yet.')
    expect((await AdminPage.of(owner, '?guests=1')).part('people')).toContain('No guests yet.')
    expect((await AdminPage.of(owner, '/apps')).part('registrations')).toContain('No app is registered.')
  })

  it('is linked on the owner’s account page, and on no other', async () => {
    expect(await (await owner.get('/account')).text()).toContain('href="/admin"')
    const { person } = await newMember('Ada')
    expect(await (await person.get('/account')).text()).not.toContain('/admin')
  })

  it.each([
    ['the beginning of a name', 'ad', ['Ada Lovelace', 'Adam Smith']],
    ['another word', 'LOVE', ['Ada Lovelace']],
    ['several words, in any order', 'love ad', ['Ada Lovelace']],
    ['a name without its accents', 'jose', ['José 🎩']],
    ['a name of another script', 'محمد', ['محمد علي']],
    ['an address', 'eve@exa', ['eve@example.com']],
    ['an unknown name', 'zoe', []],
    ['the middle of a word', 'ovelace', []],
    ['what SQL and FTS5 would read', '" OR name:* --', []],
    ['nothing but signs', '"-*(', []],
    ['more words than a search needs', 'a '.repeat(50), ['Ada Lovelace', 'Adam Smith']],
  ])('are found by %s', async (_, text, names) => {
    for (const name of ['Ada Lovelace', 'Adam Smith', 'José 🎩', 'محمد علي', 'eve@example.com'])
      await newMember(name)
    const page = await AdminPage.of(owner, `?q=${encodeURIComponent(text)}`)
    expect(page.html.match(/<bdi>[^<]*/g) ?? []).toEqual(names.map((name) => `<bdi>${name}`).reverse())
    if (names.length === 0) expect(page.part('people')).toContain('None of the people fits.')
  })

  it('are found by their id, as the log and the events have it, and opened also where the directory lacks it', async () => {
    const { user } = await newMember('Ada')
    for (const text of [user, ` ${user} `, `${user.slice(0, 13)}…`]) {
      expect((await AdminPage.of(owner, `?q=${encodeURIComponent(text)}`)).users).toEqual([user])
    }
    const stranger = `user_${'A'.repeat(43)}`
    const page = await AdminPage.of(owner, `?q=${stranger}`)
    expect(page.html).toContain(`href="/admin/person?user=${stranger}"`)
    expect((await AdminPage.of(owner, `/person?user=${stranger}`)).part('person')).toContain('not listed')
  })

  it('have the name and the time of their last sign-in, and stay one', async () => {
    const ada = await newMember('Ada')
    const [first] = await directory().search({ text: 'ada', guests: false, before: 1e9 }, 2)
    pass(3600)
    await directory().signedIn({ ...ada.identity, userId: ada.user, name: 'Ada King' })
    expect((await AdminPage.of(owner, '?q=king')).users).toEqual([ada.user])
    expect(await directory().find(ada.user)).toEqual({
      ...first,
      name: 'Ada King',
      seenAt: (first?.seenAt as number) + 3_600_000,
    })
  })

  it('are a page of twenty at a time, each once, without a list of KV', async () => {
    const people = await Promise.all(Array.from({ length: 45 }, (_, n) => newMember(`Person ${n}`)))
    const list = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list')
    for (const start of ['', '?q=person']) {
      const users: string[] = []
      for (let rest: string | undefined = start; rest !== undefined; ) {
        const page: AdminPage = await AdminPage.of(owner, rest)
        expect(page.users.length).toBeLessThanOrEqual(20)
        users.push(...page.users)
        rest = page.next('people')
      }
      expect(users.filter((user) => people.some((one) => one.user === user))).toEqual(
        people.map(({ user }) => user).reverse(),
      )
      expect(new Set(users).size).toBe(users.length)
    }
    expect(list).not.toHaveBeenCalled()
  })

  it('are apart from guests: the list keeps the newest 500 of those', async () => {
    const { user } = await newMember('Ada')
    const guest = (n: number) => ({ userId: `user_${n}`, name: 'Guest', method: 'guest', expiresAt: 1e15 })
    await Promise.all(Array.from({ length: 510 }, (_, n) => directory().signedIn(guest(n))))
    expect((await AdminPage.of(owner, '?q=guest')).users).toEqual([])
    const me = await userIdOf(loadSettings(env), OWNER)
    expect((await AdminPage.of(owner)).users).toEqual([user, me])
    const guests = await directory().search({ text: '', guests: true, before: 1e9 }, 1000)
    expect([guests.length, guests[0]?.userId, guests.at(-1)?.userId]).toEqual([500, 'user_509', 'user_10'])
    expect(await directory().search({ text: 'guest', guests: true, before: 1e9 }, 1000)).toHaveLength(500)
  })

  it('are read by an index: a page costs the same among many as among few', async () => {
    const { user } = await newMember('Zoe')
    const rows = () =>
      runInDurableObject(directory(), (object, { storage }) => {
        const exec = vi.spyOn(Object.getPrototypeOf(storage.sql), 'exec')
        for (const text of ['', 'zoe', 'person', user])
          object.search({ text, guests: false, before: 1e9 }, 21)
        const read = exec.mock.results.map(({ value }) => (value as SqlStorageCursor<never>).rowsRead)
        exec.mockRestore()
        return Math.max(...read)
      })
    for (let n = 0; n < 30; n++) await newMember(`Person ${n}`)
    const few = await rows()
    await runInDurableObject(directory(), (object) => {
      for (let n = 0; n < MANY; n++)
        object.signedIn({ userId: `user_${n}`, name: `Person ${n}`, method: 'm' })
    })
    expect(await rows()).toBeLessThanOrEqual(few)
  })

  it('are not waited for by a sign-in, which a failure of the directory does not disturb', async () => {
    const lines = listenToLog()
    vi.spyOn(DirectoryObject.prototype, 'signedIn').mockImplementation(() => {
      throw new Error('storage is down')
    })
    expect(await (await Visitor.signedIn()).isSignedIn()).toBe(true)
    await vi.waitFor(() => expect(lines()).toContainEqual(expect.objectContaining({ event: 'error' })))
  })

  it('have open invitations beside them', async () => {
    expect((await AdminPage.of(owner)).html).not.toContain('id="invitations"')
    await invite(owner, 'Grace')
    expect((await AdminPage.of(owner)).part('invitations')).toMatch(/Open invitations Grace until/)
  })
})

// What takes the time of a page is what stands on it: with all that there is, it must not grow.
describe('a page of the owner', () => {
  it('has at most 1,000 elements, whatever there is', async () => {
    const people = await Promise.all(Array.from({ length: 25 }, (_, n) => newMember(`Person ${n}`)))
    const busy = people[0] as Member
    const names = Array.from({ length: 25 }, (_, n) => `App ${n}`)
    await Promise.all(names.map((name) => allow(busy, name)))
    for (let n = 0; n < 25; n++) await Machine.owned()
    const events = env.AUDIT.getByName('audit')
    for (let n = 0; n < 100; n++) {
      const one = { event: 'consent.allowed' as const, person: `P ${n}`, app: 'App' }
      for (const strangers of [false, true])
        await events.keep({ ...one, fields: `{"user":"u${n}"}`, strangers })
    }
    for (const rest of ['', '/apps', '/events', `/person?user=${busy.user}`]) {
      const elements = (await AdminPage.of(owner, rest)).html.match(/<\w/g)?.length
      expect(elements, rest).toBeLessThanOrEqual(1000)
    }
  })
})

describe('the page of a person', () => {
  it('shows how they sign in, and each app once with its scopes', async () => {
    const { person, user } = await invitee('Ada')
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    await app.connect(person)
    await app.connect(person, { scope: 'notes:read' })
    const page = await AdminPage.of(owner, `/person?user=${user}`)
    expect(page.part('person')).toMatch(/Ada Id user_\S+ Signs in with passkey .* Passkeys 1/)
    expect(page.part('apps')).toMatch(/Notes for Mac notes:read notes:write · since .* · last used/)
    expect(page.part('apps').match(/Notes for Mac/g)).toHaveLength(1)
  })

  it('shows 20 apps of a person who has many, and leads to the others', async () => {
    const ada = await newMember('Ada')
    for (let n = 0; n < 22; n++) await allow(ada, `app ${n}`)
    const path = `/person?user=${ada.user}`
    const first = await AdminPage.of(owner, path)
    expect(first.part('apps')).toContain('22 apps, with 22 approvals in all.')
    expect(first.html.match(/do=revoke&amp;user=/g)).toHaveLength(20)
    expect(first.next('apps')).toBe(`${path}&apps=20`)
    const last = await AdminPage.of(owner, first.next('apps'))
    expect(last.html.match(/do=revoke&amp;user=/g)).toHaveLength(2)
    expect(last.next('apps')).toBeUndefined()
    expect([first, last].map(({ html }) => html.includes('Newest apps'))).toEqual([false, true])
  })
})

describe('the admin page', () => {
  it('shows registrations of apps', async () => {
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    await app.connect((await newMember('Ada')).person)
    const page = await AdminPage.of(owner, '/apps')
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
      const { person, user } = await newMember(name)
      await app.connect(person)
      const question = `/ask?do=revoke&user=${user}&client_id=${app.id}`
      for (const rest of ['', '/apps', '/events', `/person?user=${user}`, question, `/erase?user=${user}`]) {
        const { html } = await AdminPage.of(owner, rest)
        expect(html).not.toContain('<script>alert')
        expect(html).not.toContain('<form action="https://evil.test">')
        if (rest !== '/events')
          expect(html).toContain(
            `<bdi>${name.trim().replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')}`,
          )
      }
    }
  })

  it('shows registrations of each kind, a page at a time', async () => {
    const host = DocumentHost.install()
    const described = await OAuthClient.described(host.publish({ client_name: 'Described app' }))
    await described.authorize(owner)
    const registered = await OAuthClient.registered()
    await registered.authorize(owner)
    const machine = await Machine.owned()
    for (let n = 0; n < 20; n++) await Machine.owned()
    const first = await AdminPage.of(owner, '/apps')
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
    '?people=garbage',
    '?people=0',
    '?people=-1',
    '?people=999999999999999',
    '?people=9999999999999999',
    `?q=${'%F0%9F%98%80'.repeat(300)}`,
    '?q=%00',
    '/apps?registrations=0~not-a-cursor',
    '/apps?registrations=7~x',
    '/apps?registrations=~',
    '?done=constructor',
    '/apps?done=toString',
  ])('is a page whatever is asked of it: %s', async (query) => {
    await expectPage(await owner.get(`/admin${query}`), 200)
  })

  it('is a page that says so while KV does not answer', async () => {
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list').mockRejectedValue(new Error('KV LIST failed: 429'))
    expect(await expectPage(await owner.get('/admin/apps'), 503)).toContain('Try again')
    expect((await owner.get('/admin')).status).toBe(200)
  })

  it('is a page that says so while the directory does not answer', async () => {
    vi.spyOn(DirectoryObject.prototype, 'search').mockImplementation(() => {
      throw new Error('storage is down')
    })
    expect(await expectPage(await owner.get('/admin'), 503)).toContain('Try again')
  })

  it('says so while what happened lately cannot be read', async () => {
    const lines = listenToLog()
    vi.spyOn(AuditObject.prototype, 'recent').mockImplementation(() => {
      throw new Error('storage is down')
    })
    const page = await AdminPage.of(owner, '/events')
    expect(page.part('events')).toContain('cannot be read at the moment')
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
      const [people = '', door = ''] = (await AdminPage.of(owner, '/events'))
        .part('events')
        .split('At the door')
      for (const line of [
        /Owner \(you\) signed in with passphrase/,
        /Ada user_\S{8}… approved Notes for Mac/,
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
      const [people, door] = (await AdminPage.of(owner, '/events')).part('events').split('At the door')
      expect(people).toMatch(
        /npm run client removed Nightly build.*npm run client \( ?ada@desk ?\) changed Nightly build.*approved Notes for Mac.*\) registered Nightly build/,
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
    expect((await AdminPage.of(owner, '/events')).part('events')).toContain(`registered ${long}`)
  })

  it('does not keep the page from its owner where a record is not whole', async () => {
    await env.RECORDS.put('audit:0', '')
    expect((await AdminPage.of(owner, '/events')).part('events')).toContain('signed in')
  })
})

describe('S14 lines of the owner’s page tell people apart:', () => {
  it('an invitee who calls herself Owner is not the owner', async () => {
    const { person, user } = await newMember('Owner')
    const app = await OAuthClient.registered({ client_name: 'Her app' })
    await app.connect(person)
    await vi.waitFor(async () => {
      const events = (await AdminPage.of(owner, '/events')).part('events')
      expect(events).toContain(`Owner ${user.slice(0, 13)}… approved Her app`)
      expect(events).not.toContain('Owner (you) approved Her app')
    })
  })

  it('what an owner did names that owner', async () => {
    const { person, user } = await newMember('Ada')
    const app = await OAuthClient.registered({ client_name: 'To be ended' })
    await app.connect(person)
    for (const button of ['sign-out', 'revoke-all', 'disable', 'enable']) await press(owner, button, { user })
    await vi.waitFor(async () => {
      const events = (await AdminPage.of(owner, '/events')).part('events')
      const ada = `Ada ${user.slice(0, 13)}…`
      for (const line of [`signed ${ada} out everywhere`, `disabled ${ada}`, `enabled ${ada} again`])
        expect(events).toContain(`You ${line}`)
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

  it('all apps of a person, who stays signed in', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const app = await OAuthClient.registered()
    const [hers, his] = [await app.connect(ada.person), await app.connect(bob.person)]
    expect(await press(owner, 'revoke-all', { user: ada.user })).toContain('Their apps are revoked')
    await expectOver(app, hers)
    await expectLive(app, his.refresh_token)
    expect(await press(owner, 'revoke-all', { user: ada.user })).toContain('over already')
    pass(-120)
    expect(await ada.person.isSignedIn()).toBe(true)
  })

  it('the sessions of a person in every browser, and leaves their apps', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const app = await OAuthClient.registered()
    const tokens = await app.connect(ada.person)
    expect(await press(owner, 'sign-out', { user: ada.user })).toContain('signed out everywhere')
    expect(await ada.person.isSignedIn()).toBe(false)
    expect(await bob.person.isSignedIn()).toBe(true)
    await expectLive(app, tokens.refresh_token)
  })

  it('the passkeys of a person, and of no other', async () => {
    const [ada, bob] = [await invitee('Ada'), await invitee('Bob')]
    const lines = listenToLog()
    expect(await press(owner, 'remove-passkeys', { user: ada.user })).toContain('passkeys are removed')
    expect(lines()).toContainEqual(
      expect.objectContaining({ event: 'passkey.removed', user: ada.user, by: 'owner' }),
    )
    expect((await signInWith(new Visitor(), ada.authenticator)).status).toBe(403)
    expectSignedIn(await signInWith(new Visitor(), bob.authenticator))
    expect(await press(owner, 'remove-passkeys', { user: ada.user })).toContain('over already')
  })

  it('the personal access tokens of a person, and of no other', async () => {
    const [ada, bob] = [await newMember('Ada'), await newMember('Bob')]
    const [hers, his] = [await tokenOf(ada.person), await tokenOf(bob.person)]
    expect((await callTool(hers, 'whoami')).status).toBe(200)
    expect(await press(owner, 'revoke-tokens', { user: ada.user })).toContain('tokens are revoked')
    pass(120)
    expect((await callTool(hers, 'whoami')).status).toBe(401)
    expect((await callTool(his, 'whoami')).status).toBe(200)
    expect(await (await ada.person.get('/account')).text()).toContain('revoked your tokens for scripts')
    expect(await press(owner, 'revoke-tokens', { user: ada.user })).toContain('over already')
  })

  it('nothing before a page has asked', async () => {
    const { person, user } = await invitee('Ada')
    await tokenOf(person)
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    const tokens = await app.connect(person)
    const page = await AdminPage.of(owner, `/person?user=${user}`)
    const links = [...page.html.matchAll(/href="\/admin(\/(?:ask|erase)\?[^"]+)"/g)].map(([, rest = '']) =>
      rest.replaceAll('&amp;', '&'),
    )
    expect(links.map((rest) => rest.replace(/user_[\w-]+/, 'ID'))).toEqual([
      '/ask?do=sign-out&user=ID',
      '/ask?do=disable&user=ID',
      '/ask?do=remove-passkeys&user=ID',
      '/ask?do=revoke-tokens&user=ID',
      '/erase?user=ID',
      '/ask?do=revoke-all&user=ID',
      `/ask?do=revoke&user=ID&client_id=${app.id}`,
    ])
    for (const rest of links) {
      const { html } = await AdminPage.of(owner, rest)
      expect(html).toContain('<bdi>Ada</bdi>')
      expect(html).toMatch(/<form method="post" action="\/admin\/[\w-]+">/)
    }
    expect(await person.isSignedIn()).toBe(true)
    await expectLive(app, tokens.refresh_token)
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
    expect((await AdminPage.of(owner, '/apps')).registrations).toEqual([`client:${other.id}`])
    expect(await press(owner, 'remove', { registration })).toContain('over already')
  })

  it('a registration for good, also one that is approved at that moment', async () => {
    const app = await OAuthClient.registered()
    await app.connect(owner)
    await press(owner, 'remove', { registration: `client:${app.id}` })
    const client = env.CLIENTS.get(env.CLIENTS.idFromString(app.id))
    expect(await client.approve(Date.now() + 1000, 'a grant')).toBe('gone')
    expect(await client.read()).toBeUndefined()
  })

  it('a client that describes itself', async () => {
    const app = await OAuthClient.described(DocumentHost.install().publish())
    const tokens = await app.connect((await newMember('Ada')).person)
    const [registration = ''] = (await AdminPage.of(owner, '/apps')).registrations
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    await expectOver(app, tokens)
    expect((await AdminPage.of(owner, '/apps')).registrations).toEqual([])
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
    const [ada, bob] = [await invitee('Ada'), await invitee('Bob')]
    const tokens = await app.connect(ada.person)
    const client = env.CLIENTS.get(env.CLIENTS.idFromString(app.id))
    const ids = Array.from({ length: MAX_REVOKED_AT_ONCE + 1 }, () => env.GRANTS.newUniqueId().toString())
    for (const id of ids) await client.approve(Date.now() + 3_600_000, id)
    const last = await app.connect(bob.person)
    const revoked = vi.spyOn(GrantObject.prototype, 'revoke')
    const list = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list')
    const registration = `client:${app.id}`
    const removal = () => owner.post('/admin/remove', { registration })
    expect((await removal()).headers.get('Location')).toBe('/admin/apps?done=partly')
    expect(revoked).toHaveBeenCalledTimes(MAX_REVOKED_AT_ONCE)
    expect((await removal()).headers.get('Location')).toBe('/admin/apps?done=remove')
    expect(revoked).toHaveBeenCalledTimes(MAX_REVOKED_AT_ONCE + 3)
    expect(list).not.toHaveBeenCalled()
    pass(120)
    for (const { access_token } of [tokens, last]) expectInvalidToken(await callTool(access_token, 'whoami'))
  })

  it('nothing by halves: a registration whose end fails is still there to be ended', async () => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect((await newMember('Ada')).person)
    vi.spyOn(ClientObject.prototype, 'givenGrants').mockImplementationOnce(() => {
      throw new Error('storage is down')
    })
    const registration = `client:${app.id}`
    await expectPage(await owner.post('/admin/remove', { registration }), 503)
    expect((await AdminPage.of(owner, '/apps')).registrations).toEqual([registration])
    expect(await press(owner, 'remove', { registration })).toContain('Removed.')
    pass(120)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })
})

describe('A27 a disabled person', () => {
  it('is signed out, has no app, and cannot sign in until the owner lets them', async () => {
    const [ada, bob] = [await invitee('Ada'), await invitee('Bob')]
    const app = await OAuthClient.registered()
    const [hers, his] = [await app.connect(ada.person), await app.connect(bob.person)]
    const lines = listenToLog()
    expect(await press(owner, 'disable', { user: ada.user })).toContain('Disabled.')
    expect(lines().filter(({ event }) => event === 'account.disabled')).toEqual([
      { event: 'account.disabled', user: ada.user, by: 'owner', actor: expect.stringMatching(/^user_/) },
    ])
    expect((await AdminPage.of(owner)).part('people')).toContain('Ada (disabled)')
    expect(await ada.person.isSignedIn()).toBe(false)
    expect(await expectPage(await signInWith(new Visitor(), ada.authenticator), 403)).toContain('is disabled')
    await expectOver(app, hers)
    await expectLive(app, his.refresh_token)
    expectSignedIn(await signInWith(new Visitor(), bob.authenticator))
    expect(await press(owner, 'enable', { user: ada.user })).toContain('Enabled.')
    const again = new Visitor()
    expectSignedIn(await signInWith(again, ada.authenticator))
    await expectLive(app, (await app.connect(again)).refresh_token)
    expect(await press(owner, 'enable', { user: ada.user })).toContain('over already')
  })

  it('allows no app by a page that was open before', async () => {
    const { person, user } = await invitee('Ada')
    const app = await OAuthClient.registered()
    const consent = await person.openConsent((await app.authorizationRequest()).url)
    await press(owner, 'disable', { user })
    expect((await consent.submit()).status).not.toBe(200)
    expect((await AdminPage.of(owner, `/person?user=${user}`)).part('apps')).toContain('No app is connected.')
  })

  it('loses an app that they approve at that moment', async () => {
    const { person, user } = await invitee('Ada')
    const app = await OAuthClient.registered()
    let late: Tokens | undefined
    const { disable } = AccountObject.prototype
    vi.spyOn(AccountObject.prototype, 'disable').mockImplementationOnce(async function (this: AccountObject) {
      late = await app.connect(person)
      return disable.call(this)
    } as never)
    await press(owner, 'disable', { user })
    await expectOver(app, late as Tokens)
  })

  it('is never an owner', async () => {
    const user = await userIdOf(loadSettings(env), OWNER)
    expect(await expectPage(await owner.post('/admin/disable', { user }), 409)).toContain(
      'cannot be disabled',
    )
    expect(await owner.isSignedIn()).toBe(true)
  })
})
