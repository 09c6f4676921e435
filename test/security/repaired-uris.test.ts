// A URI that parsers repair means one place to its reader, and another to the browser.
import { describe, expect, it } from 'vitest'
import { OAuthClient, register } from '../support/oauth-client.ts'
import { expectErrorJson } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'

const REPAIRED = {
  'no slashes': 'https:claude.ai/api/callback',
  'one slash': 'https:/claude.ai/api/callback',
  'three slashes': 'https:///claude.ai/api/callback',
  'dot segments': 'https://claude.ai/x/../api/callback',
  'encoded dot segments': 'https://claude.ai/x/%2e%2e/api/callback',
  'a default port': 'https://claude.ai:443/api/callback',
  'an empty port': 'https://claude.ai:/api/callback',
  'an empty user': 'https://@claude.ai/api/callback',
  'a host in capitals': 'https://Claude.AI/api/callback',
  'a scheme in capitals': 'HTTPS://claude.ai/api/callback',
  'an encoded host': 'https://cl%61ude.ai/api/callback',
  'a number for an address': 'https://2130706433/callback',
  'a quote': 'https://claude.ai/api/"callback"',
  'loopback without slashes': 'http:127.0.0.1/callback',
  'a short loopback address': 'http://127.1/callback',
}

const EXACT = [
  'https://claude.ai/api/callback',
  'https://claude.ai',
  'https://claude.ai/',
  'https://claude.ai?app=1',
  'https://claude.ai:8443/api/callback',
  'http://127.0.0.1/callback',
  'http://127.0.0.1:33418',
  'http://localhost:3000/oauth/callback',
  'http://[::1]:3000/callback',
  'cursor://anysphere.cursor-mcp/oauth/callback',
]

describe('S21 a redirect URI that a browser would repair', () => {
  it.each(Object.entries(REPAIRED))('is refused at registration: %s', async (_, uri) => {
    await expectErrorJson(await register({ redirect_uris: [uri] }), 400, 'invalid_redirect_uri')
    await expectErrorJson(await register({ redirect_uris: [EXACT[0], uri] }), 400, 'invalid_redirect_uri')
  })

  it.each(EXACT)('is not %s', async (redirect_uri) => {
    const app = await OAuthClient.registered({ redirect_uris: [redirect_uri] })
    const { url } = await app.authorizationRequest({ redirect_uri })
    const location = await (await (await Visitor.signedIn()).openConsent(url)).allow()
    expect(`${location.protocol}//${location.host}`).toBe(
      `${new URL(redirect_uri).protocol}//${new URL(redirect_uri).host}`,
    )
    expect(location.searchParams.has('code')).toBe(true)
  })
})

describe('S21 other addresses that a client registers', () => {
  it('are kept only as they are written', async () => {
    const written = await register({ client_uri: 'https://claude.ai' })
    expect(await written.json()).toHaveProperty('client_uri', 'https://claude.ai/')
    const repaired = await register({ client_uri: 'https:claude.ai' })
    expect(await repaired.json()).not.toHaveProperty('client_uri')
    const keys = { token_endpoint_auth_method: 'private_key_jwt' }
    const right = await register({ ...keys, jwks_uri: 'https://client.example.com/jwks' })
    expect(right.status).toBe(201)
    const wrong = await register({ ...keys, jwks_uri: 'https:client.example.com/jwks' })
    await expectErrorJson(wrong, 400, 'invalid_client_metadata')
  })
})
