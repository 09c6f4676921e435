// Attacks with the JWT access tokens of another authorization server: rows M1, M2, M11 where it issues them.
import { env } from 'cloudflare:workers'
import { base64url, SignJWT } from 'jose'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { DpopKey } from '../support/dpop.ts'
import {
  type Changes,
  type Claims,
  callWith,
  expectInvalid,
  type Key,
  newKey,
  secondsFromNow,
} from '../support/foreign-server.ts'
import { modernCall } from '../support/mcp-request.ts'
import { pass } from '../support/outcome.ts'
import { call, foreign, host, NOW, server, trust, type Who, whoami } from '../support/trusting-server.ts'
import { MCP_URL, ORIGIN } from '../support/worker.ts'

describe('RFC 9068 §4 an access token of another server', () => {
  it('is accepted', async () => {
    expect(await whoami(foreign.token())).toEqual({
      userId: expect.stringMatching(/^user_[\w-]{43}$/),
      name: 'Someone',
      clientId: 'an-app',
      scopes: ['notes:read', 'notes:write'],
    })
  })

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'])(
    'is accepted when it is signed with %s',
    async (alg) => {
      foreign.keys = [await newKey(alg)]
      expect((await call()).status).toBe(200)
    },
  )

  it.each<[string, Changes]>([
    ['its type in full', { header: { typ: 'application/at+jwt' } }],
    ['its type in capitals', { header: { typ: 'AT+JWT' } }],
    ['the type JWT, as Entra, Keycloak and Auth0 have it', { header: { typ: 'JWT' } }],
    ['no type, as Okta has it', { header: { typ: undefined } }],
    ['several audiences, one of which is ours', { claims: { aud: ['https://other.example', MCP_URL] } }],
    ['a beginning that the difference of clocks explains', { claims: { nbf: secondsFromNow(25) } }],
    ['an issue that the difference of clocks explains', { claims: { iat: secondsFromNow(25) } }],
    ['no key id, for there is one key only', { header: { kid: undefined } }],
    ['no scopes, when its type says what it is', { claims: { scope: undefined } }],
    ['the claims that OpenID servers add', { claims: { auth_time: secondsFromNow(-60), typ: 'Bearer' } }],
  ])('is accepted with %s', async (_what, changes) => {
    expect((await call(changes)).status).toBe(200)
  })

  it.each<[string, Claims, Partial<Who>]>([
    ['a client as Keycloak names it', { client_id: undefined, azp: 'another' }, { clientId: 'another' }],
    ['a client as Okta names it', { client_id: undefined, cid: 'another' }, { clientId: 'another' }],
    ['scopes as Entra has them', { scope: undefined, scp: 'notes:read' }, { scopes: ['notes:read'] }],
    ['scopes as Okta has them', { scope: undefined, scp: ['notes:read'] }, { scopes: ['notes:read'] }],
    ['scopes that mean nothing here', { scope: 'openid notes:read admin root' }, { scopes: ['notes:read'] }],
    ['scopes named like what every object has', { scope: 'constructor __proto__ toString' }, { scopes: [] }],
    ['a scope twice', { scope: 'notes:read notes:read' }, { scopes: ['notes:read'] }],
    ['no name but a login name', { name: undefined, preferred_username: 'some1' }, { name: 'some1' }],
    ['no name at all', { name: undefined }, { name: 'someone' }],
    ['a name that is none', { name: { first: 'S' } }, { name: 'someone' }],
    ['a name without end', { name: 'x'.repeat(5000) }, { name: `${'x'.repeat(99)}…` }],
    ['a name that turns the text around it', { name: 'Some\u202eone\u0000' }, { name: 'Some one' }],
    ['invisible names', { name: '\u200b', preferred_username: ' ' }, { name: 'someone' }],
  ])('is understood with %s', async (_what, claims, expected) => {
    expect(await whoami(foreign.token({ header: { typ: 'JWT' }, claims }))).toMatchObject(expected)
  })

  it('is accepted for another audience where that is configured, and then for no other', async () => {
    const audience = 'api://gatehouse'
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer, audience }] })
    expect((await call({ claims: { aud: audience } })).status).toBe(200)
    expectInvalid(await call())
  })

  it('costs no storage', async () => {
    const kv = Object.getPrototypeOf(env.RECORDS)
    const spies = (['get', 'getWithMetadata', 'put', 'delete', 'list'] as const).map((name) =>
      vi.spyOn(kv, name),
    )
    const grants = vi.spyOn(env.GRANTS, 'get')
    await whoami(foreign.token())
    for (const spy of [...spies, grants]) expect(spy).not.toHaveBeenCalled()
  })
})

describe('M1 RFC 6750 §2, OAuth 2.1 §5.1 the token of another server outside of the header', () => {
  it.each<[string, (token: string) => [string, RequestInit]]>([
    ['no token at all', () => [MCP_URL, {}]],
    ['a token in the query', (token) => [`${MCP_URL}?access_token=${token}`, {}]],
    ['a token in a cookie', (token) => [MCP_URL, { headers: { Cookie: `access_token=${token}` } }]],
    ['a token in a form', (token) => [MCP_URL, { method: 'POST', body: `access_token=${token}` }]],
    ['another scheme', (token) => [MCP_URL, { headers: { Authorization: `Basic ${token}` } }]],
  ])('is 401 with our own metadata, and no server is asked: %s', async (_what, requestFor) => {
    const response = await server(...requestFor(await foreign.token()))
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe(
      `Bearer resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp", scope="notes:read"`,
    )
    expect(host.fetched).toEqual([])
  })
})

describe('M2 RFC 9068 §4, RFC 8725 §3 a token that is not of that server in every way', () => {
  let stranger: Key

  beforeEach(async () => {
    stranger = await newKey()
    expect((await call()).status).toBe(200)
  })

  const hs256 = async (secret: string | Uint8Array) =>
    foreign.token({
      header: { alg: 'HS256' },
      key: typeof secret === 'string' ? new TextEncoder().encode(secret) : secret,
    })
  const publicJwk = () => (foreign.keys[0] as Key).jwk

  async function unsigned(alg: string, signature = ''): Promise<string> {
    const [, payload] = (await foreign.token()).split('.')
    return `${base64url.encode(JSON.stringify(foreign.header({ alg })))}.${payload}.${signature}`
  }

  /** The valid token with one bit changed in its header (0), payload (1) or signature (2). */
  async function flipped(part: 0 | 1 | 2): Promise<string> {
    const parts = (await foreign.token()).split('.')
    const bytes = base64url.decode(parts[part] as string)
    const middle = Math.floor(bytes.length / 2)
    bytes[middle] = (bytes[middle] as number) ^ 1
    return parts.with(part, base64url.encode(bytes)).join('.')
  }

  const FORGERIES: [string, () => Promise<string>][] = [
    ['the key of a stranger', () => foreign.token({ key: stranger.privateKey })],
    [
      'the key of a stranger in its header',
      () => foreign.token({ header: { jwk: stranger.jwk }, key: stranger.privateKey }),
    ],
    ['alg none', () => unsigned('none')],
    ['alg NONE', () => unsigned('NONE')],
    ['alg none and a signature', async () => unsigned('none', (await foreign.token()).split('.')[2])],
    ['no signature', () => unsigned('ES256')],
    ['a signature of zeros', () => unsigned('ES256', base64url.encode(new Uint8Array(64)))],
    ['another algorithm than its key is for', () => unsigned('RS256', base64url.encode(new Uint8Array(256)))],
    ['HS256 with the public key as secret', () => hs256(JSON.stringify(publicJwk()))],
    ['HS256 with x as secret', () => hs256(base64url.decode(publicJwk().x as string))],
    [
      'HS256 with an empty kid and secret',
      () => foreign.token({ header: { alg: 'HS256', kid: '' }, key: new Uint8Array(32) }),
    ],
    ['a flipped bit in its header', () => flipped(0)],
    ['a flipped bit in its payload', () => flipped(1)],
    ['a flipped bit in its signature', () => flipped(2)],
    ['an unknown kid', () => foreign.token({ header: { kid: 'another' } })],
    [
      'an unknown critical extension',
      () =>
        new SignJWT(foreign.claims())
          .setProtectedHeader({ ...foreign.header(), crit: ['b65'], b65: true })
          .sign((foreign.keys[0] as Key).privateKey, { crit: { b65: true } }),
    ],
    ['a second signature', async () => `${await foreign.token()}.AAAA`],
  ]

  it.each(FORGERIES)('is 401 invalid_token with %s', async (_what, token) => {
    expectInvalid(await callWith(server, await token()))
  })

  it.each<[string, Changes]>([
    ['another issuer', { claims: { iss: 'https://other.example' } }],
    ['no issuer', { claims: { iss: undefined } }],
    ['a list of issuers', { claims: { iss: ['https://other.example'] } }],
    ['another audience', { claims: { aud: 'https://other.example/mcp' } }],
    ['our origin as audience', { claims: { aud: ORIGIN } }],
    ['our audience with a slash', { claims: { aud: `${MCP_URL}/` } }],
    ['our audience within another', { claims: { aud: `${MCP_URL}.evil.test` } }],
    ['its client as audience', { claims: { aud: 'an-app' } }],
    ['a list of others as audience', { claims: { aud: ['https://other.example', 'an-app'] } }],
    ['an empty list as audience', { claims: { aud: [] } }],
    ['our audience in a list of lists', { claims: { aud: [[MCP_URL]] } }],
    ['no audience', { claims: { aud: undefined } }],
    ['an end in the past', { claims: { exp: secondsFromNow(-1) } }],
    ['an end that is now', { claims: { exp: Math.floor(NOW / 1000) } }],
    ['no end', { claims: { exp: undefined } }],
    ['an end that is a text', { claims: { exp: '99999999999' } }],
    ['a beginning in the future', { claims: { nbf: secondsFromNow(60) } }],
    ['a beginning that is a text', { claims: { nbf: '0' } }],
    ['an issue in the future', { claims: { iat: secondsFromNow(60) } }],
    ['no subject', { claims: { sub: undefined } }],
    ['an empty subject', { claims: { sub: '' } }],
    ['a number as its subject', { claims: { sub: 1 } }],
    ['no client', { claims: { client_id: undefined } }],
    ['a client that is no text', { claims: { client_id: ['an-app'] } }],
    ['a key that it is bound to (RFC 9449)', { claims: { cnf: { jkt: 'x' } } }],
    ['a binding as Keycloak has it', { claims: { typ: 'DPoP' } }],
    ['the type of a logout token', { header: { typ: 'logout+jwt' } }],
    ['the type of an introspection', { header: { typ: 'token-introspection+jwt' } }],
    ['the type of a client assertion', { header: { typ: 'client-authentication+jwt' } }],
    ['an empty type', { header: { typ: '' } }],
  ])('is 401 invalid_token with %s', async (_what, changes) => {
    expectInvalid(await call(changes))
  })

  describe.each([
    ['JWT', 'JWT'],
    ['no type', undefined],
  ])('when its type is %s, which ID tokens have, too', (_type, typ) => {
    it.each<[string, Claims]>([
      ['no scopes', { scope: undefined }],
      ['scopes that are no text', { scope: 1 }],
      ['a nonce', { nonce: 'n' }],
      ['an at_hash', { at_hash: 'h' }],
      ['a c_hash', { c_hash: 'h' }],
      ['an s_hash', { s_hash: 'h' }],
      ['the type that Keycloak gives ID tokens', { typ: 'ID' }],
      ['the type that Keycloak gives refresh tokens', { typ: 'Refresh' }],
      ['the use that Cognito gives ID tokens', { token_use: 'id' }],
      ['the use that Hydra gives refresh tokens', { token_use: 'refresh_token' }],
      ['two declarations that contradict each other', { typ: 'Bearer', token_use: 'id' }],
      ['a declaration that is no text', { token_use: { access: true } }],
      ['an empty declaration', { typ: '' }],
      ['a nonce, and how it is used', { nonce: 'n', token_type: 'Bearer' }],
      ['no scopes, and how it is used', { scope: undefined, token_type: 'Bearer' }],
      ['a binding that is declared elsewhere', { typ: 'Bearer', token_type: 'DPoP' }],
      ['a key that it is bound to, and a declaration', { typ: 'Bearer', cnf: { jkt: 'x' } }],
    ])('is 401 invalid_token with %s', async (_what, claims) => {
      expectInvalid(await call({ header: { typ }, claims }))
    })

    it.each<[string, Claims]>([
      ['as Keycloak has it', { typ: 'Bearer' }],
      ['in other letters', { typ: 'BEARER' }],
      ['as Cognito has it', { token_use: 'access' }],
      ['as Hydra has it', { token_use: 'access_token', token_type: 'Bearer' }],
      ['as early Hydra has it', { token_type: 'access_token' }],
    ])(
      'is accepted with what ID tokens have when it says that it is an access token: %s',
      async (_what, claims) => {
        for (const name of ['nonce', 'at_hash', 'c_hash', 's_hash']) {
          expect((await call({ header: { typ }, claims: { ...claims, [name]: 'x' } })).status).toBe(200)
        }
        expect((await call({ header: { typ }, claims: { ...claims, scope: undefined } })).status).toBe(200)
      },
    )

    it('is accepted with null for what it does not have', async () => {
      const none = ['nonce', 'cnf', 'at_hash', 'typ', 'token_use', 'nbf', 'iat', 'name', 'scp', 'azp']
      const claims = Object.fromEntries(none.map((name) => [name, null]))
      expect((await call({ header: { typ }, claims })).status).toBe(200)
    })
  })

  it.each(['jku', 'x5u'])(
    'is 401 when its header says where its keys are (%s), which the server ignores',
    async (name) => {
      const url = 'https://evil.gatehouse-tests.dev/keys'
      host.answer(url, () => Response.json({ keys: [stranger.jwk] }))
      const header = { [name]: url, kid: stranger.jwk.kid }
      expectInvalid(await callWith(server, await foreign.token({ header, key: stranger.privateKey })))
      expect(host.fetched).not.toContain(url)
    },
  )

  it('is 401 without a key id where several keys could have signed it', async () => {
    foreign.keys.push(await newKey())
    pass(601)
    expectInvalid(await call({ header: { kid: undefined } }))
    expect((await call()).status).toBe(200)
    // Other keys would not help.
    const { keyFetches } = foreign
    pass(11)
    expectInvalid(await call({ header: { kid: undefined } }))
    expect(foreign.keyFetches).toBe(keyFetches)
  })

  it('is 401 when it was signed by a key that the server publishes for something else', async () => {
    const encryption = await newKey()
    foreign.keys.push({ ...encryption, jwk: { ...encryption.jwk, use: 'enc' } })
    pass(601)
    const header = { kid: encryption.jwk.kid }
    expectInvalid(await call({ header, key: encryption.privateKey }))
  })

  it('is 401 when it was signed with a secret that the server publishes', async () => {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    const jwk = { kty: 'oct', k: base64url.encode(secret), kid: 'secret', alg: 'HS256' }
    foreign.keys.push({ ...(foreign.keys[0] as Key), jwk })
    pass(601)
    expectInvalid(await call({ header: { alg: 'HS256', kid: 'secret' }, key: secret }))
    expect((await call()).status).toBe(200)
  })

  it('has a challenge that names the problem, never the content', async () => {
    const aud = 'https://other.example/mcp"\r\n'
    const challenge = (await call({ claims: { aud } })).headers.get('WWW-Authenticate')
    expect(challenge).toContain('error_description="The access token is for another audience (aud)."')
    expect(challenge).not.toContain('other.example')
  })

  it.each<[string, Changes]>([
    ['signed with an algorithm that is not accepted', { header: { alg: 'HS256' }, key: new Uint8Array(32) }],
    ['is not signed by the server', { header: { kid: 'another' } }],
    ['no bearer access token (typ, token_use, token_type)', { claims: { token_use: 'id' } }],
  ])('has words of its own: %s', async (words, changes) => {
    const response = await call(changes)
    expectInvalid(response)
    expect(response.headers.get('WWW-Authenticate')).toContain(words)
  })

  it.each(['ES512', 'none', 'x"\r\n'])(
    'does not say the algorithm that its header claims: %s',
    async (alg) => {
      const response = await callWith(server, await unsigned(alg, 'AAAA'))
      expectInvalid(response)
      const challenge = response.headers.get('WWW-Authenticate') ?? ''
      expect(challenge).toContain('with an algorithm that is not accepted')
      expect(challenge).not.toContain(alg)
    },
  )

  it('says so where its server lists the key twice', async () => {
    const [key] = foreign.keys as [Key]
    foreign.keys = [key, key]
    pass(601)
    const response = await call()
    expectInvalid(response)
    expect(response.headers.get('WWW-Authenticate')).toContain('lists that one twice')
  })

  it('is over when it expires, although it was accepted before', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(100) } })
    expect((await callWith(server, token)).status).toBe(200)
    pass(99)
    expect((await callWith(server, token)).status).toBe(200)
    pass(1)
    expectInvalid(await callWith(server, token))
  })
})

describe('no tool', () => {
  it('is given the token', async () => {
    const token = await foreign.token()
    const response = await server(MCP_URL, modernCall(token, 'see_context'))
    expect(await response.text()).not.toContain(token.slice(0, 40))
  })
})

describe('P8 RFC 9449 §6 the token of another server that is bound to a key', () => {
  async function bound(key: DpopKey, by: DpopKey | undefined, claims: Claims = {}) {
    const token = await foreign.token({ claims: { cnf: { jkt: key.jkt }, ...claims } })
    const { headers: ofCall, ...request } = modernCall(token, 'whoami')
    const headers = new Headers(ofCall)
    for (const [name, value] of Object.entries((await by?.forCall(token)) ?? {})) headers.set(name, value)
    return server(MCP_URL, { ...request, headers })
  }

  it('counts with a proof of that key alone', async () => {
    const [key, thief] = [await DpopKey.create(), await DpopKey.create()]
    expect((await bound(key, key)).status).toBe(200)
    expect((await bound(key, key, { typ: 'DPoP' })).status).toBe(200)
    expectInvalid(await bound(key, undefined))
    expect((await bound(key, thief)).status).toBe(401)
  })

  it('is refused where it is bound in another way, or says so without a key', async () => {
    const key = await DpopKey.create()
    const certificate = { 'x5t#S256': 'x' }
    for (const cnf of [certificate, { jkt: key.jkt, ...certificate }, { jkt: 1 }, {}, 'x'])
      expect((await bound(key, key, { cnf })).status).toBe(401)
    for (const claims of [{ typ: 'DPoP' }, { token_type: 'DPoP' }])
      expect((await bound(key, key, { cnf: undefined, ...claims })).status).toBe(401)
  })
})
