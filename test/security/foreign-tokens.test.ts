// Attacks with the JWT access tokens of somebody else's authorization server: rows M1, M2, M11 where it issues them.
import { env } from 'cloudflare:workers'
import { base64url, decodeJwt, exportJWK, importJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OWNER, userIdOf } from '../../src/identity.ts'
import { loadConfig } from '../../src/settings/load.ts'
import { DocumentHost } from '../support/document-host.ts'
import {
  type Changes,
  type Claims,
  callWith,
  expectInvalid,
  ForeignServer,
  type Key,
  newKey,
  openSession,
  type Server,
  secondsFromNow,
  serverWith,
} from '../support/foreign-server.ts'
import { modernCall, toolCall } from '../support/mcp-request.ts'
import { expectSessionNotFound } from '../support/mcp-session.ts'
import { OAuthClient, structured } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectRefusal,
  expectUnavailable,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { form, MCP_URL, ORIGIN } from '../support/worker.ts'
import '../support/session-tools.ts'

// The claims below count from here.
const NOW = Date.now()
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let host: DocumentHost
let foreign: ForeignServer
let server: Server

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  host = DocumentHost.install()
  foreign = await ForeignServer.start(host)
  server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

interface Who {
  userId: string
  name: string
  clientId: string
  scopes: string[]
}

const call = async (changes: Changes = {}) => callWith(server, await foreign.token(changes))

async function whoami(token: string | Promise<string>, at = server): Promise<Who> {
  const response = await callWith(at, await token)
  expect(response.status).toBe(200)
  return structured<Who>(response)
}

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
    ['a name without end', { name: 'x'.repeat(5000) }, { name: 'x'.repeat(100) }],
    ['a name that turns the text around it', { name: 'Some\u202eone\u0000' }, { name: 'Some one' }],
    ['names that nobody can see', { name: '\u200b', preferred_username: ' ' }, { name: 'someone' }],
  ])('is understood with %s', async (_what, claims, expected) => {
    expect(await whoami(foreign.token({ header: { typ: 'JWT' }, claims }))).toMatchObject(expected)
  })

  it('is accepted for another audience where that is configured, and then for no other', async () => {
    const audience = 'api://gatehouse'
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer, audience }] })
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
    ['another scheme', (token) => [MCP_URL, { headers: { Authorization: `DPoP ${token}` } }]],
  ])('is 401 with our own metadata, and nobody is asked: %s', async (_what, requestFor) => {
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
      'a critical extension that nobody knows',
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
    ['nobody as its subject', { claims: { sub: undefined } }],
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
    ])('is 401 invalid_token with %s', async (_what, claims) => {
      expectInvalid(await call({ header: { typ }, claims }))
    })
  })

  it.each(['jku', 'x5u'])(
    'is 401 when its header says where its keys are (%s), and nobody looks',
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
    // Nor would other keys tell.
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

  it('is told apart in the challenge by what is wrong, never by what was in it', async () => {
    const aud = 'https://other.example/mcp"\r\n'
    const challenge = (await call({ claims: { aud } })).headers.get('WWW-Authenticate')
    expect(challenge).toContain('error_description="The access token is for another audience (aud)."')
    expect(challenge).not.toContain('other.example')
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

describe('M2 two trusted servers', () => {
  let other: ForeignServer

  beforeEach(async () => {
    other = await ForeignServer.start(host)
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }, { issuer: other.issuer }] })
  })

  it('are both believed', async () => {
    expect((await callWith(server, await foreign.token())).status).toBe(200)
    expect((await callWith(server, await other.token())).status).toBe(200)
  })

  it('cannot speak for one another', async () => {
    const asOther = await foreign.token({ claims: { iss: other.issuer } })
    expectInvalid(await callWith(server, asOther))
    const [key] = foreign.keys as [Key]
    const withKid = await foreign.token({
      claims: { iss: other.issuer },
      header: { kid: other.header().kid },
    })
    expectInvalid(await callWith(server, withKid))
    expect(decodeJwt(withKid).iss).toBe(other.issuer)
    expectInvalid(
      await callWith(server, await other.token({ header: { kid: key.jwk.kid }, key: key.privateKey })),
    )
  })

  it('are told apart although they publish the same keys', async () => {
    other.keys = foreign.keys
    const [one, two] = [await whoami(foreign.token()), await whoami(other.token())]
    expect(one.userId).not.toBe(two.userId)
    const elsewhere = await ForeignServer.start(host)
    elsewhere.keys = foreign.keys
    expectInvalid(await callWith(server, await elsewhere.token()))
  })

  it('one of which does not answer: the other goes on', async () => {
    host.unplug(other.metadataUrl)
    await expectUnavailable(await callWith(server, await other.token()))
    expect((await callWith(server, await foreign.token())).status).toBe(200)
  })
})

describe('M2 our own tokens beside those of another server', () => {
  let app: OAuthClient
  let own: string

  beforeEach(async () => {
    app = await OAuthClient.registered()
    own = (await app.connect()).access_token
  })

  it('are refused when only the other server is in force', async () => {
    expect((await callWith(serverWith({}), own)).status).toBe(200)
    expectInvalid(await callWith(server, own))
    expect(host.fetched).toEqual([])
  })

  describe('when both are in force', () => {
    beforeEach(() => {
      server = serverWith({
        AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }],
        KEEP_OWN_AUTHORIZATION_SERVER: 'true',
      })
    })

    it('are accepted, each by its own rules', async () => {
      expect((await whoami(own)).name).toBe('Owner')
      expect((await whoami(foreign.token())).name).toBe('Someone')
    })

    it('are over when their grant is', async () => {
      const { access_token, refresh_token } = await app.connect()
      expect((await callWith(server, access_token)).status).toBe(200)
      await app.revoke(refresh_token)
      pass(120)
      expectInvalidToken(await callWith(server, access_token))
    })

    it('cannot be made by the other server', async () => {
      const claims = decodeJwt(own)
      expectInvalid(await callWith(server, await foreign.token({ claims })))
      const { kid } = JSON.parse(env.SIGNING_KEY) as { kid: string }
      expectInvalid(await callWith(server, await foreign.token({ claims, header: { kid } })))
    })

    it('do not let us speak for the other server', async () => {
      const { kid } = JSON.parse(env.SIGNING_KEY) as { kid: string }
      const key = (await importJWK(JSON.parse(env.SIGNING_KEY), 'ES256')) as CryptoKey
      expectInvalid(await callWith(server, await foreign.token({ header: { kid }, key })))
    })

    it('are still held to all claims of ours', async () => {
      const key = (await importJWK(JSON.parse(env.SIGNING_KEY), 'ES256')) as CryptoKey
      const { kid } = JSON.parse(env.SIGNING_KEY) as { kid: string }
      const claims = { ...decodeJwt(own), grant: undefined }
      expectInvalid(await callWith(server, await foreign.token({ claims, header: { kid }, key })))
    })
  })
})

describe('a token of another server at the authorization server that is built in, beside it', () => {
  let app: OAuthClient
  let token: string

  beforeEach(async () => {
    app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
    token = await foreign.token()
    server = serverWith({
      AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }],
      KEEP_OWN_AUTHORIZATION_SERVER: 'true',
    })
  })

  const post = (path: string, fields: Record<string, string | undefined>, headers = {}) =>
    server(path, { method: 'POST', body: form(fields), headers })
  const credentials = () => ({ client_id: app.id, client_secret: app.secret })

  it.each<[string, () => Record<string, string | undefined>, string, number]>([
    ['a code', () => ({ grant_type: 'authorization_code', code: token }), 'invalid_grant', 400],
    ['a refresh token', () => ({ grant_type: 'refresh_token', refresh_token: token }), 'invalid_grant', 400],
    [
      'an assertion',
      () => ({ grant_type: JWT_BEARER, assertion: token, client_id: undefined, client_secret: undefined }),
      'invalid_grant',
      400,
    ],
    [
      'the proof of a client',
      () => ({
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: undefined,
        client_secret: undefined,
        client_assertion_type: CLIENT_ASSERTION,
        client_assertion: token,
      }),
      'invalid_client',
      401,
    ],
    [
      'the secret of a client',
      () => ({ grant_type: 'refresh_token', refresh_token: 'x', client_secret: token }),
      'invalid_client',
      401,
    ],
  ])('T6 is not taken for %s', async (_what, fields, code, status) => {
    await expectRefusal(await post('/token', { ...credentials(), ...fields() }), code, status)
    expect(host.fetched).toEqual([])
  })

  it('T6 is no session, and nothing that can be revoked or asked about here', async () => {
    for (const name of ['__Host-session', 'session']) {
      const page = await server('/account', { headers: { Cookie: `${name}=${token}` } })
      expect(page.status).toBe(303)
    }
    expect((await post('/revoke', { ...credentials(), token })).status).toBe(200)
    expect((await callWith(server, token)).status).toBe(200)
    const answer = await post('/introspect', { ...credentials(), token })
    expect(await answer.json()).toEqual({ active: false })
  })

  it('T10 does not put its client in the place of ours: a refresh token of ours is refused and lives', async () => {
    const { refresh_token } = await app.connect()
    const refresh = { grant_type: 'refresh_token', refresh_token }
    await expectRefusal(await post('/token', { ...refresh, client_id: 'an-app' }), 'invalid_client', 401)
    const named = await foreign.token({ claims: { client_id: app.id } })
    await expectRefusal(
      await post('/token', { ...refresh, client_id: app.id, client_secret: named }),
      'invalid_client',
      401,
    )
    await tokensOf(post('/token', { ...credentials(), ...refresh }))
  })

  it('T11 proves no client beside its credentials, and none in their place', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' }
    const headers = { Authorization: `Bearer ${token}` }
    for (const known of [credentials(), { client_id: app.id, client_secret: undefined }]) {
      await expectRefusal(await post('/token', { ...fields, ...known }, headers), 'invalid_client', 401)
    }
  })

  it('T11 is the only one that counts where one of ours comes along, and the other way round', async () => {
    const { access_token } = await app.connect()
    const asked = (bearer: string, other: string) =>
      server(
        `${MCP_URL}?access_token=${other}`,
        modernCall(bearer, 'whoami', {}, { headers: { Cookie: `token=${other}` } }),
      )
    expect((await structured<Who>(asked(token, access_token))).name).toBe('Someone')
    expect((await structured<Who>(asked(access_token, token))).name).toBe('Owner')
    const both = { Authorization: `Bearer ${token}, Bearer ${access_token}` }
    expect((await server(MCP_URL, modernCall('', 'whoami', {}, { headers: both }))).status).toBe(401)
  })

  it('R1 raises itself by no claim: scopes of ours, a grant, another user, another end', async () => {
    const usual = await whoami(foreign.token({ claims: { scope: 'notes:read' } }))
    const claims = {
      scope: 'notes:read',
      scopes: ['notes:write'],
      scp: 'notes:write',
      permissions: ['notes:write'],
      roles: ['owner'],
      groups: ['owner'],
      grant: 'x',
      gen: 0,
      user_expires_at: Date.now() + 1e12,
      userId: 'x',
      email: 'owner@example.com',
      email_verified: true,
      introspects: true,
    }
    server = serverWith({
      AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }],
      KEEP_OWN_AUTHORIZATION_SERVER: 'true',
      OWNER: 'owner@example.com',
    })
    expect(await whoami(foreign.token({ claims }))).toEqual(usual)
    expect((await callWith(server, await foreign.token({ claims }), 'add_note', { text: 'No' })).status).toBe(
      403,
    )
  })
})

describe('M11 RFC 9068 §5 one subject', () => {
  let other: ForeignServer

  beforeEach(async () => {
    other = await ForeignServer.start(host)
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }, { issuer: other.issuer }] })
  })

  const textsOf = async (token: string) => {
    const response = await callWith(server, token, 'list_notes')
    const { notes } = await structured<{ notes: { text: string }[] }>(response)
    return notes.map(({ text }) => text)
  }

  it('of two issuers is two users, neither of whom sees the notes of the other', async () => {
    const tokens = [await foreign.token(), await other.token()] as const
    const [one, two] = [await whoami(tokens[0]), await whoami(tokens[1])]
    expect({ ...one, userId: '' }).toEqual({ ...two, userId: '' })
    expect(one.userId).not.toBe(two.userId)
    await callWith(server, tokens[0], 'add_note', { text: 'Bread' })
    expect(await textsOf(tokens[0])).toEqual(['Bread'])
    expect(await textsOf(tokens[1])).toEqual([])
  })

  it('of two issuers cannot use the session of one another', async () => {
    const session = await openSession(server, await foreign.token())
    await expectSessionNotFound(await session.post(toolCall('whoami'), await other.token()))
    expect((await session.post(toolCall('whoami'))).status).toBe(200)
  })

  it('of one issuer is one user, whatever else has changed', async () => {
    const first = await whoami(foreign.token())
    const claims = { client_id: 'another-app', name: 'Renamed', scope: 'notes:read' }
    expect((await whoami(foreign.token({ claims }))).userId).toBe(first.userId)
    expect((await whoami(foreign.token({ claims: { sub: 'Someone' } }))).userId).not.toBe(first.userId)
  })

  it('is nobody who has signed in here', async () => {
    const config = loadConfig({ ...env, OWNER: 'oidc:someone' } as Env)
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }], OWNER: 'oidc:someone' })
    const { issuer } = foreign
    const locals = await Promise.all(
      [OWNER, ...['oidc', 'github', 'passkey', 'guest'].map((method) => ({ ...OWNER, method }))].flatMap(
        (identity) =>
          ['', issuer].map((vouching) =>
            userIdOf(config, { ...identity, issuer: vouching, subject: 'someone' }),
          ),
      ),
    )
    const owner = await userIdOf(config, OWNER)
    for (const sub of ['someone', 'owner', owner]) {
      const { userId } = await whoami(foreign.token({ claims: { sub } }))
      expect([...locals, owner]).not.toContain(userId)
    }
  })

  it('that is the name of a client is not the client (RFC 9700 §4.15)', async () => {
    const person = await whoami(foreign.token())
    const client = await whoami(foreign.token({ claims: { client_id: 'someone' } }))
    expect(client.userId).not.toBe(person.userId)
  })

  it('names nobody by joining it to its issuer in another way', async () => {
    const [a, b] = await Promise.all([
      ForeignServer.start(host, 'https://joined.gatehouse-tests.dev/a'),
      ForeignServer.start(host, 'https://joined.gatehouse-tests.dev/ab'),
    ])
    b.keys = a.keys
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: a.issuer }, { issuer: b.issuer }] })
    const one = await whoami(a.token({ claims: { sub: 'bc' } }))
    const two = await whoami(b.token({ claims: { sub: 'c' } }))
    expect(one.userId).not.toBe(two.userId)
  })
})

describe('RFC 8414 §3 discovery', () => {
  it.each<[string, string, (origin: string) => string]>([
    ['a path', '/realms/one', (origin) => `${origin}/.well-known/oauth-authorization-server/realms/one`],
    ['a path and a slash', '/one/', (origin) => `${origin}/.well-known/oauth-authorization-server/one`],
    ['a slash', '/', (origin) => `${origin}/.well-known/oauth-authorization-server`],
  ])('finds the metadata of an issuer with %s', async (_what, path, urlOf) => {
    const origin = `https://a${crypto.randomUUID()}.gatehouse-tests.dev`
    foreign = await ForeignServer.start(host, origin + path)
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect((await call()).status).toBe(200)
    expect(host.fetched).toEqual([urlOf(origin), foreign.jwksUrl])
  })

  it.each(['', '/', '/realms/one', '/realms/one/'])(
    'finds that of an OpenID provider whose issuer ends with "%s"',
    async (path) => {
      const origin = `https://a${crypto.randomUUID()}.gatehouse-tests.dev`
      foreign = await ForeignServer.start(host, origin + path)
      host.answer(foreign.metadataUrl, () => new Response('<h1>Not found</h1>', { status: 404 }))
      const openId = `${origin}${path.replace(/\/$/, '')}/.well-known/openid-configuration`
      host.answer(openId, () => Response.json(foreign.metadata()))
      server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
      expect((await call()).status).toBe(200)
      expect(host.fetched).toEqual([foreign.metadataUrl, openId, foreign.jwksUrl])
    },
  )

  it('compares the issuer letter for letter, and says 503 when the metadata has another', async () => {
    for (const issuer of [
      `${foreign.issuer}/`,
      foreign.issuer.toUpperCase(),
      'https://other.example',
      undefined,
    ]) {
      host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ issuer })))
      await expectUnavailable(await call())
      pass(11)
    }
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: `${foreign.issuer}/` }] })
    expectInvalid(await call())
  })
})

const HUGE = 'x'.repeat(65 * 1024)
const html = () =>
  new Response('<!doctype html><h1>Maintenance</h1>', { headers: { 'Content-Type': 'text/html' } })

/** What can be wrong with an answer of somebody else's server. */
const BROKEN: [string, () => Response | Promise<Response>][] = [
  ['no answer at all', () => Promise.reject(new TypeError('Network connection lost.'))],
  ['500', () => new Response('oops', { status: 500 })],
  ['429', () => new Response('slower', { status: 429 })],
  ['404', () => new Response('gone', { status: 404 })],
  ['401', () => new Response('who?', { status: 401 })],
  ['204', () => new Response(null, { status: 204 })],
  ['HTML', html],
  ['nothing', () => new Response('')],
  ['a list', () => Response.json([])],
  ['null', () => Response.json(null)],
  ['cut off JSON', () => new Response('{"keys":[')],
]

describe('R3 a server whose documents are not as they should be', () => {
  const redirect = (to: string) => new Response(null, { status: 302, headers: { Location: to } })
  const at = (which: 'metadataUrl' | 'jwksUrl') => foreign[which]

  /** 503, and everything is well again once the server is. */
  async function expectOutage(): Promise<void> {
    const token = await foreign.token()
    const log = listenToLog()
    await expectUnavailable(await callWith(server, token))
    expect(log()).toContainEqual({
      event: 'issuer.unavailable',
      issuer: foreign.issuer,
      reason: expect.any(String),
    })
    host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata()))
    host.answer(foreign.jwksUrl, () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
    pass(11)
    expect((await callWith(server, token)).status).toBe(200)
  }

  describe.each(['metadataUrl', 'jwksUrl'] as const)('at its %s', (which) => {
    it.each(BROKEN)('is 503, never 401 or 500: %s', async (_what, answer) => {
      host.answer(at(which), answer)
      await expectOutage()
    })

    it('is 503: a redirect, which is not followed', async () => {
      const elsewhere = 'https://elsewhere.gatehouse-tests.dev/moved'
      const answer = which === 'jwksUrl' ? { keys: [(foreign.keys[0] as Key).jwk] } : foreign.metadata()
      host.answer(elsewhere, () => Response.json(answer))
      host.answer(at(which), () => redirect(elsewhere))
      await expectOutage()
    })

    it('is 503: more than anyone needs, and the rest is not read', async () => {
      const answer = which === 'jwksUrl' ? { keys: [(foreign.keys[0] as Key).jwk] } : foreign.metadata()
      host.answer(at(which), () => Response.json({ ...answer, padding: HUGE }))
      await expectOutage()
    })

    it.each([200, 500])('is 503: a %s without end, and it is not waited for', async (status) => {
      let cancelled = false
      const endless = () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(8192).fill(32)),
          cancel: () => {
            cancelled = true
          },
        })
      host.answer(at(which), () => new Response(endless(), { status }))
      await expectOutage()
      expect(cancelled).toBe(true)
    })
  })

  it('is given up after five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    expect((await call()).status).toBe(200)
    expect(timeout.mock.calls).toEqual([[5000], [5000]])
    foreign = await ForeignServer.start(host)
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    timeout.mockReturnValue(AbortSignal.abort(new DOMException('The operation timed out.', 'TimeoutError')))
    await expectUnavailable(await call())
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['over plain http', 'http://keys.gatehouse-tests.dev/keys'],
    ['on this computer', 'http://localhost:8788/keys'],
    ['a path', '/keys'],
    ['data', 'data:application/json,{"keys":[]}'],
    ['a file', 'file:///etc/keys'],
    ['a list', ['https://keys.gatehouse-tests.dev/keys']],
  ])(
    'is 503 when the address of its keys is not secure, and nobody goes there: %s',
    async (_what, jwks_uri) => {
      host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ jwks_uri })))
      host.answer(String(jwks_uri), () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
      await expectOutage()
      expect(host.fetched).not.toContain(String(jwks_uri))
    },
  )

  it('may use plain http on this computer, when it is on this computer itself', async () => {
    foreign = await ForeignServer.start(host, 'http://localhost:8788')
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect((await call()).status).toBe(200)
    foreign = await ForeignServer.start(host, 'http://127.0.0.1:8789')
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    const jwks_uri = 'http://keys.gatehouse-tests.dev/keys'
    host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ jwks_uri })))
    await expectUnavailable(await call())
  })

  it('is asked again only after ten seconds, however many ask', async () => {
    host.unplug(foreign.metadataUrl)
    for (let n = 0; n < 10; n++) await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(1)
    pass(10)
    await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(2)
  })

  it('is asked again only ten seconds after it has let everybody wait', async () => {
    host.answer(foreign.metadataUrl, () => {
      pass(9)
      return new Response('', { status: 504 })
    })
    await expectUnavailable(await call())
    pass(9)
    await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(1)
  })

  it('goes on being believed for a day by what it published before', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(48 * 3600) } })
    expect((await callWith(server, token)).status).toBe(200)
    host.unplug(foreign.metadataUrl)
    host.answer(foreign.jwksUrl, html)
    for (let hours = 0; hours < 23; hours++) {
      pass(3600)
      expect((await callWith(server, token)).status).toBe(200)
    }
    pass(3600)
    await expectUnavailable(await callWith(server, token))
  })

  it('is not waited for, once it is known not to answer', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(3600) } })
    expect((await callWith(server, token)).status).toBe(200)
    host.unplug(foreign.metadataUrl)
    pass(601)
    expect((await callWith(server, token)).status).toBe(200)
    pass(11)
    let recover = (_response: Response) => {}
    host.answer(foreign.metadataUrl, () => new Promise((resolve) => (recover = resolve)))
    const answers = Promise.all([callWith(server, token), callWith(server, token)])
    const late = scheduler.wait(5000).then(() => [])
    expect((await Promise.race([answers, late])).map(({ status }) => status)).toEqual([200, 200])
    recover(Response.json(foreign.metadata()))
    await vi.waitFor(() => expect(foreign.keyFetches).toBe(2))
  })

  it('is not asked for what cannot be right anyway', async () => {
    const { privateKey } = await newKey()
    for (const changes of [
      { header: { alg: 'HS256' }, key: new Uint8Array(32) },
      { claims: { iss: 'https://x.test' } },
    ]) {
      expectInvalid(await call(changes))
    }
    expect(host.fetched).toEqual([])
    expectInvalid(await call({ key: privateKey }))
    expect(host.fetched).toHaveLength(2)
  })
})

describe('M2 OpenID Connect Core §10.1.1 the keys of another server', () => {
  it('are fetched once for all who ask at the same time', async () => {
    const token = await foreign.token()
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(server, token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(host.fetched).toEqual([foreign.metadataUrl, foreign.jwksUrl])
  })

  it('are kept for ten minutes', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(3600) } })
    await callWith(server, token)
    pass(599)
    await callWith(server, token)
    expect(foreign.keyFetches).toBe(1)
    pass(1)
    await callWith(server, token)
    expect(foreign.keyFetches).toBe(2)
  })

  it('are fetched anew for a key that is not known', async () => {
    await call()
    foreign.keys = [await newKey(), ...foreign.keys]
    pass(11)
    const token = await foreign.token()
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(server, token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(foreign.keyFetches).toBe(2)
  })

  it('that were withdrawn are good for ten minutes at most', async () => {
    const claims = { exp: secondsFromNow(3600) }
    const token = await foreign.token({ claims })
    expect((await callWith(server, token)).status).toBe(200)
    foreign.keys = [await newKey()]
    pass(601)
    expectInvalid(await callWith(server, token))
    expect((await call()).status).toBe(200)
  })

  it('are not fetched more than every ten seconds, whatever strangers make up', async () => {
    await call()
    pass(11)
    const madeUp = () => call({ header: { kid: crypto.randomUUID() } })
    for (let n = 0; n < 10; n++) expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(2)
    pass(9)
    expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(2)
    pass(1)
    expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(3)
    expect((await call()).status).toBe(200)
  })

  it('leave open whose an unknown key is while they cannot be fetched: 503', async () => {
    await call()
    host.unplug(foreign.jwksUrl)
    const fresh = await newKey()
    const token = await foreign.token({ header: { kid: fresh.jwk.kid }, key: fresh.privateKey })
    pass(11)
    for (let n = 0; n < 3; n++) await expectUnavailable(await callWith(server, token))
    expect((await call()).status).toBe(200)
    foreign.keys.push(fresh)
    host.answer(foreign.jwksUrl, () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
    pass(11)
    expect((await callWith(server, token)).status).toBe(200)
  })

  it.each<[string, unknown]>([
    ['no keys', {}],
    ['keys that are no list', { keys: 'all' }],
    ['keys that are no objects', { keys: [1] }],
  ])('that are malformed are as if they could not be fetched: %s', async (_what, jwks) => {
    host.answer(foreign.jwksUrl, () => Response.json(jwks))
    await expectUnavailable(await call())
  })

  it('one of which nobody can read: the others are good', async () => {
    const odd = { ...(foreign.keys[0] as Key), jwk: { kty: 'XX', kid: 'odd' } }
    const broken = {
      ...(foreign.keys[0] as Key),
      jwk: { kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'broken' },
    }
    foreign.keys.push(odd, broken)
    expect((await call()).status).toBe(200)
    for (const kid of ['odd', 'broken']) expectInvalid(await call({ header: { kid } }))
  })

  it('are public: one that is private is not used', async () => {
    const [key] = foreign.keys as [Key]
    foreign.keys = [{ ...key, jwk: { ...(await exportJWK(key.privateKey)), kid: 'private', alg: 'ES256' } }]
    expectInvalid(await call())
  })
})

describe('no tool', () => {
  it('is given the token', async () => {
    const token = await foreign.token()
    const response = await server(MCP_URL, modernCall(token, 'see_context'))
    expect(await response.text()).not.toContain(token.slice(0, 40))
  })
})
