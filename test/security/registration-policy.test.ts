// RFC 7591 §3 who may register: everyone, holders of the owner's token, or no one. Row R1.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import worker from '#worker'
import { REDIRECT_URI } from '../support/oauth-client.ts'
import { expectRefusal } from '../support/outcome.ts'
import { ORIGIN, randomAddress } from '../support/worker.ts'

const TOKEN = 'a-token-that-is-long-enough-not-to-be-guessed'

function ask(settings: object, path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(ORIGIN + path, init)
  return Promise.resolve(worker.fetch(request, { ...env, ...settings }, createExecutionContext()))
}

function register(settings: object, authorization?: string): Promise<Response> {
  return ask(settings, '/register', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'CF-Connecting-IP': randomAddress(),
      ...(authorization !== undefined && { Authorization: authorization }),
    },
    body: JSON.stringify({ redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' }),
  })
}

async function metadata(settings: object): Promise<Record<string, unknown>> {
  return (await ask(settings, '/.well-known/oauth-authorization-server')).json()
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('R1 RFC 7591 registration', () => {
  it('takes the token of the owner, where there is one', async () => {
    const settings = { REGISTRATION: 'token', INITIAL_ACCESS_TOKEN: TOKEN }
    expect((await register(settings, `Bearer ${TOKEN}`)).status).toBe(201)
    expect(await metadata(settings)).toHaveProperty('registration_endpoint')
    for (const wrong of [undefined, 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer ']) {
      const refused = await register(settings, wrong)
      expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
      await expectRefusal(refused, 'invalid_token', 401)
    }
  })

  it('is refused and not advertised where it is off, whatever comes', async () => {
    const settings = { REGISTRATION: 'off', INITIAL_ACCESS_TOKEN: TOKEN }
    await expectRefusal(await register(settings, `Bearer ${TOKEN}`), 'access_denied', 403)
    expect(await metadata(settings)).not.toHaveProperty('registration_endpoint')
  })

  it.each([
    [{ REGISTRATION: 'sometimes' }, 'REGISTRATION must be'],
    [{ REGISTRATION: 'token' }, 'INITIAL_ACCESS_TOKEN is missing'],
    [{ REGISTRATION: 'token', INITIAL_ACCESS_TOKEN: 'short' }, 'INITIAL_ACCESS_TOKEN is too easy to guess'],
  ])('stops the server with %j', async (settings, complaint) => {
    const log = vi.spyOn(console, 'error')
    expect((await register(settings)).status).toBe(500)
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(complaint))
  })
})
