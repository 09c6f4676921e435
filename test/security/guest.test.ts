// A guest signs in without any credential. The account ends after twelve hours.
import '../support/every-login.ts'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { type Reviewer, reviewerKey } from '#engine/login/reviewer/store.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal, grantIdOf, pass, tokensOf } from '../support/outcome.ts'
import { expectPage, expectSignInPage } from '../support/refusals.ts'
import { expectSignedIn, userOf } from '../support/upstream-sign-in.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, randomAddress } from '../support/worker.ts'

describe('A24 a guest', () => {
  const HOURS = 60 * 60

  async function newGuest(): Promise<Visitor> {
    const person = new Visitor()
    await expectSignedIn(person, await person.post('/login/guest', {}))
    return person
  }

  it('has an account and notes of their own', async () => {
    const app = await OAuthClient.registered()
    const [first, second] = [await newGuest(), await newGuest()]
    const one = await app.connect(first)
    const other = await app.connect(second)
    await callTool(one.access_token, 'add_note', { text: 'mine' })
    const notes = await structured<{ notes: object[] }>(callTool(other.access_token, 'list_notes'))
    expect(notes.notes).toEqual([])
    expect(await userOf(first)).not.toBe(await userOf(second))
    expect(await userOf(first)).not.toBe(await userOf(await Visitor.signedIn()))
  })

  it('ends after twelve hours, with session, grant and access token', async () => {
    const person = await newGuest()
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    pass(11.5 * HOURS)
    const last = await tokensOf(app.refresh(tokens.refresh_token))
    // No access token outlives the guest.
    expect(last.expires_in).toBeLessThanOrEqual(0.5 * HOURS)
    expect((await callTool(last.access_token, 'whoami')).status).toBe(200)
    pass(0.5 * HOURS - 1)
    expect(await person.isSignedIn()).toBe(true)
    pass(1)
    expectSignInPage(await person.get('/account'))
    expectInvalidToken(await callTool(last.access_token, 'whoami'))
    await expectRefusal(await app.refresh(last.refresh_token), 'invalid_grant')
  })

  it('ends even if the session says otherwise', async () => {
    const person = await Visitor.as('guest', { method: 'guest', expiresAt: Date.now() + 60_000 })
    expect(await person.isSignedIn()).toBe(true)
    pass(60)
    expectSignInPage(await person.get('/account'))
  })

  /** Without those of the platform. */
  function tablesOf({ sql }: DurableObjectStorage): object[] {
    return sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray()
  }

  it('leaves no account behind', async () => {
    const person = await newGuest()
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    const user = await userOf(person)
    const account = env.ACCOUNTS.getByName(user)
    const grant = env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(tokens.refresh_token)))
    pass(12 * HOURS)
    // The grant tells the account of its end, and is gone.
    expect(await runDurableObjectAlarm(grant)).toBe(true)
    expect(await account.grantIds()).not.toContain(grantIdOf(tokens.refresh_token))
    await runInDurableObject(account, async (_object, { storage }) => {
      const alarm = (await storage.getAlarm()) as number
      expect(alarm).toBeGreaterThan(Date.now())
      expect(alarm).toBeLessThanOrEqual(Date.now() + HOURS * 1000)
    })
    pass(HOURS)
    expect(await runDurableObjectAlarm(account)).toBe(true)
    await runInDurableObject(account, (_object, { storage }) => expect(tablesOf(storage)).toEqual([]))
    expect((await env.RECORDS.list({ prefix: `grant:${grantIdOf(tokens.refresh_token)}` })).keys).toEqual([])
  })

  it('leaves no notes behind', async () => {
    const person = await newGuest()
    const { access_token } = await (await OAuthClient.registered()).connect(person)
    const user = await userOf(person)
    expect((await callTool(access_token, 'add_note', { text: 'mine' })).status).toBe(200)
    pass(12 * HOURS)
    const notebook = env.NOTEBOOKS.getByName(user)
    expect(await runDurableObjectAlarm(notebook)).toBe(true)
    await runInDurableObject(notebook, (_object, { storage }) => expect(tablesOf(storage)).toEqual([]))
  })

  it('can grant no more than a ceiling for guests', async () => {
    configure({ SCOPE_CEILINGS: 'guest:* = notes:read; * =' })
    const tokens = await (await OAuthClient.registered()).connect(await newGuest())
    expect(tokens.scope).toBe('notes:read')
  })

  it('cannot be made by another site', async () => {
    const person = new Visitor()
    const forced = await person.post('/login/guest', {}, { 'Sec-Fetch-Site': 'cross-site' })
    await expectPage(forced, 403)
    expect((await person.get('/login/guest')).status).toBe(404)
    expect(person.cookies.size).toBe(0)
  })

  it('is one of few from one address; further ones read why', async () => {
    const person = new Visitor()
    let refused: Response | undefined
    for (let n = 0; n < 100 && !refused; n++) {
      const response = await person.post('/login/guest', { return_to: '/account?on=my-way' })
      if (response.status !== 303) refused = response
    }
    expect(refused?.status).toBe(429)
    expect(refused?.headers.get('Retry-After')).toBe('60')
    const html = (await refused?.text()) as string
    expect(html).toContain('Wait a minute')
    expect(html).toContain('value="/account?on=my-way"')
    expect((await new Visitor().post('/login/guest', {})).status).toBe(303)
  })
})

describe('A30 a reviewer', () => {
  const DAY = 24 * 60 * 60
  const PASSWORD = 'abcd-efgh-jkmn-pqrs-tuvw-xyz0-2345'

  async function reviewers(password: string, changes: Partial<Reviewer> = {}): Promise<Reviewer> {
    const known = { id: crypto.randomUUID(), expiresAt: Date.now() + 30 * DAY * 1000, ...changes }
    await env.RECORDS.put(await reviewerKey(password), JSON.stringify(known))
    return known
  }

  const signIn = (person: Visitor, reviewer_password: string) =>
    person.post('/login/reviewer', { reviewer_password })

  it('has one account, at each sign-in, until its end', async () => {
    await reviewers(PASSWORD)
    const [person, again] = [new Visitor(), new Visitor()]
    await expectSignedIn(person, await signIn(person, PASSWORD))
    await expectSignedIn(again, await signIn(again, ` ${PASSWORD}\n`))
    expect(await userOf(person)).toBe(await userOf(again))
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(person)
    expect((await callTool(access_token, 'add_note', { text: 'mine' })).status).toBe(200)
    const user = await userOf(person)
    pass(30 * DAY)
    expectSignInPage(await again.get('/account'))
    await expectPage(await signIn(new Visitor(), PASSWORD), 403)
    pass(60 * 60)
    expect(await runDurableObjectAlarm(env.ACCOUNTS.getByName(user))).toBe(true)
    expect(await runDurableObjectAlarm(env.NOTEBOOKS.getByName(user))).toBe(true)
  })

  it('that deletes its data and comes back is deleted at its end all the same', async () => {
    await reviewers(PASSWORD)
    const person = new Visitor()
    await expectSignedIn(person, await signIn(person, PASSWORD))
    const account = env.ACCOUNTS.getByName(await userOf(person))
    await person.post('/account/erase', { sure: 'yes' })
    await expectSignedIn(person, await signIn(person, PASSWORD))
    const kept = () => runInDurableObject(account, (_, { storage }) => [...storage.kv.list()].length)
    pass(29 * DAY)
    await runDurableObjectAlarm(account)
    expect(await kept()).toBeGreaterThan(0)
    pass(DAY + 60 * 60)
    await runDurableObjectAlarm(account)
    expect(await kept()).toBe(0)
  })

  it('is no owner, and no other reviewer', async () => {
    const OTHER = PASSWORD.replace('abcd', 'bcde')
    await Promise.all([reviewers(PASSWORD), reviewers(OTHER)])
    const [one, other] = [new Visitor(), new Visitor()]
    await signIn(one, PASSWORD)
    await signIn(other, OTHER)
    expect(await userOf(one)).not.toBe(await userOf(other))
    await expectPage(await one.get('/admin'), 404)
  })

  it('is refused with a wrong password, and after it was withdrawn', async () => {
    await reviewers(PASSWORD)
    const wrong = ['', 'reviewer', PASSWORD.toUpperCase(), PASSWORD.replace('a', 'b'), `${PASSWORD}-abcd`]
    for (const password of wrong) await expectPage(await signIn(new Visitor(), password), 403)
    await env.RECORDS.delete(await reviewerKey(PASSWORD))
    await expectPage(await signIn(new Visitor(), PASSWORD), 403)
  })

  it('costs no read for what is no password of ours', async () => {
    const get = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get')
    await signIn(new Visitor(), 'x'.repeat(1000))
    expect(get).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it('is refused when one address tries too often', async () => {
    const headers = { 'CF-Connecting-IP': randomAddress() }
    const statuses: number[] = []
    for (let tries = 0; tries < 21; tries++) {
      const answer = await new Visitor().post(
        '/login/reviewer',
        { reviewer_password: PASSWORD.replace('a', 'z') },
        headers,
      )
      statuses.push(answer.status)
    }
    expect(new Set(statuses)).toEqual(new Set([403, 429]))
    expect(statuses.indexOf(429)).toBeGreaterThanOrEqual(10)
  })

  it('is named by the ceilings as reviewer:*', async () => {
    configure({ SCOPE_CEILINGS: 'reviewer:* = notes:read; * = notes:read notes:write' })
    await reviewers(PASSWORD)
    const person = new Visitor()
    await signIn(person, PASSWORD)
    const app = await OAuthClient.registered()
    const { scope } = await app.connect(person, { scope: 'notes:read notes:write' })
    configure()
    expect(scope).toBe('notes:read')
  })
})
