// Clients as people have them: that of the first SDK, unmodified, which most apps still carry; and ChatGPT, whose documents and
// whose person's browser are at its own host.
import { DpopSession } from '@modelcontextprotocol/client'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import * as oauth from 'oauth4webapi'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../support/app.ts'
import { launchBrowser } from '../support/browser.ts'
import { ChatGpt } from '../support/chatgpt.ts'
import { LocalServer } from '../support/local-server.ts'
import { LocalSite } from '../support/local-sites.ts'
import { toolCall } from '../support/remote.ts'

type Codes = oauth.DeviceAuthorizationResponse

let server: LocalServer
let browser: Browser
let context: BrowserContext
let chatGptSite: LocalSite
let chatGpt: ChatGpt

beforeAll(async () => {
  chatGptSite = await LocalSite.inPlaceOf((request) => chatGpt.site(request))
  const standIns = JSON.stringify({ [new URL(ChatGpt.host).host]: chatGptSite.origin })
  const settings = { STAND_INS: standIns, DPOP_NONCE: 'true' }
  ;[server, browser] = await Promise.all([
    LocalServer.start('test/support/stand-ins-worker.ts', settings),
    launchBrowser(),
  ])
  context = await browser.newContext({ javaScriptEnabled: false })
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  chatGptSite?.stop()
})

/** Signs in if need be, and allows, with what else the page offers if `further`. Returns where the browser is sent. */
async function allow(url: URL, further = false): Promise<URL> {
  const page = await context.newPage()
  await page.goto(url.href)
  if (new URL(page.url()).pathname === '/login') {
    await page.getByLabel('Passphrase').fill(server.passphrase)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const button = page.getByRole('button', { name: 'Allow' })
  await button.waitFor()
  if (further) await page.getByRole('checkbox', { name: 'Add notes' }).check()
  const sent = page.waitForRequest((request) => !request.url().startsWith(server.origin))
  await button.click()
  const answer = new URL((await sent).url())
  await page.close()
  return answer
}

describe('the client of the first SDK', () => {
  const redirectUrl = 'http://127.0.0.1:9/callback'
  let information: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let verifier: string
  let code: string
  /** Whether the person ticks what the page offers beside what was asked for. */
  let further: boolean

  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: {
      client_name: 'First SDK',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => information,
    saveClientInformation: (saved) => {
      information = saved
    },
    tokens: () => tokens,
    saveTokens: (saved) => {
      tokens = saved
    },
    redirectToAuthorization: async (url) => {
      code = (await allow(url, further)).searchParams.get('code') as string
    },
    saveCodeVerifier: (saved) => {
      verifier = saved
    },
    codeVerifier: () => verifier,
  }

  /** Signs in with nothing kept from before, and connects. */
  async function connect(): Promise<Client> {
    information = undefined
    tokens = undefined
    // The transport's optional members do not fit exactOptionalPropertyTypes.
    const open = (transport: StreamableHTTPClientTransport) => {
      const client = new Client({ name: 'v1', version: '1' })
      return client.connect(transport as never).then(() => client)
    }
    const transport = () => new StreamableHTTPClientTransport(server.mcpUrl, { authProvider: provider })
    const first = transport()
    await expect(open(first)).rejects.toThrow(UnauthorizedError)
    await first.finishAuth(code)
    return open(transport())
  }

  it('connects, calls a tool, and refreshes', async () => {
    further = false
    const client = await connect()
    const whoami = await client.callTool({ name: 'whoami', arguments: {} })
    expect(whoami.structuredContent).toMatchObject({ name: 'Owner' })

    const before = tokens as OAuthTokens | undefined
    tokens = { ...(before as OAuthTokens), access_token: 'expired' }
    expect((await client.callTool({ name: 'list_notes', arguments: {} })).isError).toBeFalsy()
    expect(tokens.refresh_token).not.toBe(before?.refresh_token)
    await client.close()
  })

  it('writes if the user ticks the scope when it connects, since it cannot ask again', async () => {
    const write = { name: 'add_note', arguments: { text: 'Written by the first SDK' } }
    further = false
    const without = await connect()
    expect(tokens?.scope).toBe('notes:read')
    await expect(without.callTool(write)).rejects.toThrow('Server returned 403 after trying upscoping')
    // It is as useful as before.
    expect(tokens?.scope).toBe('notes:read')
    expect((await without.callTool({ name: 'list_notes', arguments: {} })).isError).toBeFalsy()
    await without.close()

    further = true
    const client = await connect()
    expect(tokens?.scope).toBe('notes:read notes:write')
    expect((await client.callTool(write)).structuredContent).toMatchObject(write.arguments)
    await client.close()
  })
})

describe('a program without a browser, on oauth4webapi', () => {
  const options = { [oauth.allowInsecureRequests]: true } as const
  let as: oauth.AuthorizationServer
  let client: oauth.Client

  beforeAll(async () => {
    const issuer = new URL(server.origin)
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
    as = await oauth.processDiscoveryResponse(issuer, found)
    const metadata = {
      client_name: 'Terminal',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }
    const registered = await oauth.dynamicClientRegistrationRequest(as, metadata, options)
    client = await oauth.processDynamicClientRegistrationResponse(registered)
  })

  async function ask() {
    const parameters = { scope: 'notes:read', resource: server.mcpUrl.href }
    const asked = await oauth.deviceAuthorizationRequest(as, client, oauth.None(), parameters, options)
    const codes = await oauth.processDeviceAuthorizationResponse(as, client, asked)
    const poll = async () => {
      const { device_code } = codes
      const polled = await oauth.deviceCodeGrantRequest(as, client, oauth.None(), device_code, options)
      return oauth.processDeviceCodeResponse(as, client, polled)
    }
    return { codes, poll }
  }

  /** Opens the link, signs in if need be, compares the code, and answers. Returns the last page. */
  async function answer({ verification_uri_complete = '', user_code }: Codes, button: 'Allow' | 'Deny') {
    const page = await context.newPage()
    await page.goto(verification_uri_complete)
    if (new URL(page.url()).pathname === '/login') {
      await page.getByLabel('Passphrase').fill(server.passphrase)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    expect(await page.getByRole('textbox').inputValue()).toBe(user_code)
    await page.getByRole('button', { name: 'It shows this code' }).click()
    await page.getByText('The code on your device').waitFor()
    expect(await page.getByRole('heading', { name: 'Allow Terminal' }).isVisible()).toBe(true)
    await page.getByRole('button', { name: button }).hover({ force: true })
    await page.getByRole('button', { name: button }).click()
    await page.getByRole('heading', { name: button === 'Allow' ? 'Allowed' : 'Denied' }).waitFor()
    await page.close()
  }

  it('D10 gets what the user allows, who compares the code, and refreshes', async () => {
    const { codes, poll } = await ask()
    await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending' })
    await answer(codes, 'Allow')
    const tokens = await poll()
    expect(tokens.scope).toBe('notes:read')
    const refresh_token = tokens.refresh_token as string
    const refreshed = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refresh_token, options)
    const { access_token } = await oauth.processRefreshTokenResponse(as, client, refreshed)
    const requestInit = { headers: { Authorization: `Bearer ${access_token}` } }
    const terminal = new Client({ name: 'terminal', version: '1' })
    await terminal.connect(new StreamableHTTPClientTransport(server.mcpUrl, { requestInit }) as never)
    const whoami = await terminal.callTool({ name: 'whoami', arguments: {} })
    expect(whoami.structuredContent).toMatchObject({ name: 'Owner' })
    await terminal.close()
  })

  it('learns that the user said no', async () => {
    const { codes, poll } = await ask()
    await answer(codes, 'Deny')
    await expect(poll()).rejects.toMatchObject({ error: 'access_denied' })
  })
})

describe.each([
  ['the 2026-07-28 protocol', { pin: '2026-07-28' }],
  ['the initialize era', 'legacy'],
] as const)('the official client with a DPoP session, in %s', (_name, era) => {
  /** Allows, and waits until the app has the answer. */
  async function open(url: URL): Promise<void> {
    const page = await context.newPage()
    await page.goto(url.href)
    const button = page.getByRole('button', { name: 'Allow' })
    await button.or(page.getByLabel('Passphrase')).waitFor()
    if (!(await button.isVisible())) {
      await page.getByLabel('Passphrase').fill(server.passphrase)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await button.click()
    await page.getByText('You can close this page').waitFor()
    await page.close()
  }

  /** Presents a token to the resource as a thief would. */
  async function present(scheme: string, token: string, session?: DpopSession): Promise<number> {
    const proof = await session?.buildProof({ htm: 'POST', htu: server.mcpUrl, accessToken: token })
    const { status } = await fetch(server.mcpUrl, {
      method: 'POST',
      headers: {
        Authorization: `${scheme} ${token}`,
        ...(proof !== undefined && { DPoP: proof }),
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'whoami',
      },
      body: JSON.stringify(toolCall('whoami', {})),
    })
    return status
  }

  it('P1 signs in, calls, asks for more, refreshes; its token is worthless to others', async () => {
    const session = await DpopSession.create()
    const app = await App.start(server.mcpUrl, era, open, session)
    await app.connect()
    expect((await app.call('whoami')).structuredContent).toMatchObject({ name: 'Owner' })
    const text = crypto.randomUUID()
    expect((await app.call('add_note', { text })).structuredContent).toMatchObject({ text })
    app.loseAccessToken()
    const found = await app.call('search_notes', { text })
    expect(found.structuredContent).toMatchObject({ notes: [{ text }] })
    expect(app.tokens()?.token_type).toBe('DPoP')
    const stolen = app.tokens()?.access_token as string
    const other = await DpopSession.create()
    const nonce = session.nonceFor(server.mcpUrl)
    if (nonce !== undefined) other.rememberNonce(server.mcpUrl, nonce)
    expect(await present('Bearer', stolen)).toBe(401)
    expect(await present('DPoP', stolen)).toBe(401)
    expect(await present('DPoP', stolen, other)).toBe(401)
    expect(await present('DPoP', stolen, session)).toBe(200)
    await app.stop()
  })
})

describe('ChatGPT', () => {
  beforeEach(() => {
    chatGpt = new ChatGpt({ mcpUrl: server.mcpUrl.href, fetch, open: allow })
  })

  it('signs in, calls, steps up by what the tool says, and refreshes', async () => {
    expect(await chatGpt.connect()).toMatchObject({ scope: 'notes:read' })
    const { structuredContent } = await chatGpt.call('whoami')
    expect(structuredContent).toMatchObject({ name: 'Owner', clientId: chatGpt.clientId })

    const text = 'Written by ChatGPT'
    expect(await chatGpt.call('add_note', { text })).toMatchObject({ structuredContent: { text } })
    expect(chatGpt.asked).toBe(2)

    const before = chatGpt.tokens
    expect(await chatGpt.refresh()).toMatchObject({ scope: 'notes:read notes:write' })
    expect(chatGpt.tokens?.refresh_token).not.toBe(before?.refresh_token)
    const found = await chatGpt.call('search_notes', { text })
    expect(found.structuredContent).toMatchObject({ notes: [{ text }] })
    expect(chatGpt.asked).toBe(2)
  })

  it('S19 signs one assertion for one request, which names this server alone', async () => {
    const code = await chatGpt.authorize('notes:read')
    const own = `${server.origin}/token`
    for (const aud of ['https://elsewhere.example/token', [own, 'https://elsewhere.example/token']]) {
      const client_assertion = await chatGpt.assertion({ aud })
      const { status } = await chatGpt.token(code, { client_assertion })
      expect([aud, status]).toEqual([aud, 401])
    }
    const { refresh_token } = await (await chatGpt.token(code)).json<{ refresh_token: string }>()
    const client_assertion = await chatGpt.assertion()
    const refresh = () => chatGpt.token({ grant_type: 'refresh_token', refresh_token }, { client_assertion })
    const answers = await Promise.all(Array.from({ length: 50 }, refresh))
    const successes = answers.filter(({ status }) => status === 200)
    const refusals = answers.filter(({ status }) => status === 401)
    expect([successes.length, refusals.length]).toEqual([1, 49])
  })
})
