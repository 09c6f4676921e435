// A session that is over opens nothing: not by what was under way when it ended, and not by a copy of its cookie.
import '../support/with-passkey.ts'
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { GrantRecord } from '#engine/oauth/grants/grant.ts'
import { GrantObject } from '#engine/oauth/grants/object.ts'
import { AccountObject } from '#engine/people/account-object.ts'
import { accountOf } from '#engine/people/account-store.ts'
import { OWNER } from '#engine/people/identity.ts'
import { press } from '../support/admin.ts'
import { Authenticator } from '../support/authenticator.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { pass } from '../support/outcome.ts'
import { accountPage, addPasskey, expectSignedIn, invite, join, signInWith } from '../support/passkeys.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The next call of an object's method is on its way while something else happens. */
function meanwhile(prototype: object, method: string, happens: (args: unknown[]) => Promise<unknown>): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>
  const original = methods[method] as (...args: unknown[]) => unknown
  vi.spyOn(methods, method).mockImplementationOnce(async function (this: unknown, ...args) {
    await happens(args)
    return original.apply(this, args)
  })
}

/** A user with one app and a passkey, and a browser with a copy of their session. */
async function newMember() {
  const person = new Visitor()
  const link = await invite(await Visitor.signedIn(), 'Second')
  const key = await Authenticator.create(ORIGIN)
  expectSignedIn(await join(person, link, key, {}, { name: 'Second' }))
  const app = await OAuthClient.registered()
  const tokens = await app.connect(person)
  const { userId } = await structured<{ userId: string }>(callTool(tokens.access_token, 'whoami'))
  return { person, copy: copyOf(person), key, app, userId }
}

function copyOf(person: Visitor): Visitor {
  const copy = new Visitor()
  for (const [name, value] of person.cookies) copy.cookies.set(name, value)
  return copy
}

/** The ids of the other sessions on the account page. */
async function listedIn(person: Visitor): Promise<string[]> {
  const [, list = ''] = (await accountPage(person)).split('<section id="sessions">')
  const [sessions = ''] = list.split('</section>')
  return [...sessions.matchAll(/name="id" value="([^"]+)"/g)].map(([, id = '']) => id)
}

function endSession(person: Visitor, id: string, headers = {}): Promise<Response> {
  return person.post('/account/sessions/end', { id }, headers)
}

type Member = Awaited<ReturnType<typeof newMember>>

const ENDS: [string, (one: Member) => Promise<unknown>][] = [
  [
    'the owner signs them out',
    async ({ userId }) => press(await Visitor.signedIn(), 'sign-out', { user: userId }),
  ],
  [
    'A27 the owner disables them',
    async ({ userId }) => press(await Visitor.signedIn(), 'disable', { user: userId }),
  ],
  ['the person signs out everywhere', ({ person }) => person.post('/account/sign-out-everywhere', {})],
  ['the person signs out', ({ person }) => person.post('/logout', {})],
  [
    'A28 the person ends it in another browser',
    async ({ key }) => {
      const other = new Visitor()
      await signInWith(other, key)
      for (const id of await listedIn(other)) await endSession(other, id)
    },
  ],
]

describe('S2 what is under way when a session ends', () => {
  it.each(ENDS)('adds no app: %s', async (_, end) => {
    const one = await newMember()
    const { url } = await one.app.authorizationRequest()
    const consent = await one.copy.openConsent(url)
    let ids: string[] = []
    let late = ''
    meanwhile(GrantObject.prototype, 'open', async ([record]) => {
      late = (record as GrantRecord).id
      await end(one)
      ids = await accountOf(env, one.userId).grantIds()
    })
    expect(await expectPage(await consent.submit(), 403)).toContain('You were signed out')
    expect(await accountOf(env, one.userId).grantIds()).toEqual(ids)
    // Not even one that no user could revoke.
    expect(await env.GRANTS.get(env.GRANTS.idFromString(late)).describe()).toBeUndefined()
    const { keys } = await env.RECORDS.list({ prefix: 'grant:' })
    const listed = keys.filter(({ metadata }) => (metadata as { userId?: string }).userId === one.userId)
    expect(listed.map(({ name }) => name)).toEqual(ids.map((id) => `grant:${id}`))
  })

  it('leaves an approval that came first to be revoked', async () => {
    const one = await newMember()
    const code = await one.app.authorize(one.copy)
    await press(await Visitor.signedIn(), 'revoke-all', { user: one.userId })
    expect((await one.app.token(code)).status).toBe(400)
  })

  it.each(ENDS)('adds no passkey: %s', async (_, end) => {
    const one = await newMember()
    const key = await Authenticator.create(ORIGIN)
    meanwhile(AccountObject.prototype, 'addPasskey', () => end(one))
    expect(await expectPage(await addPasskey(one.copy, key), 403)).toContain('You were signed out')
    expect((await signInWith(new Visitor(), key)).status).toBe(403)
    expect(await accountOf(env, one.userId).passkeys()).toHaveLength(1)
  })

  it('adds no invitation', async () => {
    const owner = await Visitor.signedIn()
    const copy = copyOf(owner)
    meanwhile(AccountObject.prototype, 'addInvitation', () => owner.post('/logout', {}))
    const refused = await copy.post('/login/passkey/invite', { name: 'Mallory' })
    expect(await expectPage(refused, 403)).toContain('signed out')
    expect(await accountPage(await Visitor.signedIn())).not.toContain('Mallory')
  })
})

describe('S3 a cookie that was copied before sign-out', () => {
  it('is refused from then on', async () => {
    const { person, copy } = await newMember()
    expect(await copy.isSignedIn()).toBe(true)
    await person.post('/logout', {})
    expect(await copy.isSignedIn()).toBe(false)
    expect((await copy.post('/account/revoke-all', {})).headers.get('Location')).toContain('/login')
  })

  it('leaves the other sessions of the person', async () => {
    const owner = await Visitor.signedIn()
    const other = await Visitor.signedIn()
    await owner.post('/logout', {})
    expect(await other.isSignedIn()).toBe(true)
  })

  it('is refused as long as it could count, and remembered no longer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { person, copy, userId } = await newMember()
    await person.post('/logout', {})
    const remembered = () =>
      runInDurableObject(accountOf(env, userId), (_object, { storage }) => [
        ...storage.kv.list({ prefix: 'ended:' }),
      ])
    pass(12 * 60 * 60 - 60)
    await accountOf(env, userId).endSession({ id: 'another', epoch: 0 })
    expect(await copy.isSignedIn()).toBe(false)
    expect(await remembered()).toHaveLength(2)
    pass(12 * 60 * 60 + 60)
    await accountOf(env, userId).endSession({ id: 'a third', epoch: 0 })
    expect((await remembered()).map(([key]) => key)).toEqual(['ended:a third'])
  })

  it('costs a bounded list: one sign-out too many is one of every session', async () => {
    const { person, copy, userId } = await newMember()
    await runInDurableObject(accountOf(env, userId), (object: AccountObject, { storage }) => {
      for (let n = 0; n < 500; n++) object.endSession({ id: `session ${n}`, epoch: 0 })
      expect(object.epoch()).toBe(0)
      object.endSession({ id: 'one more', epoch: 0 })
      expect(object.epoch()).toBe(1)
      expect([...storage.kv.list({ prefix: 'ended:' })]).toEqual([])
    })
    expect(await person.isSignedIn()).toBe(false)
    expect(await copy.isSignedIn()).toBe(false)
  })
})

describe('A28 the list of open sessions', () => {
  it('ends the one that is chosen, with every copy of its cookie, and no other', async () => {
    const { person, copy, key } = await newMember()
    const [here, third] = [new Visitor(), new Visitor()]
    for (const browser of [here, third]) expectSignedIn(await signInWith(browser, key))
    const ids = await listedIn(here)
    expect(ids).toHaveLength(2)
    // The id of this browser is not offered.
    const [own] = (await listedIn(person)).filter((id) => !ids.includes(id))
    const [first] = (await listedIn(third)).filter((id) => id !== own)
    const ended = await endSession(here, first as string)
    expect(ended.headers.get('Location')).toBe('/account?done=session-ended#sessions')
    expect(await Promise.all([person, copy, here, third].map((one) => one.isSignedIn()))).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(await listedIn(here)).toHaveLength(1)
    expect(await accountPage(here)).toContain('Ended a session that began with <bdi>passkey</bdi>')
  })

  it.each<[string, (one: Member, id: string) => Promise<unknown>]>([
    ['another user', async (_, id) => endSession(await Visitor.signedIn(), id)],
    ['another site', ({ copy }, id) => endSession(copy, id, { 'Sec-Fetch-Site': 'cross-site' })],
    ['a GET', ({ copy }, id) => copy.get(`/account/sessions/end?id=${id}`)],
    ['a visitor without a session', (_, id) => endSession(new Visitor(), id)],
  ])('is closed to %s', async (_, end) => {
    const one = await newMember()
    const other = new Visitor()
    expectSignedIn(await signInWith(other, one.key))
    const [id = ''] = await listedIn(one.person)
    await end(one, id)
    expect(await other.isSignedIn()).toBe(true)
    expect(await listedIn(one.person)).toEqual([id])
  })

  it('is empty for the sessions of before, once the person signs out everywhere', async () => {
    const { person, key } = await newMember()
    const other = new Visitor()
    await signInWith(other, key)
    await person.post('/account/sign-out-everywhere', {})
    await signInWith(other, key)
    expect(await listedIn(other)).toEqual([])
  })

  it('keeps a hundred, and leaves older ones signed in', async () => {
    const { person, key, userId } = await newMember()
    await runInDurableObject(accountOf(env, userId), (object: AccountObject) => {
      const endsAt = Date.now() + 60_000
      for (let n = 0; n < 120; n++)
        object.signIn({
          identity: OWNER,
          method: 'github',
          place: '',
          expiresAt: undefined,
          session: { id: `session ${n}`, endsAt },
        })
      expect(object.past(0).sessions).toHaveLength(100)
    })
    expect(await person.isSignedIn()).toBe(true)
    const other = new Visitor()
    await signInWith(other, key)
    expect(await accountPage(other)).toContain('Older sessions are not listed.')
  })

  it('notes once an hour that a session was seen, forgets it with its cookie, and writes nothing else', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { person, userId } = await newMember()
    const counter = await OperationCounter.install()
    const rows = async () => (await counter.count(() => person.isSignedIn())).cost.rowsWritten
    expect(await rows()).toBe(0)
    pass(60 * 60)
    expect([await rows(), await rows()]).toEqual([1, 0])
    const [session] = (await accountOf(env, userId).past(0)).sessions
    expect((session?.seenAt ?? 0) - (session?.beganAt ?? 0)).toBeGreaterThanOrEqual(60 * 60 * 1000)
    pass(11 * 60 * 60)
    expect((await accountOf(env, userId).past(0)).sessions).toEqual([])
  })
})
