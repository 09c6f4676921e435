// The client of the first SDK, which most apps still carry, at a tool that needs more than was granted: it has no way to ask
// the person again, so that what they tick when they connect decides.
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { REDIRECT_URI } from '../support/oauth-client.ts'
import { type ConsentForm, Visitor } from '../support/visitor.ts'
import { MCP_URL, send } from '../support/worker.ts'

/** What the person ticks. */
type Choice = (consent: ConsentForm) => string[]

let person: Visitor

beforeEach(async () => {
  person = await Visitor.signedIn()
})

async function connected(choose: Choice) {
  let information: OAuthClientInformationMixed | undefined
  let tokens: OAuthTokens | undefined
  let verifier = ''
  let code = ''
  let asked = 0
  const provider: OAuthClientProvider = {
    redirectUrl: REDIRECT_URI,
    clientMetadata: {
      client_name: 'First SDK',
      redirect_uris: [REDIRECT_URI],
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
      asked++
      const consent = await person.openConsent(url)
      const answer = await consent.submit({ scope: choose(consent) })
      code = new URL(answer.headers.get('Location') as string).searchParams.get('code') as string
    },
    saveCodeVerifier: (saved) => {
      verifier = saved
    },
    codeVerifier: () => verifier,
  }
  const fetch = (url: string | URL, init?: RequestInit) => send(new URL(url), { ...init, signal: null })
  const transport = () =>
    new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider: provider, fetch })
  const first = transport()
  const connect = (client: Client, to: StreamableHTTPClientTransport) => client.connect(to as never)
  await expect(connect(new Client({ name: 'v1', version: '1' }), first)).rejects.toThrow(UnauthorizedError)
  await first.finishAuth(code)
  const client = new Client({ name: 'v1', version: '1' })
  await connect(client, transport())
  const write = () => client.callTool({ name: 'add_note', arguments: { text: 'Milk' } })
  return { client, write, scope: () => tokens?.scope, asked: () => asked }
}

describe('the client of the first SDK', () => {
  it('reaches a tool that writes, where the person has ticked it beside what was asked for', async () => {
    const app = await connected(({ scopes, further }) => [...scopes, ...further])
    expect(app.scope()).toBe('notes:read notes:write')
    expect((await app.write()).isError).toBeFalsy()
    expect(app.asked()).toBe(1)
  })

  it('refreshes and gives up where they have not, and goes on with what it was given', async () => {
    const app = await connected(({ scopes }) => scopes)
    expect(app.scope()).toBe('notes:read')
    await expect(app.write()).rejects.toThrow('403 after trying upscoping')
    expect(app.asked()).toBe(1)
    expect(app.scope()).toBe('notes:read')
    expect((await app.client.callTool({ name: 'list_notes', arguments: {} })).isError).toBeFalsy()
  })
})
