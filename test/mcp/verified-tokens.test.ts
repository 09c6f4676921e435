// An isolate remembers which access tokens it has verified. It must not remember them for too long, or for others.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { issueAccessToken } from '#engine/oauth/tokens/access-token.ts'
import { verifyOnce } from '#engine/oauth/tokens/verified.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { SECRETS } from '../../scripts/setup.ts'
import { callTool } from '../support/oauth-client.ts'
import { configure, MCP_URL, ORIGIN } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  configure()
})

async function tokenOf(settings: Partial<Env> = {}, userId = 'user_somebody'): Promise<string> {
  const { token } = await issueAccessToken(loadSettings({ ...env, ...settings }), {
    issuer: ORIGIN,
    resource: MCP_URL,
    endsAt: Date.now() + 60 * 60 * 1000,
    userId,
    userName: 'Ada',
    clientId: 'owned_machine',
    scopes: [],
  })
  return token
}

const statusOf = async (token: string, origin?: string) =>
  (await callTool(token, 'whoami', {}, origin)).status

describe('an access token that was verified', () => {
  it('is not verified again', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const token = await tokenOf()
    expect(await statusOf(token)).toBe(200)
    expect(verify).toHaveBeenCalledTimes(1)
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200])
    expect(verify).toHaveBeenCalledTimes(1)
  })

  it('is refused from the second in which it expires', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Math.floor(Date.now() / 1000) * 1000)
    const token = await tokenOf()
    expect(await statusOf(token)).toBe(200)
    vi.setSystemTime(Date.now() + 60 * 60 * 1000 - 1)
    expect(await statusOf(token)).toBe(200)
    vi.setSystemTime(Date.now() + 1)
    expect(await statusOf(token)).toBe(401)
  })

  it('is refused once its key, which was only accepted, is not', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const SIGNING_KEY = (await SECRETS.SIGNING_KEY?.()) as string
    const { d: _, ...publicKey } = JSON.parse(SIGNING_KEY)
    const exp = Math.floor(Date.now() / 1000) + 60
    const token = await tokenOf({ SIGNING_KEY })
    configure({ ACCEPTED_KEYS: JSON.stringify({ keys: [{ ...publicKey, exp }] }) })
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200])
    vi.setSystemTime((exp + 1) * 1000)
    expect(await statusOf(token)).toBe(401)
  })

  it('is invalid for another server, and after a change of the key', async () => {
    const token = await tokenOf()
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(token, 'https://other.test')).toBe(401)
    configure({ SIGNING_KEY: (await SECRETS.SIGNING_KEY?.()) as string })
    expect(await statusOf(token)).toBe(401)
  })

  it('is forgotten for newer ones, so that memory has an end', async () => {
    const config = loadSettings({ ...env })
    const verified = (token: string) => verifyOnce(config, ORIGIN, MCP_URL, token)
    const first = await tokenOf()
    await verified(first)
    for (let count = 0; count < 2_000; count++) await verified(await tokenOf({}, `user_${count}`))
    const verify = vi.spyOn(crypto.subtle, 'verify')
    await verified(first)
    expect(verify).toHaveBeenCalledTimes(1)
  })
})
