// Several servers behind one gate, as an app meets them that this project did not write: the client of the first SDK. Two are
// in the Worker of the gate, one behind a service binding, one at an address of its own (examples/behind-the-gate).
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { decodeJwt } from 'jose'
import type { Miniflare } from 'miniflare'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { LocalServer, runAlone } from '../support/local-server.ts'
import { modernCall } from '../support/mcp-request.ts'

const EXAMPLE = 'examples/behind-the-gate/src/index.ts'
const BINDING = '[[services]]\nbinding = "REPORTS"\nservice = "reports"\nentrypoint = "BehindTheGate"\n'
const ELSEWHERE = 'https://reports.example/mcp'
const REDIRECT = 'http://127.0.0.1:9/callback'

let gate: LocalServer
let elsewhere: Miniflare
let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  const beside = { name: 'reports', entry: EXAMPLE, settings: {} }
  ;[gate, browser] = await Promise.all([
    LocalServer.start('test/support/behind-worker.ts', {}, BINDING, beside),
    launchBrowser(),
  ])
  elsewhere = await runAlone({ ...beside, settings: { ISSUER: gate.origin, RESOURCE: ELSEWHERE } })
  context = await browser.newContext({ javaScriptEnabled: false })
})

afterAll(async () => {
  await browser?.close()
  await gate?.stop()
  await elsewhere?.dispose()
})

/** The internet, in which the last server has a name. */
async function reach(url: string | URL, init?: RequestInit): Promise<Response> {
  if (new URL(url).host !== new URL(ELSEWHERE).host) return fetch(url, init)
  return fetch(new URL(new URL(url).pathname, await elsewhere.ready), init)
}

/** One app: registered once, with a token for each server that it is used with. */
class App {
  static information: OAuthClientInformationMixed | undefined
  /** What the consent page called the server. */
  server = ''
  tokens: OAuthTokens | undefined
  #code = ''
  #verifier = ''
  readonly #provider: OAuthClientProvider = {
    redirectUrl: REDIRECT,
    clientMetadata: {
      client_name: 'First SDK',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => App.information,
    saveClientInformation: (saved) => {
      App.information = saved
    },
    tokens: () => this.tokens,
    saveTokens: (saved) => {
      this.tokens = saved
    },
    redirectToAuthorization: async (url) => {
      this.#code = await this.#allow(url)
    },
    saveCodeVerifier: (saved) => {
      this.#verifier = saved
    },
    codeVerifier: () => this.#verifier,
  }

  async connect(server: string): Promise<Client> {
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(server), { authProvider: this.#provider, fetch: reach })
    // The transport's optional members do not fit exactOptionalPropertyTypes.
    const open = async (through: StreamableHTTPClientTransport) => {
      const client = new Client({ name: 'v1', version: '1' })
      await client.connect(through as never)
      return client
    }
    const first = transport()
    await expect(open(first)).rejects.toThrow(UnauthorizedError)
    await first.finishAuth(this.#code)
    return open(transport())
  }

  /** Signs in if need be, and allows. Returns the code. */
  async #allow(url: URL): Promise<string> {
    const page = await context.newPage()
    await page.goto(url.href)
    if (new URL(page.url()).pathname === '/login') {
      await page.getByLabel('Passphrase').fill(gate.passphrase)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    this.server = (await page.locator('dt:has-text("It will use") + dd').textContent()) ?? ''
    const sent = page.waitForRequest((request) => !request.url().startsWith(gate.origin))
    await page.getByRole('button', { name: 'Allow' }).click()
    const answer = new URL((await sent).url())
    await page.close()
    return answer.searchParams.get('code') as string
  }
}

const TOOLS = [
  ['/mcp', 'whoami', 'The fixture server'],
  ['/billing/mcp', 'list_invoices', 'Billing'],
  ['/reports/mcp', 'list_reports', 'Reports'],
  [ELSEWHERE, 'list_reports', 'Reports elsewhere'],
] as const
const urlOf = (server: string) => new URL(server, gate.origin).href

describe('one app and several servers', () => {
  const apps = new Map<string, App>()
  const tokenFor = (server: string) => apps.get(server)?.tokens?.access_token as string

  it.each(TOOLS)(
    'connects to %s and calls %s, after a consent page that names it',
    async (server, name, called) => {
      const app = new App()
      apps.set(server, app)
      const client = await app.connect(urlOf(server))
      const result = await client.callTool({ name, arguments: {} })
      expect(JSON.stringify(result.content)).toContain('Owner')
      expect(app.server).toBe(called)
      expect(decodeJwt(tokenFor(server)).aud).toBe(urlOf(server))
      // Its library refreshes, and the new token is for the same server.
      app.tokens = { ...(app.tokens as OAuthTokens), access_token: 'expired' }
      expect((await client.callTool({ name, arguments: {} })).isError).toBeFalsy()
      expect(decodeJwt(tokenFor(server)).aud).toBe(urlOf(server))
      await client.close()
    },
  )

  describe('G1 the token for one server', () => {
    it.each(TOOLS.flatMap(([of]) => TOOLS.map(([at, tool]) => [of, at, tool] as const)))(
      '%s counts at %s only if they are the same',
      async (of, at, tool) => {
        const answer = await reach(urlOf(at), modernCall(tokenFor(of), tool))
        expect(answer.status).toBe(of === at ? 200 : 401)
      },
    )
  })

  it('G3 another Worker takes no caller from a stranger', async () => {
    const caller = encodeURIComponent('{"userName":"Mallory","scopes":["reports:read"]}')
    const changes = { Authorization: undefined, 'Gatehouse-Caller': caller }
    const call = modernCall('', 'list_reports', {}, { headers: changes })
    for (const server of ['/reports/mcp', ELSEWHERE])
      expect((await reach(urlOf(server), call)).status).toBe(401)
  })

  it('shows one app with all its servers, and revokes them together', async () => {
    const page = await context.newPage()
    await page.goto(`${gate.origin}/account`)
    const card = page.locator('.app', { hasText: 'First SDK' })
    expect(await card.count()).toBe(1)
    expect(await card.textContent()).toMatch(/Uses Reports elsewhere, Reports, Billing, The fixture server/)
    await card.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('Revoked. The app loses access within two minutes.').waitFor()
    await page.close()
    for (const app of apps.values()) {
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: app.tokens?.refresh_token as string,
        client_id: App.information?.client_id as string,
      })
      expect((await fetch(`${gate.origin}/token`, { method: 'POST', body })).status).toBe(400)
    }
  })
})
