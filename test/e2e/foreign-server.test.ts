// Another authorization server: an unmodified MCP client finds it by our metadata, a person signs in there in
// a real browser, and the token that it issues opens our tools. No user signs in here.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { IdentityProvider, REGISTERED_APP, RESOURCE_SERVER } from '../support/identity-provider.ts'
import { LocalServer } from '../support/local-server.ts'
import { toolCall } from '../support/remote.ts'

const SCOPES = 'scopes = { "api:read" = "notes:read", "api:write" = "notes:write" }'
const INTROSPECTION = `introspection = true
client_id = "${RESOURCE_SERVER.client_id}"
client_secret_setting = "EXAMPLE_SECRET"`

let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
})

describe.each([
  ['jwt', ''],
  ['opaque', INTROSPECTION],
] as const)('an authorization server with %s access tokens', (format, settings) => {
  let provider: IdentityProvider
  let server: LocalServer
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    provider = await IdentityProvider.start(format)
    const toml = `[[vars.AUTHORIZATION_SERVERS]]\nissuer = "${provider.issuer}"\n${SCOPES}\n${settings}\n`
    server = await LocalServer.start(undefined, { EXAMPLE_SECRET: RESOURCE_SERVER.client_secret }, toml)
    context = await browser.newContext()
    // Its pages ask for a font of elsewhere.
    await context.route(/googleapis/, (route) => route.abort())
    page = await context.newPage()
  })

  afterAll(async () => {
    await context?.close()
    await server?.stop()
    await provider?.stop()
  })

  let app: App

  afterEach(async () => {
    await app?.stop()
  })

  it.each([
    ['the 2026-07-28 protocol', { pin: '2026-07-28' }],
    ['the initialize era', 'legacy'],
  ] as const)('lets a client in %s connect, and step up', async (name, era) => {
    const visited: string[] = []
    app = await App.start(server.mcpUrl, era, async (url) => {
      visited.push(url.origin)
      await provider.allow(page, url, 'alice')
    })
    app.saveClientInformation(REGISTERED_APP)
    await app.connect()
    expect((await app.call('whoami')).structuredContent).toMatchObject({
      userId: expect.stringMatching(/^user_/),
      name: 'Ms alice',
      scopes: ['notes:read'],
    })
    const text = `Written in ${name}`
    expect((await app.call('add_note', { text })).structuredContent).toMatchObject({ text })
    expect(visited).toEqual([provider.issuer, provider.issuer])
  })

  it('leads a client on that opens /authorize and /token on our origin', async () => {
    const callback = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html').end('<h1>You can close this page.</h1>')
    }).listen(0, '127.0.0.1')
    await once(callback, 'listening')
    const verifier = randomBytes(32).toString('base64url')
    const asked = {
      client_id: REGISTERED_APP.client_id,
      redirect_uri: `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`,
      resource: server.mcpUrl.href,
    }
    const url = new URL('/authorize', server.origin)
    url.search = new URLSearchParams({
      ...asked,
      response_type: 'code',
      scope: 'api:read',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    await provider.allow(page, url, 'alice')
    const code = new URL(page.url()).searchParams.get('code') as string
    callback.close()
    const body = new URLSearchParams({
      ...asked,
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
    })
    const answer = await fetch(new URL('/token', server.origin), { method: 'POST', body })
    expect(answer.url).toBe(`${provider.issuer}/token`)
    expect(await whoami(((await answer.json()) as { access_token: string }).access_token)).toBe(200)
  })

  it('registers a client by itself, and is asked once for all who come at the same time', async () => {
    app = await App.start(server.mcpUrl, 'legacy', (url) => provider.allow(page, url, 'alice'))
    await app.connect()
    const token = app.tokens()?.access_token as string
    expect(token.split('.')).toHaveLength(format === 'jwt' ? 3 : 1)
    await app.client.close()
    await server.restart()
    provider.requests.length = 0
    const answers = await Promise.all(Array.from({ length: 20 }, () => whoami(token)))
    expect(answers).toEqual(Array(20).fill(200))
    expect(provider.requests.filter((path) => !path.includes('/.well-known/'))).toEqual([
      format === 'jwt' ? '/jwks' : '/token/introspection',
    ])
  })

  it('is the only way in', async () => {
    for (const path of ['/login', '/register', '/account', '/.well-known/oauth-authorization-server']) {
      expect((await fetch(new URL(path, server.origin))).status).toBe(404)
    }
    expect(await whoami('made-up')).toBe(401)
  })

  async function whoami(token: string): Promise<number> {
    const response = await fetch(server.mcpUrl, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'whoami',
      },
      body: JSON.stringify(toolCall('whoami', {})),
    })
    await response.text()
    return response.status
  }
})
