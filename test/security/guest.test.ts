// A guest signs in without any credential. The account ends after twelve hours.
import '../support/every-login.ts'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal, grantIdOf, pass, tokensOf } from '../support/outcome.ts'
import { expectPage, expectSignInPage } from '../support/refusals.ts'
import { expectSignedIn, userOf } from '../support/upstream-sign-in.ts'
import { Visitor } from '../support/visitor.ts'
import { configure } from '../support/worker.ts'

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
