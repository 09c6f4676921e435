// Which issuer can name which user, with several trusted authorization servers or one beside ours: rows M2 and M11,
// and T6, T10, T11 and R1 as they are without our consent page.
import { env } from 'cloudflare:workers'
import { decodeJwt, importJWK } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { OWNER, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import {
  callWith,
  expectInvalid,
  ForeignServer,
  type Key,
  openSession,
  serverWith,
} from '../support/foreign-server.ts'
import { modernCall, toolCall } from '../support/mcp-request.ts'
import { expectSessionNotFound } from '../support/mcp-session.ts'
import { OAuthClient, structured } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal, expectUnavailable, pass, tokensOf } from '../support/outcome.ts'
import { foreign, host, server, trust, type Who, whoami } from '../support/trusting-server.ts'
import { form, MCP_URL } from '../support/worker.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('M2 two trusted servers', () => {
  let other: ForeignServer

  beforeEach(async () => {
    other = await ForeignServer.start(host)
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }, { issuer: other.issuer }] })
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

  it('stay distinct although they publish the same keys', async () => {
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
      trust({
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
    trust({
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
    expect((await server(MCP_URL, modernCall('', 'whoami', {}, { headers: both }))).status).toBe(400)
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
    trust({
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
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }, { issuer: other.issuer }] })
  })

  const textsOf = async (token: string) => {
    const response = await callWith(server, token, 'list_notes')
    const { notes } = await structured<{ notes: { text: string }[] }>(response)
    return notes.map(({ text }) => text)
  }

  it('of two issuers is two users, and neither sees the other’s notes', async () => {
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

  it('is no user who signed in here', async () => {
    const config = loadSettings({ ...env, OWNER: 'oidc:someone' } as Env)
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }], OWNER: 'oidc:someone' })
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

  it('names no other user by another split between issuer and subject', async () => {
    const [a, b] = await Promise.all([
      ForeignServer.start(host, 'https://joined.gatehouse-tests.dev/a'),
      ForeignServer.start(host, 'https://joined.gatehouse-tests.dev/ab'),
    ])
    b.keys = a.keys
    trust({ AUTHORIZATION_SERVERS: [{ issuer: a.issuer }, { issuer: b.issuer }] })
    const one = await whoami(a.token({ claims: { sub: 'bc' } }))
    const two = await whoami(b.token({ claims: { sub: 'c' } }))
    expect(one.userId).not.toBe(two.userId)
  })
})
