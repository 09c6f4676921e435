// No MCP client: a certified OAuth library, as an app on a server uses it that the owner has registered with a secret.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import * as oauth from 'openid-client'
import type { Agent } from '../agent.ts'

export const agent: Agent = {
  name: 'openid-client --secret',
  package: 'openid-client',
  writes: 'took all',
  connect: async (place) => {
    const { mcpUrl, person } = place
    const redirect_uri = 'http://127.0.0.1:9/callback'
    const { client_id, client_secret } = await place.register(
      '--name',
      'Web app',
      '--redirect-uri',
      redirect_uri,
      '--secret',
    )
    const server = await oauth.discovery(
      new URL(mcpUrl.origin),
      client_id,
      undefined,
      oauth.ClientSecretBasic(client_secret),
      { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] },
    )
    const resource = mcpUrl.href
    const pkceCodeVerifier = oauth.randomPKCECodeVerifier()
    const expectedState = oauth.randomState()
    const url = oauth.buildAuthorizationUrl(server, {
      redirect_uri,
      resource,
      scope: 'notes:read notes:write',
      state: expectedState,
      code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const answer = await person.open(url)
    let tokens = await oauth.authorizationCodeGrant(
      server,
      answer,
      { pkceCodeVerifier, expectedState },
      { resource },
    )

    const send = async (tool: string, args: object) => {
      const client = new Client({ name: 'web app', version: '1' }, { versionNegotiation: { mode: 'auto' } })
      const requestInit = { headers: { Authorization: `Bearer ${tokens.access_token}` } }
      await client.connect(new StreamableHTTPClientTransport(mcpUrl, { requestInit }))
      const result = await client.callTool({ name: tool, arguments: { ...args } })
      await client.close()
      return JSON.stringify(result)
    }
    return {
      call: (tool, args = {}) =>
        send(tool, args).catch(async () => {
          tokens = await oauth.refreshTokenGrant(server, tokens.refresh_token ?? '', { resource })
          return send(tool, args)
        }),
    }
  },
}
