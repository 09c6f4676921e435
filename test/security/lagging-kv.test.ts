// The whole way, and its races, on KV as it really is: two locations, a minute's lag, cached misses, failures.

import { listDurableObjectIds, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LaggingKv } from '../support/lagging-kv.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'

let kv: LaggingKv

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  kv = LaggingKv.install()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

async function tokensOf(response: Promise<Response>): Promise<Tokens> {
  const answer = await response
  expect(answer.status).toBe(200)
  return (await answer.json()) as Tokens
}

async function runGrantAlarms(): Promise<void> {
  for (const id of await listDurableObjectIds(env.GRANTS)) await runDurableObjectAlarm(env.GRANTS.get(id))
}

describe('W1 KV that shows nothing of a write for a minute', () => {
  it('lets every step succeed at once, each at another location', async () => {
    const person = new Visitor()
    kv.location = 'Lisbon'
    const app = await OAuthClient.registered()
    kv.location = 'Osaka'
    const redemption = await app.authorize(person)
    kv.location = 'Lisbon'
    let tokens = await tokensOf(app.token(redemption))
    for (const [seconds, location] of [
      [1, 'Osaka'],
      [20, 'Lisbon'],
      [3600, 'Osaka'],
      [1, 'Lisbon'],
      [90, 'Osaka'],
    ] as const) {
      pass(seconds)
      kv.location = location
      tokens = await tokensOf(app.refresh(tokens.refresh_token))
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    }
    kv.location = 'Lisbon'
    expect(await person.hasConnected(app.id)).toBe(true)
    pass(2)
    await person.post('/account/revoke', { client_id: app.id })
    kv.location = 'Osaka'
    expect((await app.refresh(tokens.refresh_token)).status).toBe(400)
    expect(kv.refusedTooFast).toEqual([])
  })

  it('decides fifty redemptions and fifty refreshes once, wherever they arrive', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const anywhere = <T>(request: () => Promise<T>) =>
      Promise.all(
        Array.from({ length: 50 }, (_, n) => {
          kv.location = n % 2 === 0 ? 'Lisbon' : 'Osaka'
          return request()
        }),
      )
    const redeemed = await anywhere(() => app.token(redemption))
    const winners = redeemed.filter((response) => response.status === 200)
    expect(winners).toHaveLength(1)
    const { refresh_token } = (await (winners[0] as Response).json()) as Tokens
    const refreshed = await anywhere(() => tokensOf(app.refresh(refresh_token)))
    expect(new Set(refreshed.map((tokens) => tokens.refresh_token)).size).toBe(1)
  })

  it('tells a revocation to every location within two minutes', async () => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect()
    for (const location of ['Lisbon', 'Osaka']) {
      kv.location = location
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    }
    pass(2)
    await app.revoke(tokens.refresh_token)
    pass(120)
    for (const location of ['Lisbon', 'Osaka']) {
      kv.location = location
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(401)
    }
  })
})

describe('KV that fails', () => {
  it.each([
    ['new', false],
    ['known', true],
  ])(
    'for writes (the daily quota is used up): a sign-in for a %s client gets 503, and leaves nothing',
    async (_, known) => {
      const person = await Visitor.signedIn()
      const app = await OAuthClient.registered()
      if (known) await app.connect(person)
      const before = kv.keys('grant:')
      const { url } = await app.authorizationRequest()
      const consent = await person.openConsent(url)
      kv.failing = 'writes'
      const answer = await consent.allow()
      expect(answer.searchParams.get('error')).toBe('temporarily_unavailable')
      expect(answer.searchParams.get('code')).toBeNull()
      expect(answer.searchParams.get('state')).toBe('a state')
      kv.failing = undefined
      pass(61)
      await runGrantAlarms()
      expect(await person.hasConnected(app.id)).toBe(known)
      expect(kv.keys('grant:')).toEqual(before)
    },
  )

  it('for writes: connected apps stay connected, and a revocation holds and reaches KV later', async () => {
    const person = await Visitor.signedIn()
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect(person)
    kv.failing = 'writes'
    const tokens = await tokensOf(app.refresh(refresh_token))
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    expect((await person.post('/account/revoke', { client_id: app.id })).status).toBe(303)
    expect(await (await app.refresh(tokens.refresh_token)).json()).toMatchObject({ error: 'invalid_grant' })
    kv.failing = undefined
    pass(31)
    await runGrantAlarms()
    expect(kv.keys('revoked:')).toHaveLength(1)
    expect(kv.keys('grant:')).toEqual([])
    pass(121)
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(401)
  })

  it('for reads: tokens are still redeemed, refreshed and accepted, because the objects know', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    kv.failing = 'reads'
    const tokens = await tokensOf(app.token(redemption))
    const fresh = await tokensOf(app.refresh(tokens.refresh_token))
    expect((await callTool(fresh.access_token, 'whoami')).status).toBe(200)
    kv.failing = 'all'
    await app.revoke(fresh.refresh_token)
    pass(61)
    expect((await callTool(fresh.access_token, 'whoami')).status).toBe(401)
  })
})
