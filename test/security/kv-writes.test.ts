// S11: the writes of KV, of which the free plan has a thousand a day, are not one guest's, app's or failure's to spend.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import { expectRefusal, grantIdOf, pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { send } from '../support/worker.ts'

const GUEST = { method: 'guest', expiresAt: Date.now() + 12 * 60 * 60 * 1000 }

const spyOn = (name: 'put' | 'delete') =>
  vi.spyOn(Object.getPrototypeOf(env.RECORDS) as Record<'put' | 'delete', (key: string) => unknown>, name)

let puts: ReturnType<typeof spyOn>
let deletes: ReturnType<typeof spyOn>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  puts = spyOn('put')
  deletes = spyOn('delete')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

async function approve(person: Visitor, app: OAuthClient): Promise<Response> {
  return (await person.openConsent((await app.authorizationRequest()).url)).submit()
}

describe.each<[string, () => Promise<Visitor>, number, number]>([
  ['a guest', () => Visitor.as('Guest', GUEST), 5, 10],
  ['a person', () => Visitor.as(crypto.randomUUID()), 100, 100],
])('S11 approvals of %s', (_, arrive, live, aDay) => {
  it(`are refused beyond ${live} that live and ${aDay} a day, by a page, and write nothing then`, async () => {
    const person = await arrive()
    const app = await OAuthClient.registered()
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    // A page that was fetched once can be sent many times, also all at once.
    const answers = await Promise.all(Array.from({ length: live + 20 }, () => consent.submit()))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(live)
    const refused = answers.find(({ status }) => status !== 303) as Response
    expect(refused.status).toBe(429)
    expect(refused.headers.get('Location')).toBeNull()
    expect(await refused.text()).toContain('Revoke one on your account page')
    const written = puts.mock.calls.filter(([key]) => String(key).startsWith('grant:'))
    expect(written).toHaveLength(live)
    expect(deletes).not.toHaveBeenCalled()

    // What ends makes room, until the day's are used up.
    await person.post('/account/revoke', { client_id: app.id })
    let last = await approve(person, app)
    for (let n = live; n < aDay; n++) {
      expect(last.status).toBe(303)
      last = await approve(person, app)
      await person.post('/account/revoke', { client_id: app.id })
    }
    expect(last.status).toBe(429)
    expect(await last.text()).toContain('Try again tomorrow')
  })
})

describe('S11 an approval that is refused', () => {
  it('does not write the client to KV either', async () => {
    const guest = await Visitor.as('Guest', GUEST)
    const first = await OAuthClient.registered()
    for (let n = 0; n < 5; n++) await approve(guest, first)
    puts.mockClear()
    for (let n = 0; n < 5; n++)
      expect((await approve(guest, await OAuthClient.registered())).status).toBe(429)
    expect(puts).not.toHaveBeenCalled()
  })
})

describe('S11 changes of a registration', () => {
  const METADATA = {
    client_name: 'App',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
  }

  async function approved() {
    const answer = await register(METADATA)
    const { client_id, registration_access_token } = await answer.json<Record<string, string>>()
    const app = await OAuthClient.known(client_id as string)
    await approve(await Visitor.signedIn(), app)
    const object = env.CLIENTS.get(env.CLIENTS.idFromString(app.id))
    const published = () => runInDurableObject(object, (_object, { storage }) => storage.kv.get('published'))
    await vi.waitFor(async () => expect(await published()).toBeDefined())
    puts.mockClear()
    const headers = {
      Authorization: `Bearer ${registration_access_token}`,
      'Content-Type': 'application/json',
    }
    return (changes: object) =>
      send(`/register/${client_id}`, {
        method: 'PUT',
        headers,
        body: JSON.stringify({ client_id, ...METADATA, ...changes }),
      })
  }

  it('that change nothing cost KV nothing', async () => {
    const put = await approved()
    for (let n = 0; n < 15; n++) expect((await put({})).status).toBe(200)
    expect([puts.mock.calls.length, deletes.mock.calls.length]).toEqual([0, 0])
  })

  it('are ten a day', async () => {
    const put = await approved()
    for (let n = 0; n < 10; n++) expect((await put({ client_name: `App ${n}` })).status).toBe(200)
    const refused = await put({ client_name: 'One too many' })
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(23 * 60 * 60)
    await expectRefusal(refused, 'temporarily_unavailable', 429)
    expect(deletes).toHaveBeenCalledTimes(10)
    // What changes nothing is still answered.
    expect((await put({ client_name: 'App 9' })).status).toBe(200)
    pass(24 * 60 * 60)
    expect((await put({ client_name: 'App 10' })).status).toBe(200)
  })
})

describe('S11 a revocation that KV does not take for a day', () => {
  const objectOf = (token: string) => env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(token)))

  /** Lets the object wake whenever it wants to, for so long. Returns how long it waited each time, in seconds. */
  async function wakeFor(hours: number, token: string): Promise<number[]> {
    const grant = objectOf(token)
    const end = Date.now() + hours * 60 * 60 * 1000
    const gaps: number[] = []
    for (;;) {
      const alarm = await runInDurableObject(grant, (_object, { storage }) => storage.getAlarm())
      if (alarm === null || alarm > end) return gaps
      gaps.push(Math.round((alarm - Date.now()) / 1000))
      vi.setSystemTime(alarm)
      await runDurableObjectAlarm(grant)
    }
  }

  it('is tried ever more rarely, marks the grant once, and ends when KV is back', async () => {
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect()
    puts.mockClear()
    deletes.mockRejectedValue(new Error('KV DELETE failed: 429'))
    await app.revoke(refresh_token)
    // Asked for again and again, it is tried no more often.
    for (let n = 0; n < 20; n++) await app.revoke(refresh_token)
    const gaps = await wakeFor(24, refresh_token)
    expect(gaps.slice(0, 4)).toEqual([30, 60, 120, 240])
    expect(deletes.mock.calls.length).toBeLessThanOrEqual(15)
    expect(puts.mock.calls.map(([key]) => key)).toEqual([`revoked:${grantIdOf(refresh_token)}`])
    await expectRefusal(await app.refresh(refresh_token), 'invalid_grant')

    deletes.mockRestore()
    await wakeFor(7, refresh_token)
    expect(await env.RECORDS.get(`grant:${grantIdOf(refresh_token)}`)).toBeNull()
    expect(await wakeFor(24, refresh_token)).toEqual([])
  })

  it('leaves out the mark once no access token can be about', async () => {
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect()
    puts.mockClear()
    puts.mockRejectedValue(new Error('KV PUT failed: 429'))
    await app.revoke(refresh_token)
    const gaps = await wakeFor(24, refresh_token)
    // 30 s, 60 s … 64 min: by then the mark is of no use, and the record goes.
    expect(gaps.length).toBeLessThan(10)
    expect(await env.RECORDS.get(`grant:${grantIdOf(refresh_token)}`)).toBeNull()
  })
})

describe('S11 the approvals of a day', () => {
  it('are used up also for a person who deletes the account and comes back', async () => {
    // Nothing of the tests before counts.
    pass(24 * 60 * 60)
    const app = await OAuthClient.registered()
    const approveMany = async () => {
      const person = await Visitor.signedIn()
      const consent = await person.openConsent((await app.authorizationRequest()).url)
      const answers = await Promise.all(Array.from({ length: 60 }, () => consent.submit()))
      await person.post('/account/erase', { sure: 'yes' })
      return answers.filter(({ status }) => status === 303).length
    }
    expect([await approveMany(), await approveMany(), await approveMany()]).toEqual([60, 40, 0])
  })
})
