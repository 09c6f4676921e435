// Settings that an operator got wrong, or has in another form. Row S17.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import worker from '#worker'
import { form, MCP_URL, ORIGIN, randomAddress } from '../support/worker.ts'

const TITLE = 'This server is not set up correctly'

const WRONG: readonly (readonly [string, object])[] = [
  ['REGISTRATION', { REGISTRATION: 'sometimes' }],
  ['PUBLIC_URL', { PUBLIC_URL: 'https://internal.example/path' }],
  [
    'SIGNING_KEY',
    { SIGNING_KEY: '{"kty":"EC","crv":"P-256","x":"internal","y":"internal","kid":"internal"}' },
  ],
  ['SIGNING_KEY', { SIGNING_KEY: 'internal' }],
  ['ACCEPTED_KEYS', { ACCEPTED_KEYS: '{"keys":[null]}' }],
  ['ACCEPTED_KEYS', { ACCEPTED_KEYS: JSON.stringify({ keys: [JSON.parse(env.SIGNING_KEY)] }) }],
  ['SESSION_KEY', { SESSION_KEY: 'short' }],
  ['OWNER_PASSPHRASE', { OWNER_PASSPHRASE: 'guessable' }],
  ['ALLOWED_USERS', { ALLOWED_USERS: 'nobody in particular' }],
  ['OPENAI_APPS_CHALLENGE', { OPENAI_APPS_CHALLENGE: 'the internal one' }],
  ['MCP_REGISTRY_AUTH', { MCP_REGISTRY_AUTH: 'internal' }],
  ['WORKLOADS', { WORKLOADS: [{ issuer: 'https://internal.example' }] }],
]

afterEach(() => {
  vi.restoreAllMocks()
})

function ask(settings: object, url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('CF-Connecting-IP', randomAddress())
  const request = new Request(url, { redirect: 'manual', ...init, headers })
  return Promise.resolve(worker.fetch(request, { ...env, ...settings }, createExecutionContext()))
}

describe('S17 a wrong setting', () => {
  it.each(WRONG)('is named in the log, to a visitor never: %s', async (name, settings) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const path of ['/', '/login', '/no-such-page']) {
      const page = await ask(settings, ORIGIN + path, { headers: { Accept: 'text/html' } })
      const html = await page.text()
      expect(page.status).toBe(500)
      expect(html).toContain(`<h1>${TITLE}</h1>`)
      expect(html).not.toMatch(/[A-Z]+_[A-Z]+|sometimes|internal|REGISTRATION|WORKLOADS|wrangler/)
    }
    expect(log.mock.calls).toEqual(Array(3).fill([expect.stringContaining(name)]))
  })

  it.each(WRONG)('is a server_error to a client: %s', async (_, settings) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const url of [`${ORIGIN}/token`, MCP_URL, `${ORIGIN}/register`]) {
      const answer = await ask(settings, url, { method: 'POST', body: '{}' })
      expect(answer.status).toBe(500)
      expect(await answer.json()).toEqual({ error: 'server_error', error_description: TITLE })
    }
  })
})

describe('S17 a passphrase', () => {
  const signIn = (configured: string, typed: string) =>
    ask({ OWNER_PASSPHRASE: configured }, `${ORIGIN}/login/passphrase`, {
      method: 'POST',
      body: form({ passphrase: typed }),
      headers: { Origin: ORIGIN, 'Sec-Fetch-Site': 'same-origin' },
    })

  it.each([
    ['a space at its end', (text: string) => `${text} `],
    ['a line break at its end, as a pipe leaves one', (text: string) => `${text}\n`],
    ['spaces on both sides', (text: string) => `  ${text}\t`],
    ['none', (text: string) => text],
  ])('signs in, whether typed with it or without, where it was set with %s', async (_, written) => {
    const secret = env.OWNER_PASSPHRASE
    for (const typed of [secret, `${secret} `, written(secret)]) {
      expect((await signIn(written(secret), typed)).status).toBe(303)
    }
    expect((await signIn(written(secret), secret.slice(0, -1))).status).not.toBe(303)
  })

  it('counts its spaces inside', async () => {
    const secret = 'correct horse battery staple in a stable'
    expect((await signIn(secret, secret)).status).toBe(303)
    expect((await signIn(secret, secret.replaceAll(' ', ''))).status).not.toBe(303)
  })
})
