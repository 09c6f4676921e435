// S19: assertions of the form that ChatGPT sends, whose audience is the token endpoint; and what a document that offers more
// than one way to authenticate does not bring.
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ChatGpt } from '../support/chatgpt.ts'
import { DocumentHost } from '../support/document-host.ts'
import { Internet } from '../support/internet.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { expectRefusal, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, ORIGIN, send } from '../support/worker.ts'

const TOKEN_ENDPOINT = `${ORIGIN}/token`
const CLIENT_AUTHENTICATION = { typ: 'client-authentication+jwt' }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('S19 RFC 7523 §3 an assertion of the form that ChatGPT sends', () => {
  let client: ChatGpt
  let code: Record<string, string>

  beforeEach(async () => {
    const person = await Visitor.signedIn()
    client = new ChatGpt({
      mcpUrl: MCP_URL,
      fetch: (url, init) => send(new URL(url), init),
      open: async (url) => (await person.openConsent(url)).allow(),
    })
    Internet.install().site(ChatGpt.host, (request) => client.site(request))
    code = await client.authorize('notes:read')
  })

  it('counts once of fifty at the same time', async () => {
    const { refresh_token } = await tokensOf(client.token(code))
    const client_assertion = await client.assertion()
    const refresh = () => client.token({ grant_type: 'refresh_token', refresh_token }, { client_assertion })
    const answers = await Promise.all(Array.from({ length: 50 }, refresh))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49)
  })

  it.each<[string, object, object]>([
    ['the token endpoint', { aud: TOKEN_ENDPOINT }, {}],
    ['the issuer', { aud: ORIGIN }, {}],
    ['the issuer, by the type of the successor', { aud: ORIGIN }, CLIENT_AUTHENTICATION],
  ])('is accepted for %s', async (_what, claims, header) => {
    const client_assertion = await client.assertion({ ...claims }, header)
    await tokensOf(client.token(code, { client_assertion }))
  })

  it.each<[string, unknown, object]>([
    ['the token endpoint of another server', 'https://elsewhere.example/token', {}],
    ['another server', 'https://elsewhere.example', {}],
    ['the token endpoint and another server', [TOKEN_ENDPOINT, 'https://elsewhere.example/token'], {}],
    ['the token endpoint, in a list', [TOKEN_ENDPOINT], {}],
    ['the token endpoint and the issuer', [TOKEN_ENDPOINT, ORIGIN], {}],
    ['both, in one text', `${TOKEN_ENDPOINT} ${ORIGIN}`, {}],
    ['the token endpoint with a slash', `${TOKEN_ENDPOINT}/`, {}],
    ['another endpoint of this server', `${ORIGIN}/revoke`, {}],
    ['the resource', MCP_URL, {}],
    ['no audience', undefined, {}],
    ['the token endpoint, by the type of the successor', TOKEN_ENDPOINT, CLIENT_AUTHENTICATION],
    [
      'the token endpoint, by the type of the successor in full',
      TOKEN_ENDPOINT,
      { typ: 'application/Client-Authentication+JWT' },
    ],
  ])('is 401 invalid_client for %s, and the code is as it was', async (_what, aud, header) => {
    const client_assertion = await client.assertion({ aud }, header)
    await expectRefusal(await client.token(code, { client_assertion }), 'invalid_client', 401)
    await tokensOf(client.token(code))
  })

  it('never falls back to none: a forged one is refused where no assertion at all would do', async () => {
    const { iss } = decodeJwt(await client.assertion())
    const client_assertion = (await client.assertion()).replace(/.{8}$/, 'AAAAAAAA')
    await expectRefusal(await client.token(code, { client_assertion }), 'invalid_client', 401)
    expect(iss).toBe(client.clientId)
    const none = { client_assertion: undefined, client_assertion_type: undefined }
    await tokensOf(client.token(code, none))
  })

  it('names its client by its address alone: beside another one it is refused', async () => {
    const other = `${ChatGpt.host}/oauth/other/client.json`
    await expectRefusal(await client.token(code, { client_id: other }), 'invalid_client', 401)
    await tokensOf(client.token(code, { client_id: undefined }))
  })
})

describe('T20 draft CIMD §8.2 what a document offers', () => {
  const jwks_uri = 'https://keys.gatehouse-tests.dev/jwks'
  const both = { jwks_uri, token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'] }
  let host: DocumentHost

  beforeEach(() => {
    host = DocumentHost.install()
  })

  const redeem = async (changes: Record<string, unknown>, fields: Record<string, string> = {}) => {
    const client = await OAuthClient.described(host.publish(changes))
    return client.token({ ...(await client.authorize()), ...fields })
  }

  it.each<[string, Record<string, unknown>]>([
    ['none', { token_endpoint_auth_method: 'none' }],
    ['nothing', { token_endpoint_auth_method: undefined }],
    ['both, and names private_key_jwt', { ...both, token_endpoint_auth_method: 'private_key_jwt' }],
    ['both, and names none', both],
    ['both, and names neither', { ...both, token_endpoint_auth_method: undefined }],
    ['both, and has no keys', { token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'] }],
    [
      'none beside what it cannot have',
      { token_endpoint_auth_methods_supported: ['client_secret_post', 'none'] },
    ],
    ['an empty list', { token_endpoint_auth_methods_supported: [] }],
    ['no list', { token_endpoint_auth_methods_supported: null }],
  ])('none: lets a client in that sends no assertion, when it says %s', async (_what, changes) => {
    await tokensOf(redeem(changes))
    // The client never registered a secret.
    await expectRefusal(await redeem(changes, { client_secret: 'guessed' }), 'invalid_client', 401)
  })

  it.each<[string, Record<string, unknown>]>([
    ['names it', { jwks_uri, token_endpoint_auth_method: 'private_key_jwt' }],
    [
      'lists it',
      {
        jwks_uri,
        token_endpoint_auth_method: undefined,
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
      },
    ],
    [
      'names it, beside what it cannot have',
      {
        jwks_uri,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic', 'NONE', ' none'],
      },
    ],
  ])('private_key_jwt alone: gives nothing without an assertion, when it %s', async (_what, changes) => {
    await expectRefusal(await redeem(changes), 'invalid_client', 401)
  })

  it.each<[string, unknown, unknown]>([
    ['a list that is none', undefined, 'none'],
    ['a list of what are no names', undefined, [null]],
    ['a list of shared secrets alone', undefined, ['client_secret_basic']],
    ['a shared secret, beside a list', 'client_secret_basic', ['none']],
    ['private_key_jwt without keys, beside a list', 'private_key_jwt', ['none', 'private_key_jwt']],
  ])('R8 is no client at all with %s', async (_what, token_endpoint_auth_method, list) => {
    const changes = { token_endpoint_auth_method, token_endpoint_auth_methods_supported: list }
    const client = await OAuthClient.described(host.publish(changes))
    const { url } = await client.authorizationRequest()
    const page = await (await Visitor.signedIn()).get(url)
    expect(page.status).toBe(400)
    expect(await page.text()).toContain('This app could not be checked')
  })

  it('R1 is the word of a document only: a registration has the one method that it names', async () => {
    const client = await OAuthClient.registered({
      token_endpoint_auth_method: 'client_secret_post',
      token_endpoint_auth_methods_supported: ['none'],
    })
    const code = await client.authorize()
    await expectRefusal(await client.token({ ...code, client_secret: undefined }), 'invalid_client', 401)
    await tokensOf(client.token(code))
  })
})
