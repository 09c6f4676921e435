// Dynamic client registration (RFC 7591): open to anyone, so nothing that a client says of itself may give it rights.
import { describe, expect, it } from 'vitest'
import { callTool, OAuthClient, REDIRECT_URI, register, structured } from '../support/oauth-client.ts'
import { expectErrorJson, expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { send } from '../support/worker.ts'

/** What the server says that it registered. */
async function registered(metadata: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await register(metadata)
  expect(response.status).toBe(201)
  return (await response.json()) as Record<string, unknown>
}

describe('R1 RFC 7591 §5 privilege that a client gives itself', () => {
  it('registers only the grant types that it may use', async () => {
    const claimed = ['authorization_code', 'refresh_token', 'implicit', 'password', 'client_credentials']
    const { grant_types } = await registered({ grant_types: [...claimed, 'urn:example:all', '__proto__'] })
    expect(grant_types).toEqual(['authorization_code', 'refresh_token'])
  })

  it.each(['implicit', 'password', 'client_credentials', 'refresh_token'])(
    'refuses %s as the only grant type',
    async (type) => {
      await expectErrorJson(await register({ grant_types: [type] }), 400, 'invalid_client_metadata')
    },
  )

  it('registers only the response type that it may use', async () => {
    const { response_types } = await registered({ response_types: ['code', 'token', 'code token'] })
    expect(response_types).toEqual(['code'])
  })

  it.each(['token', 'code token'])('refuses %s as the only response type', async (type) => {
    await expectErrorJson(await register({ response_types: [type] }), 400, 'invalid_client_metadata')
  })

  it.each(['admin', 'private_key_jwt', 'client_secret_jwt', 'tls_client_auth'])(
    'refuses %s as an authentication method',
    async (token_endpoint_auth_method) => {
      const refused = await register({ token_endpoint_auth_method })
      await expectErrorJson(refused, 400, 'invalid_client_metadata')
    },
  )

  it.each([
    ['skip_consent', true],
    ['trusted', true],
    ['first_party', true],
    ['scope', 'root:everything admin notes:write'],
    ['default_scope', 'notes:write'],
    ['user_id', 'owner'],
    ['issuer', 'https://evil.test'],
    ['secretHash', 'x'],
    ['jwks_uri', 'https://evil.test/jwks'],
    ['jwks', { keys: [] }],
    ['logo_uri', 'https://evil.test/logo.png'],
  ])('keeps nothing of %s', async (name, value) => {
    const client = await OAuthClient.registered({ [name]: value })
    expect(await registered({ [name]: value })).not.toHaveProperty(name)
    const { url } = await client.authorizationRequest({ scope: undefined })
    const consent = await new Visitor().openConsent(url)
    expect(consent.scopes).toEqual(['notes:read'])
    expect(consent.html).not.toContain('evil.test')
  })

  it.each(['client_id', 'client_id_issued_at', 'registration_access_token', 'registration_client_uri'])(
    'sets %s itself',
    async (name) => {
      expect(await registered({ [name]: 'mine' })).not.toHaveProperty(name, 'mine')
    },
  )

  it('gives a public client no secret, whatever it claims', async () => {
    const client = await registered({ client_secret: 'mine', client_secret_expires_at: 1 })
    expect(client).not.toHaveProperty('client_secret')
    expect(client).not.toHaveProperty('client_secret_expires_at')
  })

  it('makes the secret of a confidential client itself', async () => {
    const app = await OAuthClient.registered({
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: 'mine',
    })
    expect(app.secret).toMatch(/^[\w-]{43}$/)
    const redemption = await app.authorize()
    const guess = await app.token({ ...redemption, client_secret: 'mine' })
    await expectErrorJson(guess, 401, 'invalid_client')
    expect((await app.token(redemption)).status).toBe(200)
  })

  it('gives no refresh token to a client that did not register for one', async () => {
    const app = await OAuthClient.registered({ grant_types: ['authorization_code'] })
    const tokens = await app.connect()
    expect(tokens).not.toHaveProperty('refresh_token')
  })
})

describe('R5 RFC 7591 §3.2.2 metadata of the wrong form', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', undefined])(
    'refuses the media type %s',
    async (type) => {
      const body = JSON.stringify({ redirect_uris: [REDIRECT_URI] })
      const headers = type === undefined ? {} : { 'Content-Type': type }
      await expectErrorJson(
        await send('/register', { method: 'POST', body, headers }),
        415,
        'invalid_request',
      )
    },
  )

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', []],
    ['a string', REDIRECT_URI],
    ['an object', { 0: REDIRECT_URI, length: 1 }],
    ['a list with a number', [REDIRECT_URI, 1]],
    ['a list with null', [REDIRECT_URI, null]],
    ['a list with a list', [REDIRECT_URI, [REDIRECT_URI]]],
    ['a list with an object', [REDIRECT_URI, { uri: REDIRECT_URI }]],
    ['a list with an empty string', [REDIRECT_URI, '']],
    ['a list with a relative URI', [REDIRECT_URI, '/callback']],
    ['a list with a host that is not in ASCII', [REDIRECT_URI, 'https://cl\u0456ent.example/callback']],
    ['a list with a path that is not in ASCII', [REDIRECT_URI, 'https://client.example/\u0456']],
    ['a list with 10 kB', [REDIRECT_URI, `${REDIRECT_URI}?${'x'.repeat(10_000)}`]],
    ['a list of 100', Array.from({ length: 100 }, (_, index) => `${REDIRECT_URI}/${index}`)],
  ])('refuses redirect_uris that are %s', async (_, redirect_uris) => {
    await expectErrorJson(await register({ redirect_uris }), 400, 'invalid_redirect_uri')
  })

  it('refuses 100 redirect_uris of 10 kB each before it reads them all', async () => {
    const redirect_uris = Array.from({ length: 100 }, () => `${REDIRECT_URI}?${'x'.repeat(10_000)}`)
    await expectErrorJson(await register({ redirect_uris }), 413, 'invalid_request')
  })

  const texts = ['client_name', 'client_uri', 'application_type', 'software_id', 'software_version']
  const wrongTexts: unknown[] = [1, true, [], ['x'], {}, { toString: 'x' }]
  it.each(texts.flatMap((name) => wrongTexts.map((value) => [name, JSON.stringify(value), value] as const)))(
    'refuses %s %s',
    async (name, _, value) => {
      await expectErrorJson(await register({ [name]: value }), 400, 'invalid_client_metadata')
    },
  )

  const lists = ['grant_types', 'response_types']
  const wrongLists: unknown[] = [1, true, 'code', 'authorization_code', {}, [1], [null], [['code']]]
  it.each(lists.flatMap((name) => wrongLists.map((value) => [name, JSON.stringify(value), value] as const)))(
    'refuses %s %s',
    async (name, _, value) => {
      await expectErrorJson(await register({ [name]: value }), 400, 'invalid_client_metadata')
    },
  )

  it.each([1, true, [], ['none'], {}].map((value) => [JSON.stringify(value), value]))(
    'refuses token_endpoint_auth_method %s',
    async (_, token_endpoint_auth_method) => {
      const refused = await register({ token_endpoint_auth_method })
      await expectErrorJson(refused, 400, 'invalid_client_metadata')
    },
  )

  it('ignores fields that it does not know, of whatever type', async () => {
    const odd = { contacts: 1, jwks: 'x', 'client_name#ja': [], tos_uri: {}, constructor: null, toString: 1 }
    const client = await registered(odd)
    for (const name of Object.keys(odd)) expect(Object.keys(client)).not.toContain(name)
  })

  it('still registers what is right, and omits what was not said', async () => {
    const client = await registered({ client_name: undefined })
    expect(client).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
      registration_client_uri: expect.stringContaining('/register/'),
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
  })
})

describe('R6 RFC 8252 §7 mixed redirect URIs', () => {
  const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'
  const LOOPBACK = 'http://localhost:8787/callback'

  it('registers https, loopback and a known app together', async () => {
    const redirect_uris = [REDIRECT_URI, LOOPBACK, CURSOR]
    expect(await registered({ redirect_uris })).toMatchObject({ redirect_uris })
  })

  it.each([REDIRECT_URI, LOOPBACK, CURSOR])(
    'sends the answer of such a client to %s',
    async (redirect_uri) => {
      const app = await OAuthClient.registered({ redirect_uris: [REDIRECT_URI, LOOPBACK, CURSOR] })
      const tokens = await app.connect(new Visitor(), { redirect_uri })
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    },
  )

  const unknown = [
    'evil://anysphere.cursor-mcp/oauth/callback',
    'cursor://evil/oauth/callback',
    `${CURSOR}/more`,
    `${CURSOR}?a=b`,
    'com.example.app:/callback',
    'intent://client.example/callback',
  ]

  it.each(unknown)('leaves %s out of the answer, and does not redirect to it', async (redirect_uri) => {
    const redirect_uris = [REDIRECT_URI, redirect_uri]
    expect(await registered({ redirect_uris })).toMatchObject({ redirect_uris: [REDIRECT_URI] })
    const app = await OAuthClient.registered({ redirect_uris })
    const { url } = await app.authorizationRequest({ redirect_uri })
    await expectPage(await new Visitor().get(url), 400)
    await app.connect()
  })

  it('refuses a client of which nothing would be left', async () => {
    await expectErrorJson(await register({ redirect_uris: unknown }), 400, 'invalid_redirect_uri')
  })
})

describe('R9 long values survive an approval', () => {
  it.each([
    ['a name of 10 kB', { client_name: 'x'.repeat(10_000) }],
    ['a name of 10 kB in another script', { client_name: '\u540d'.repeat(3_000) }],
    ['a name of emoji', { client_name: '\u{1f98a}'.repeat(100) }],
    ['a name that is cut in the middle of an emoji', { client_name: `x${'\u{1f98a}'.repeat(100)}` }],
    ['a name of quotes', { client_name: '"\\'.repeat(100) }],
    ['long values everywhere', { software_id: 'x'.repeat(5_000), software_version: 'x'.repeat(5_000) }],
    ['twenty redirect URIs of 2 kB', { redirect_uris: [REDIRECT_URI, ...longUris(19)] }],
  ])('of a client with %s', async (_, metadata) => {
    const app = await OAuthClient.registered(metadata)
    const person = await Visitor.signedIn()
    const tokens = await app.connect(person)
    expect(await structured(callTool(tokens.access_token, 'whoami'))).toMatchObject({ clientId: app.id })
    expect(await person.hasConnected(app.id)).toBe(true)
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200)
  })

  function longUris(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `${REDIRECT_URI}/${index}/`.padEnd(2000, 'x'))
  }

  it('refuses an unregistered client_id of 2 kB', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const refused = await app.token({ ...redemption, client_id: 'x'.repeat(2048) })
    await expectErrorJson(refused, 401, 'invalid_client')
    expect((await app.token(redemption)).status).toBe(200)
  })
})
