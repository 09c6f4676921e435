// A server without its optional parts: what the parts answer is gone, and what they kept of a user is still the user's.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gatehouse } from '#engine/gatehouse.ts'
import { deviceGrant } from '#engine/oauth/device/part.ts'
import type { Part } from '#engine/oauth/part.ts'
import { homePage } from '#engine/pages/home.tsx'
import { personalTokens } from '#engine/personal-tokens/part.ts'
import { login } from '../fixture/src/login.ts'
import { exportData, forget, tools } from '../fixture/src/server/index.ts'
import { DocumentHost } from '../support/document-host.ts'
import { ForeignServer } from '../support/foreign-server.ts'
import { modernCall } from '../support/mcp-request.ts'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { form, ORIGIN, send } from '../support/worker.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

type Fetch = (path: string, init?: RequestInit) => Promise<Response>

/** A server with these parts, and with the storage of the server under test. */
function serverWith(parts: Part[], settings: object = {}): Fetch {
  const { worker } = gatehouse({ login, tools, forget, exportData, parts, home: homePage })
  return async (path, init) => {
    const request = new Request(new URL(path, ORIGIN), { redirect: 'manual', ...init })
    return worker.fetch(request, { ...env, ...settings }, createExecutionContext())
  }
}

function asBrowserOf({ cookies }: Visitor) {
  return {
    Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    Origin: ORIGIN,
    'Sec-Fetch-Site': 'same-origin',
    Accept: 'text/html',
  }
}

describe('a server without the device grant', () => {
  const without = serverWith([personalTokens])

  it('has no page, no endpoint and no metadata of it', async () => {
    const { client_id } = await (await register({ grant_types: [DEVICE_CODE] })).json<{ client_id: string }>()
    const body = () => ({ method: 'POST', body: form({ client_id, scope: 'notes:read' }) })
    const visitor = await Visitor.signedIn()
    const statusOf = async (server: Fetch) => [
      (await server('/device', { headers: asBrowserOf(visitor) })).status,
      (await server('/device_authorization', body())).status,
    ]
    expect(await statusOf(send)).toEqual([200, 200])
    expect(await statusOf(without)).toEqual([404, 404])
    const metadata = await (await without('/.well-known/oauth-authorization-server')).json<{
      grant_types_supported: string[]
    }>()
    expect(metadata.grant_types_supported).toContain('refresh_token')
    expect(metadata.grant_types_supported).not.toContain(DEVICE_CODE)
    expect(metadata).not.toHaveProperty('device_authorization_endpoint')
  })

  it('refuses a device code with unsupported_grant_type', async () => {
    const { client_id } = await (await register({ grant_types: [DEVICE_CODE] })).json<{ client_id: string }>()
    const body = form({ client_id, grant_type: DEVICE_CODE, device_code: 'x' })
    await expectRefusal(await without('/token', { method: 'POST', body }), 'unsupported_grant_type')
  })
})

describe('a server without personal access tokens', () => {
  const without = serverWith([deviceGrant])

  async function personWithToken() {
    const person = await Visitor.as(crypto.randomUUID())
    const fields = { name: 'Nightly job', days: '30', scope: 'notes:read' }
    const html = await (await person.post('/account/tokens/make', fields)).text()
    return { person, token: /gatehouse_pat_[\w-]{92}/.exec(html)?.[0] as string }
  }

  it('refuses those that were made with the part, as any token that it did not issue', async () => {
    const { token } = await personWithToken()
    expect((await callTool(token, 'whoami')).status).toBe(200)
    expectInvalidToken(await without('/mcp', modernCall(token, 'whoami')))
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect(await Visitor.signedIn())
    expect((await without('/mcp', modernCall(access_token, 'whoami'))).status).toBe(200)
  })

  it('K2 does not show them to another server that is asked about tokens', async () => {
    const { token } = await personWithToken()
    const host = DocumentHost.install()
    const { issuer } = await ForeignServer.start(host)
    const introspecting = { issuer, introspection: true, client_id: 'a', client_secret_setting: 'SECRET' }
    const server = serverWith([], { AUTHORIZATION_SERVERS: [introspecting], SECRET: 'secret' })
    expectInvalidToken(await server('/mcp', modernCall(token, 'whoami')))
    expect(host.fetched).toEqual([])
    await server('/mcp', modernCall('opaque', 'whoami'))
    expect(host.fetched).not.toEqual([])
  })

  it('makes none, and the account page says nothing of them', async () => {
    const { person } = await personWithToken()
    const headers = asBrowserOf(person)
    const body = () => form({ name: 'Another', days: '30', scope: 'notes:read' })
    expect((await send('/account/tokens/make', { method: 'POST', headers, body: body() })).status).toBe(200)
    expect((await without('/account/tokens/make', { method: 'POST', headers, body: body() })).status).toBe(
      404,
    )
    expect(await (await send('/account', { headers })).text()).toContain('Tokens for scripts')
    const account = await without('/account', { headers })
    expect([account.status, await account.text()]).toEqual([
      200,
      expect.not.stringContaining('Tokens for scripts'),
    ])
  })

  it('still exports what an account has of them, and deletes it with the account', async () => {
    const { person, token } = await personWithToken()
    const headers = asBrowserOf(person)
    const download = await without('/account/export', { method: 'POST', headers })
    const kept = await download.json<{ account: { id: string }; personal_access_tokens: object[] }>()
    expect(kept.personal_access_tokens).toMatchObject([{ name: 'Nightly job' }])
    const erased = await without('/account/erase', { method: 'POST', headers, body: form({ sure: 'yes' }) })
    expect(erased.status).toBe(200)
    expect(await env.ACCOUNTS.getByName(kept.account.id).personalTokens()).toEqual([])
    expectInvalidToken(await callTool(token, 'whoami'))
  })
})
