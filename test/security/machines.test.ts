// Machines that act for themselves (RFC 6749 §4.4), with a secret or a key of their own: what the rows M2, T6, T10, T11,
// T20, R1, R3 mean for them.
import { env } from 'cloudflare:workers'
import { decodeJwt, decodeProtectedHeader, importJWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ownedKey, revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { DocumentHost } from '../support/document-host.ts'
import { FORGERIES } from '../support/forgeries.ts'
import { Issuer } from '../support/issuer.ts'
import { callTool, OAuthClient, register, structured, type Tokens } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectRefusal,
  expectUnavailable,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { form, MCP_URL, ORIGIN, send } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('RFC 6749 §4.4 client_credentials', () => {
  it('gives a client of the owner an access token for itself, and no refresh token', async () => {
    const machine = await Machine.owned()
    const answer = await tokensOf(machine.token())
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'notes:read',
    })
    expect(decodeJwt(answer.access_token)).toMatchObject({
      iss: ORIGIN,
      aud: MCP_URL,
      sub: machine.id,
      client_id: machine.id,
    })
    const who = await structured<object>(callTool(answer.access_token, 'whoami'))
    expect(who).toEqual({
      userId: machine.id,
      name: 'Nightly build',
      clientId: machine.id,
      scopes: ['notes:read'],
    })
  })

  it('takes the secret as Basic, too', async () => {
    const machine = await Machine.owned()
    const Authorization = `Basic ${btoa(`${machine.id}:${machine.secret}`)}`
    await tokensOf(machine.token({ client_id: undefined, client_secret: undefined }, { Authorization }))
  })

  it('gives less where less is asked for, never more than the owner has said', async () => {
    const machine = await Machine.owned({ scopes: ['notes:read', 'notes:write'] })
    expect((await tokensOf(machine.token())).scope).toBe('notes:read notes:write')
    expect((await tokensOf(machine.token({ scope: 'notes:write' }))).scope).toBe('notes:write')
    const small = await Machine.owned()
    expect((await tokensOf(small.token({ scope: 'notes:read notes:write' }))).scope).toBe('notes:read')
    await expectRefusal(await small.token({ scope: 'notes:write' }), 'invalid_scope')
    await expectRefusal(await (await Machine.owned({ scopes: [] })).token(), 'invalid_scope')
  })

  it('checks the scope of a tool', async () => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    expect((await callTool(access_token, 'list_notes')).status).toBe(200)
    expect((await callTool(access_token, 'add_note', { text: 'No' })).status).toBe(403)
  })

  it('keeps the notes of machines and people apart', async () => {
    const scopes = ['notes:read', 'notes:write']
    const [one, other] = [await Machine.owned({ scopes }), await Machine.owned({ scopes })]
    const { access_token } = await tokensOf(one.token())
    await callTool(access_token, 'add_note', { text: 'Mine' })
    const person = await (await OAuthClient.registered()).connect(new Visitor())
    for (const { access_token: foreign } of [await tokensOf(other.token()), person]) {
      const { notes } = await structured<{ notes: object[] }>(callTool(foreign, 'list_notes'))
      expect(notes).toEqual([])
    }
  })
})

describe('T11 a machine that cannot be known', () => {
  it.each<[string, Record<string, string | undefined>, string, number]>([
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client', 401],
    ['no secret', { client_secret: undefined }, 'invalid_client', 401],
    ['another id', { client_id: `owned_${'A'.repeat(22)}` }, 'invalid_client', 401],
    ['a longer id', { client_id: `owned_${'A'.repeat(500)}` }, 'invalid_client', 401],
    ['a key of KV for an id', { client_id: 'owned_../grant:x' }, 'invalid_client', 401],
    ['another resource', { resource: 'https://elsewhere.example' }, 'invalid_target', 400],
    [
      'a grant type that it does not have',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      'unauthorized_client',
      400,
    ],
  ])('is refused with %s', async (_, changes, code, status) => {
    await expectRefusal(await (await Machine.owned()).token(changes), code, status)
  })

  it('is refused without a secret or key, even if the owner made it so', async () => {
    const { metadata } =
      (await env.RECORDS.get<{ metadata: object }>(ownedKey((await Machine.owned()).id), 'json')) ?? {}
    const metadataOfAll = { ...metadata, token_endpoint_auth_method: 'none' } as never
    const machine = await Machine.owned({ metadata: metadataOfAll, secretHash: undefined as never })
    await expectRefusal(await machine.token({ client_secret: undefined }), 'unauthorized_client')
  })

  it('is not refused for good when storage does not answer', async () => {
    const machine = await Machine.owned()
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('storage is down'))
    await expectUnavailable(await machine.token())
  })
})

describe('R1 RFC 7591 the right to act for itself', () => {
  it('is nothing that a client can give itself', async () => {
    const answer = await register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    await expectRefusal(answer, 'invalid_client_metadata')
    const app = await OAuthClient.registered({
      grant_types: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'notes:read',
      scopes: ['notes:read'],
    })
    await expectRefusal(await app.token({ grant_type: 'client_credentials' }), 'unauthorized_client')
  })

  it('is nothing that a document can say of its client', async () => {
    const url = DocumentHost.install().publish({
      grant_types: ['authorization_code', 'client_credentials'],
      scope: 'notes:read',
      scopes: ['notes:read'],
    })
    const app = await OAuthClient.described(url)
    await expectRefusal(await app.token({ grant_type: 'client_credentials' }), 'unauthorized_client')
  })

  it('cannot register the id of an owner’s client, or the right to introspect other tokens', async () => {
    const machine = await Machine.owned()
    const app = await OAuthClient.registered({
      client_id: machine.id,
      id: machine.id,
      introspects: true,
      token_endpoint_auth_method: 'client_secret_post',
    })
    expect(app.id).not.toBe(machine.id)
    const { access_token } = await tokensOf(machine.token())
    const body = form({ client_id: app.id, client_secret: app.secret, token: access_token })
    expect(await (await send('/introspect', { method: 'POST', body })).json()).toEqual({ active: false })
  })
})

/** A machine that proves itself with a key of its own. */
async function keyed(): Promise<{ machine: Machine; key: Issuer }> {
  const key = new Issuer('machine')
  await key.rotate()
  const metadata = { ...OF_MACHINES, jwks: { keys: key.keys } }
  return { key, machine: await Machine.owned({ metadata, secretHash: undefined as never }) }
}

const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const OF_MACHINES = {
  client_name: 'Nightly build',
  redirect_uris: [],
  grant_types: ['client_credentials'],
  response_types: [],
  token_endpoint_auth_method: 'private_key_jwt',
} as const

const proofOf = ({ id }: Machine, key: Issuer, claims: object = {}, header: object = {}) =>
  key.sign({ iss: id, sub: id, aud: ORIGIN, ...claims }, { typ: 'JWT', ...header })

const prove = (machine: Machine, proof: string, fields = {}, headers = {}) =>
  machine.token(
    {
      client_id: undefined,
      client_secret: undefined,
      client_assertion_type: CLIENT_ASSERTION,
      client_assertion: proof,
      ...fields,
    },
    headers,
  )

describe('T20 RFC 7523 a machine with a key of its own', () => {
  it('is given a token for itself, once for each assertion', async () => {
    const { machine, key } = await keyed()
    const proof = await proofOf(machine, key)
    const answers = await Promise.all(Array.from({ length: 50 }, () => prove(machine, proof)))
    const [granted, ...others] = answers.toSorted((one, other) => one.status - other.status) as [Response]
    expect(decodeJwt((await tokensOf(granted)).access_token).sub).toBe(machine.id)
    for (const answer of others) await expectRefusal(answer, 'invalid_client', 401)
  })

  it.each(FORGERIES)('is not known by an assertion with %s', async (_what, forge) => {
    const { machine, key } = await keyed()
    const proof = await proofOf(machine, key)
    await expectRefusal(await prove(machine, await forge(proof, key.publicKey)), 'invalid_client', 401)
    await tokensOf(prove(machine, proof))
  })

  it.each<[string, object]>([
    ['for another server', { aud: 'https://elsewhere.example' }],
    ['for the token endpoint of another server', { aud: 'https://elsewhere.example/token' }],
    ['for a list', { aud: [ORIGIN] }],
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['without an id', { jti: undefined }],
    ['without an end', { exp: undefined }],
    ['that is over', { exp: 1 }],
    ['that is good for a day', { exp: Math.floor(Date.now() / 1000) + 24 * 3600 }],
  ])('is not known by an assertion %s', async (_what, claims) => {
    const { machine, key } = await keyed()
    await expectRefusal(await prove(machine, await proofOf(machine, key, claims)), 'invalid_client', 401)
  })
})

describe('T10 a machine in place of another', () => {
  it('is refused with the secret of the other', async () => {
    const [one, other] = [await Machine.owned(), await Machine.owned()]
    await expectRefusal(await one.token({ client_secret: other.secret }), 'invalid_client', 401)
    await tokensOf(one.token())
  })

  it('is refused with the key of the other, which stays good for its own', async () => {
    const [one, other] = [await keyed(), await keyed()]
    const proof = await proofOf(one.machine, other.key)
    await expectRefusal(await prove(one.machine, proof), 'invalid_client', 401)
    await tokensOf(prove(one.machine, await proofOf(one.machine, one.key)))
  })
})

describe('T11 RFC 6749 §2.3 a machine that comes as two, or for what it was not made', () => {
  it('is refused as one in the header and another in the body', async () => {
    const [one, other] = [await Machine.owned(), await Machine.owned()]
    const Authorization = `Basic ${btoa(`${one.id}:${one.secret}`)}`
    const named = await other.token({ client_secret: undefined }, { Authorization })
    await expectRefusal(named, 'invalid_client', 401)
    await expectRefusal(await other.token({}, { Authorization }), 'invalid_request')
  })

  it('is refused with a key and a secret, and with a secret in place of its key', async () => {
    const [{ machine, key }, other] = [await keyed(), await Machine.owned()]
    const proof = await proofOf(machine, key)
    await expectRefusal(await prove(machine, proof, { client_secret: other.secret }), 'invalid_request')
    const Authorization = `Basic ${btoa(`${other.id}:${other.secret}`)}`
    await expectRefusal(await prove(machine, proof, {}, { Authorization }), 'invalid_request')
    await expectRefusal(await prove(machine, proof, { client_id: other.id }), 'invalid_client', 401)
    await expectRefusal(await machine.token(), 'invalid_client', 401)
    await tokensOf(prove(machine, proof))
  })

  it.each<[string, Record<string, string>]>([
    ['for a person with a code', { grant_type: 'authorization_code', code: 'x' }],
    ['for a person with a refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }],
    [
      'for a person by the word of others',
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'a.b.c' },
    ],
  ])('does not act %s', async (_what, fields) => {
    await expectRefusal(await (await Machine.owned()).token(fields), 'unauthorized_client')
    const { machine, key } = await keyed()
    await expectRefusal(await prove(machine, await proofOf(machine, key), fields), 'unauthorized_client')
  })

  it('cannot be approved by a user', async () => {
    const url = new URL('/authorize', ORIGIN)
    url.search = form({
      client_id: (await Machine.owned()).id,
      response_type: 'code',
      redirect_uri: 'https://client.example/callback',
    }).toString()
    await expectPage(await send(url), 400)
  })
})

describe('R3 the keys of a machine that are elsewhere', () => {
  it.each<[string, () => Response | Promise<Response>]>([
    ['no answer at all', () => Promise.reject(new TypeError('Network connection lost.'))],
    ['500', () => new Response('', { status: 500 })],
    ['a redirect', () => Response.redirect('https://evil.gatehouse-tests.dev/jwks')],
    ['HTML', () => new Response('<html>')],
    ['much more than keys', () => Response.json({ keys: [], more: 'x'.repeat(70_000) })],
  ])('let it wait, and are not taken for a mistake of its own: %s', async (_what, answer) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const key = new Issuer(`keys-${crypto.randomUUID()}`)
    const metadata = { ...OF_MACHINES, jwks_uri: key.jwksUri }
    const machine = await Machine.owned({ metadata, secretHash: undefined as never })
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer())
    const proof = await proofOf(machine, key)
    await expectRefusal(await prove(machine, proof), 'temporarily_unavailable', 503)
    fetched.mockImplementation(async () => Response.json({ keys: key.keys }))
    pass(30)
    await tokensOf(prove(machine, proof))
  })
})

describe('M2 RFC 9068 §4 the token of a machine that is not ours in every way', () => {
  const forge = async (token: string, claims: object, header: object = {}) =>
    new SignJWT({ ...decodeJwt(token), ...claims })
      .setProtectedHeader({ ...decodeProtectedHeader(token), ...header } as JWTHeaderParameters)
      .sign((await importJWK(JSON.parse(env.SIGNING_KEY), 'ES256')) as CryptoKey)

  it.each(FORGERIES)('is 401 with %s', async (_what, made) => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    const { d: _private, ...publicKey } = JSON.parse(env.SIGNING_KEY)
    expectInvalidToken(await callTool(await made(access_token, publicKey), 'whoami'))
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it.each<[string, object, object?]>([
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'https://other.example/mcp' }],
    ['our origin as audience', { aud: ORIGIN }],
    ['an end in the past', { exp: 1 }],
    ['no client', { client_id: undefined }],
    ['no scope', { scope: undefined }],
    ['half a grant', { gen: 0 }],
    ['the type of any JWT', {}, { typ: 'JWT' }],
  ])('is 401 with %s', async (_what, claims, header) => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    expectInvalidToken(await callTool(await forge(access_token, claims, header), 'whoami'))
  })

  it('is not made up for by what a machine proves itself with', async () => {
    const { machine, key } = await keyed()
    expectInvalidToken(await callTool(await proofOf(machine, key), 'whoami'))
    expectInvalidToken(
      await callTool(await proofOf(machine, key, { aud: MCP_URL }, { typ: 'at+jwt' }), 'whoami'),
    )
    expectInvalidToken(await callTool((await Machine.owned()).secret, 'whoami'))
  })
})

describe('T6 the token of a machine', () => {
  it('is no refresh token, no code, and no session', async () => {
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    const app = await OAuthClient.registered()
    await expectRefusal(await app.refresh(access_token), 'invalid_grant')
    await expectRefusal(
      await app.token({ grant_type: 'authorization_code', code: access_token }),
      'invalid_grant',
    )
    const page = await send('/account', { headers: { Cookie: `__Host-session=${access_token}` } })
    expect(page.status).toBe(303)
    await expectRefusal(await machine.token({ client_secret: access_token }), 'invalid_client', 401)
    await expectRefusal(await prove(machine, access_token), 'invalid_client', 401)
  })

  it('is not given for what a person gave to an app', async () => {
    const { machine, key } = await keyed()
    const app = await OAuthClient.registered()
    const person = new Visitor()
    const { code } = await app.authorize(person)
    const { access_token, refresh_token } = await app.connect(person)
    const seal = person.cookies.get('__Host-session') as string
    const other = await Machine.owned()
    for (const text of [code, access_token, refresh_token, seal]) {
      await expectRefusal(await prove(machine, text), 'invalid_client', 401)
      await expectRefusal(await other.token({ client_secret: text }), 'invalid_client', 401)
    }
    const proof = await proofOf(machine, key)
    await expectRefusal(await app.refresh(proof), 'invalid_grant')
    await expectRefusal(await app.token({ grant_type: 'authorization_code', code: proof }), 'invalid_grant')
  })

  it('is left alone by another client that revokes it, and by its own: it is over within the hour', async () => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    expect((await (await OAuthClient.registered()).revoke(access_token)).status).toBe(200)
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it('is refused within two minutes once the owner has removed the client, and no other is issued', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const machine = await Machine.owned()
    const { access_token } = (await tokensOf(machine.token())) as Tokens
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await env.RECORDS.delete(ownedKey(machine.id))
    await env.RECORDS.put(revokedClientKey(machine.id), 'removed')
    await expectRefusal(await machine.token(), 'invalid_client', 401)
    pass(120)
    expectInvalidToken(await callTool(access_token, 'whoami'))
  })

  it('gets 503 while storage does not answer', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const { access_token } = await tokensOf((await Machine.owned()).token())
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('storage is down'))
    expect((await callTool(access_token, 'whoami')).status).toBe(503)
  })

  it('leaves a line in the log, without a secret', async () => {
    const lines = listenToLog()
    const machine = await Machine.owned()
    await tokensOf(machine.token())
    expect(lines()).toContainEqual({
      event: 'token.issued',
      client: machine.id,
      grant_type: 'client_credentials',
      scopes: ['notes:read'],
    })
  })
})
