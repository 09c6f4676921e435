// A limit slows those who try too often, says so, and slows no one else. A limit counts by the clock's minute, so
// that more than twice its number are needed to meet one for certain.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { OAuthClient, REDIRECT_URI } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'
import { randomAddress, send } from '../support/worker.ts'

async function firstRefusal(
  tries: number,
  attempt: (n: number) => Promise<Response>,
): Promise<Response | undefined> {
  for (let n = 0; n < tries; n++) {
    const response = await attempt(n)
    if (response.status === 429) return response
    expect(response.status).toBeLessThan(500)
  }
  return undefined
}

function registerFrom(address: string): Promise<Response> {
  return send('/register', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'CF-Connecting-IP': address },
    body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
  })
}

describe('W4 wrong passphrases', () => {
  it('slow one address down, with a page that says so, and leave the owner elsewhere alone', async () => {
    const guesser = new Visitor()
    const refused = await firstRefusal(100, () => guesser.signIn('/account', 'a wrong passphrase'))
    expect(refused?.headers.get('Retry-After')).toBe('60')
    expect(await refused?.text()).toContain('Wait a minute')
    // Not even the right one, from there, for now.
    expect((await guesser.signIn()).status).toBe(429)
    expect((await new Visitor().signIn()).status).toBe(303)
  })

  it('from a thousand addresses lock no user out', async () => {
    for (let n = 0; n < 1000; n++) expect((await new Visitor().signIn('/account', 'wrong')).status).toBe(403)
    expect((await new Visitor().signIn()).status).toBe(303)
  })
})

describe('R2 thousands of registrations', () => {
  it('from one address are refused with 429 and Retry-After; another address may register', async () => {
    const address = randomAddress()
    const refused = await firstRefusal(100, () => registerFrom(address))
    expect(refused?.headers.get('Retry-After')).toBe('60')
    expect(await refused?.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect((await registerFrom(randomAddress())).status).toBe(201)
  })

  it('from one IPv6 /64 count as from one address, however it is written', async () => {
    const refused = await firstRefusal(100, (n) =>
      registerFrom(
        n % 2 === 0
          ? `2001:db8:0:7::${n.toString(16)}`
          : `2001:0DB8:0000:0007:aaaa:bbbb:cccc:${n.toString(16)}`,
      ),
    )
    expect(refused?.status).toBe(429)
    expect((await registerFrom('2001:db8:0:8::1')).status).toBe(201)
  })
})

describe('token requests for one grant', () => {
  it('are slowed, while the same client goes on with another grant', async () => {
    const app = await OAuthClient.registered()
    const storm = await app.connect()
    const calm = await app.connect()
    const refused = await firstRefusal(300, () => app.refresh(storm.refresh_token, { scope: 'not:granted' }))
    expect(refused?.headers.get('Retry-After')).toBe('60')
    expect((await app.refresh(calm.refresh_token)).status).toBe(200)
  })

  it('that would rotate more than a hundred times an hour are refused by the grant', async () => {
    const app = await OAuthClient.registered()
    let { refresh_token } = await app.connect()
    for (let n = 0; n < 100; n++) {
      const response = await app.refresh(refresh_token)
      expect(response.status).toBe(200)
      refresh_token = ((await response.json()) as { refresh_token: string }).refresh_token
    }
    const refused = await app.refresh(refresh_token)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(60)
  })
})

describe('R7 hundreds of anonymous registrations', () => {
  it('write nothing to KV, and leave sign-in and revocation as they were', async () => {
    const writes = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'put')
    for (let batch = 0; batch < 6; batch++) {
      const responses = await Promise.all(Array.from({ length: 50 }, () => registerFrom(randomAddress())))
      expect(responses.every((response) => response.status === 201)).toBe(true)
    }
    expect(writes).not.toHaveBeenCalled()
    writes.mockRestore()
    const person = await Visitor.signedIn()
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect(person)
    await app.revoke(refresh_token)
    expect((await app.refresh(refresh_token)).status).toBe(400)
  })
})
