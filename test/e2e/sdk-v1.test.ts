// The client of the first SDK, which most apps still carry: unmodified, from the 401 to a tool call and a refresh.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { DevServer } from '../support/dev-server.ts'

let server: DevServer
let browser: Browser
let callback: Server

beforeAll(async () => {
  ;[server, browser] = await Promise.all([DevServer.start(), launchBrowser()])
  callback = createServer((_, response) => response.end('You can close this page.')).listen(0, '127.0.0.1')
  await once(callback, 'listening')
})

afterAll(async () => {
  callback?.close()
  await browser?.close()
  await server?.stop()
})

/** Signs in, allows, and returns the code that the browser was sent back with. */
async function allow(url: URL): Promise<string> {
  const page = await browser.newPage()
  await page.goto(url.href)
  await page.getByLabel('Passphrase').fill(server.passphrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const button = page.getByRole('button', { name: 'Allow' })
  await button.hover({ force: true })
  await button.click()
  await page.getByText('You can close this page').waitFor()
  const code = new URL(page.url()).searchParams.get('code') as string
  await page.close()
  return code
}

it('connects, calls a tool, and refreshes', async () => {
  const redirectUrl = `http://127.0.0.1:${(callback.address() as { port: number }).port}/callback`
  let information: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let code = ''
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
      code = await allow(url)
    },
    saveCodeVerifier: (saved) => {
      verifier = saved
    },
    codeVerifier: () => verifier,
  }
  const transport = () => new StreamableHTTPClientTransport(server.mcpUrl, { authProvider: provider })
  const first = transport()
  // The transport's optional members do not fit exactOptionalPropertyTypes.
  const connect = (client: Client, to: StreamableHTTPClientTransport) => client.connect(to as never)
  await expect(connect(new Client({ name: 'v1', version: '1' }), first)).rejects.toThrow(UnauthorizedError)
  await first.finishAuth(code)

  const client = new Client({ name: 'v1', version: '1' })
  await connect(client, transport())
  const whoami = await client.callTool({ name: 'whoami', arguments: {} })
  expect(whoami.structuredContent).toMatchObject({ name: 'Owner' })

  const before = tokens as OAuthTokens | undefined
  tokens = { ...(before as OAuthTokens), access_token: 'expired' }
  expect((await client.callTool({ name: 'list_notes', arguments: {} })).isError).toBeFalsy()
  expect(tokens.refresh_token).not.toBe(before?.refresh_token)
  await client.close()
})
