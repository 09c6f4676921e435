// What expires: approvals that were never redeemed, idle grants, clients that no user approved.

import { listDurableObjectIds, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'

const DAY = 24 * 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

async function runGrantAlarms(): Promise<void> {
  for (const id of await listDurableObjectIds(env.GRANTS)) await runDurableObjectAlarm(env.GRANTS.get(id))
}

async function grantRecords(): Promise<string[]> {
  return (await env.RECORDS.list({ prefix: 'grant:' })).keys.map((key) => key.name)
}

describe('a grant', () => {
  it('leaves nothing behind when its code is never redeemed', async () => {
    const person = new Visitor()
    const app = await OAuthClient.registered()
    await app.authorize(person)
    expect(await person.hasConnected(app.id)).toBe(true)
    expect(await grantRecords()).toHaveLength(1)
    vi.setSystemTime(Date.now() + 61_000)
    await runGrantAlarms()
    expect(await person.hasConnected(app.id)).toBe(false)
    expect(await grantRecords()).toHaveLength(0)
  })

  it('ends after 30 days without use, and after 90 days in any case', async () => {
    const app = await OAuthClient.registered()
    const idle = await app.connect()
    let busy = (await app.connect()).refresh_token
    for (let days = 0; days < 90; days += 29) {
      const response = await app.refresh(busy)
      expect(response.status).toBe(200)
      busy = ((await response.json()) as { refresh_token: string }).refresh_token
      vi.setSystemTime(Date.now() + 29 * DAY)
    }
    for (const token of [idle.refresh_token, busy]) {
      const refused = await app.refresh(token)
      expect(await refused.json()).toMatchObject({ error: 'invalid_grant' })
    }
    await runGrantAlarms()
    expect(await grantRecords()).toHaveLength(0)
  })
})

describe('a client', () => {
  it('is deleted after a day without an approval, and kept while it has a live grant', async () => {
    const unused = await OAuthClient.registered()
    const used = await OAuthClient.registered()
    const { refresh_token } = await used.connect()
    vi.setSystemTime(Date.now() + DAY + 1000)
    await runDurableObjectAlarm(env.CLIENTS.get(env.CLIENTS.idFromString(unused.id)))
    const person = new Visitor()
    const { url } = await unused.authorizationRequest()
    expect((await person.get(url)).status).toBe(400)
    expect((await used.refresh(refresh_token)).status).toBe(200)
  })
})
