// Grants by an assertion: identity assertions (draft-ietf-oauth-identity-assertion-authz-grant) and workloads
// (RFC 7523 §2.1). What the rows M2, T6, T10, T11, R1 mean for them: each refusal begins with a valid request.
import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { accountOf } from '#engine/people/account-store.ts'
import worker, { SeenObject } from '#worker'
import { FORGERIES } from '../support/forgeries.ts'
import { Issuer } from '../support/issuer.ts'
import { modernCall } from '../support/mcp-request.ts'
import { OAuthClient, register, structured } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal, listenToLog, pass, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'
import { form, MCP_URL, ORIGIN } from '../support/worker.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ID_JAG = { typ: 'oauth-id-jag+jwt' }
const JOB = 'repo:acme/site:ref:refs/heads/main'

type Fields = Record<string, string | readonly string[] | undefined>

let idp: Issuer
let platform: Issuer
let machine: Machine
/** What the addresses of both issuers answer with, once they do not show their keys. */
let instead: (() => Response | Promise<Response>) | undefined

beforeEach(async () => {
  idp = new Issuer(`idp-${crypto.randomUUID()}`)
  platform = new Issuer(`platform-${crypto.randomUUID()}`, 'RS256')
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
    const { url } = new Request(input)
    const issuer = [idp, platform].find(({ jwksUri }) => jwksUri === url)
    if (instead) return instead()
    return issuer ? Response.json({ keys: issuer.keys }) : new Response('', { status: 404 })
  })
  machine = await enterpriseClient()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** A confidential client that may present identity assertions. */
function enterpriseClient(changes: object = {}, scopes = ['notes:read', 'notes:write']): Promise<Machine> {
  return Machine.owned({
    metadata: {
      client_name: 'Chat',
      redirect_uris: [],
      grant_types: [JWT_BEARER],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
      ...changes,
    },
    scopes,
  })
}

/** A deployment that trusts both, each for its own. */
function configured() {
  const workload = {
    name: 'Deployment of the site',
    issuer: platform.url,
    jwks_uri: platform.jwksUri,
    subject: 'repo:acme/site:*',
    scopes: ['notes:read'],
  }
  return {
    ...env,
    IDENTITY_ASSERTION_ISSUERS: [{ issuer: idp.url, jwks_uri: idp.jwksUri, login: 'okta' }],
    WORKLOADS: [workload],
  } as unknown as Env
}

/** Where it is asked with different rules: those of `configured()`, once. */
let settings: Env | undefined

function post(path: string, fields: Fields, headers: Record<string, string> = {}): Promise<Response> {
  settings ??= configured()
  const request = new Request(`${ORIGIN}${path}`, { method: 'POST', body: form(fields), headers })
  return Promise.resolve(worker.fetch(request, settings, createExecutionContext()))
}

afterEach(() => {
  settings = undefined
  instead = undefined
})

function call(token: string, tool = 'whoami'): Promise<Response> {
  settings ??= configured()
  return Promise.resolve(
    worker.fetch(new Request(MCP_URL, modernCall(token, tool)), settings, createExecutionContext()),
  )
}

function idJag(claims: object = {}, header: object = {}): Promise<string> {
  const valid = {
    sub: 'u-1',
    aud: ORIGIN,
    client_id: machine.id,
    name: 'Ada',
    resource: MCP_URL,
    scope: 'notes:read',
  }
  return idp.sign({ ...valid, ...claims }, { ...ID_JAG, ...header })
}

function present(assertion: string, fields: Fields = {}): Promise<Response> {
  const credentials = { client_id: machine.id, client_secret: machine.secret }
  return post('/token', { grant_type: JWT_BEARER, assertion, ...credentials, ...fields })
}

function workload(claims: object = {}, header: object = {}): Promise<string> {
  return platform.sign({ sub: JOB, aud: ORIGIN, ...claims }, { typ: 'JWT', ...header })
}

const now = () => Math.floor(Date.now() / 1000)

const run = (assertion: string, fields: Fields = {}) =>
  post('/token', { grant_type: JWT_BEARER, assertion, ...fields })

describe('an identity assertion', () => {
  it.each<[string, object, string]>([
    [
      'cut, and without what turns the text around it',
      { name: `A\u202e${'x'.repeat(5000)}` },
      `A ${'x'.repeat(97)}…`,
    ],
    ['that of an address', { name: '\u200b', email: 'ada@example.com' }, 'ada@example.com'],
    ['that of a subject', { name: { first: 'Ada' } }, 'u-1'],
  ])('has people shown by their name: %s', async (_what, claims, name) => {
    const { access_token } = await tokensOf(present(await idJag(claims)))
    expect(await structured(call(access_token))).toMatchObject({ name })
  })

  it('lets a client act for a person, for ten minutes, without a refresh token', async () => {
    const answer = await tokensOf(present(await idJag()))
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'notes:read',
    })
    const { sub, client_id, aud } = decodeJwt(answer.access_token)
    expect({ client_id, aud }).toEqual({ client_id: machine.id, aud: MCP_URL })
    expect(sub).toMatch(/^user_/)
    expect(await (await call(answer.access_token)).json()).toMatchObject({
      result: { structuredContent: { userId: sub, name: 'Ada', clientId: machine.id } },
    })
  })

  it('A27 is refused for a disabled person, and counts once the owner enables them', async () => {
    const assertion = await idJag()
    const { access_token } = await tokensOf(present(await idJag()))
    const { userId } = await structured<{ userId: string }>(call(access_token))
    await accountOf(env, userId).disable()
    await expectRefusal(await present(assertion), 'invalid_grant')
    await accountOf(env, userId).enable()
    await tokensOf(present(assertion))
  })

  it('means one person by one subject of one issuer, however they are called', async () => {
    const subjectOf = async (claims: object) =>
      decodeJwt((await tokensOf(present(await idJag(claims)))).access_token).sub
    const ada = await subjectOf({})
    expect(await subjectOf({ name: 'Someone Else', email: 'else@example.com' })).toBe(ada)
    expect(await subjectOf({ sub: 'u-2' })).not.toBe(ada)
    const { IDENTITY_ASSERTION_ISSUERS: trusted, ...rest } = configured() as unknown as Record<
      string,
      object[]
    >
    const other = { issuer: platform.url, jwks_uri: platform.jwksUri, login: 'okta' }
    settings = { ...rest, IDENTITY_ASSERTION_ISSUERS: [...(trusted ?? []), other] } as unknown as Env
    // Each counts its own ids.
    const jti = crypto.randomUUID()
    expect(await subjectOf({ jti })).toBe(ada)
    const claims = { sub: 'u-1', aud: ORIGIN, client_id: machine.id, jti }
    const { access_token } = await tokensOf(present(await platform.sign(claims, ID_JAG)))
    expect(decodeJwt(access_token).sub).not.toBe(ada)
  })

  it.each<[string, object, string | undefined, string]>([
    ['what the assertion says', { scope: 'notes:write' }, undefined, 'notes:write'],
    ['what is asked for of that', { scope: 'notes:read notes:write' }, 'notes:write', 'notes:write'],
    [
      'what the client may have, when it says nothing',
      { scope: undefined },
      undefined,
      'notes:read notes:write',
    ],
    ['what is known here', { scope: 'notes:read admin' }, undefined, 'notes:read'],
  ])('gives %s', async (_, claims, scope, expected) => {
    expect((await tokensOf(present(await idJag(claims), { scope }))).scope).toBe(expected)
  })

  describe('S1 a ceiling, where an assertion proves no address and no group,', () => {
    it.each([
      ['@example.com', 'notes:read'],
      ['ada@elsewhere.test', 'notes:read'],
      ['okta:group/contractors', 'notes:read'],
      ['github:org/contractors', 'notes:read notes:write'],
    ])('leaves what %s leaves, if it may mean the person', async (rule, expected) => {
      const SCOPE_CEILINGS = `${rule} = notes:read; * = notes:read notes:write`
      settings = { ...configured(), SCOPE_CEILINGS } as unknown as Env
      const claims = { scope: 'notes:read notes:write', email: 'ada@example.com', groups: [] }
      expect((await tokensOf(present(await idJag(claims)))).scope).toBe(expected)
    })
  })

  it('gives no scope beyond the assertion, the client and the ceiling', async () => {
    await expectRefusal(await present(await idJag(), { scope: 'notes:write' }), 'invalid_scope')
    await expectRefusal(await present(await idJag({ scope: 'admin' })), 'invalid_scope')
    const small = await enterpriseClient({}, ['notes:read'])
    const credentials = { client_id: small.id, client_secret: small.secret }
    const wide = await idJag({ client_id: small.id, scope: 'notes:write' })
    await expectRefusal(await present(wide, credentials), 'invalid_scope')
    settings = { ...configured(), SCOPE_CEILINGS: 'okta:u-1 = notes:read; * =' } as unknown as Env
    await expectRefusal(await present(await idJag({ scope: 'notes:write' })), 'invalid_scope')
  })

  it('is the only one of its fifty copies that counts', async () => {
    const assertion = await idJag()
    const answers = await Promise.all(Array.from({ length: 50 }, () => present(assertion)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(49).fill(400)])
    await expectRefusal(await present(assertion), 'invalid_grant')
  })

  it('is not used up by a request that is refused', async () => {
    const assertion = await idJag()
    await expectRefusal(await present(assertion, { client_secret: 'wrong' }), 'invalid_client', 401)
    await expectRefusal(await present(assertion, { scope: 'notes:write' }), 'invalid_scope')
    await expectRefusal(await present(assertion, { resource: 'https://elsewhere.example' }), 'invalid_target')
    await tokensOf(present(assertion))
  })

  it('goes on with the next key of its issuer', async () => {
    await tokensOf(present(await idJag()))
    await idp.rotate()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
    await tokensOf(present(await idJag()))
  })

  it('brings a token that ends with the client', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const { access_token } = await tokensOf(present(await idJag()))
    expect((await call(access_token)).status).toBe(200)
    await env.RECORDS.put(revokedClientKey(machine.id), 'removed')
    pass(120)
    expectInvalidToken(await call(access_token))
  })

  it.each<[string, () => Promise<string>]>([
    ['of another type', () => idJag({}, { typ: 'JWT' })],
    ['of no type', () => idJag({}, { typ: undefined })],
    ['that is an access token', () => idJag({}, { typ: 'at+jwt' })],
    ['of an issuer that is not trusted', () => idJag({ iss: 'https://other.gatehouse-tests.dev' })],
    [
      'of an issuer that is trusted for workloads',
      () => platform.sign({ sub: 'u-1', aud: ORIGIN, client_id: machine.id }, ID_JAG),
    ],
    [
      'that claims the issuer and is signed by another',
      () => platform.sign({ iss: idp.url, sub: 'u-1', aud: ORIGIN, client_id: machine.id }, ID_JAG),
    ],
    ['for another server', () => idJag({ aud: 'https://elsewhere.example' })],
    ['for the resource instead of the server', () => idJag({ aud: MCP_URL })],
    ['for this server and others', () => idJag({ aud: [ORIGIN, 'https://elsewhere.example'] })],
    ['for another client', () => idJag({ client_id: 'another' })],
    ['for no client', () => idJag({ client_id: undefined })],
    ['without a subject', () => idJag({ sub: undefined })],
    ['without an id', () => idJag({ jti: undefined })],
    ['without an end', () => idJag({ exp: undefined })],
    ['without a beginning', () => idJag({ iat: undefined })],
    ['that is over', () => idJag({ exp: now() - 120 })],
    ['from the future', () => idJag({ iat: now() + 300 })],
    ['that is good for twelve minutes', () => idJag({ exp: now() + 12 * 60 })],
    ['that is good for a day', () => idJag({ exp: now() + 24 * 3600 })],
    ['that is no JWT', async () => 'not a jwt'],
    ['that is no JWT', async () => 'a.b.c'],
  ])('%s is refused as invalid_grant', async (_, assertion) => {
    await expectRefusal(await present(await assertion()), 'invalid_grant')
  })

  it.each([['https://elsewhere.example/mcp'], [['https://elsewhere.example', MCP_URL]], [42]])(
    'for the resource %s is refused as invalid_target',
    async (resource) => {
      await expectRefusal(await present(await idJag({ resource })), 'invalid_target')
    },
  )

  it('is refused without a client, from a public one, and from one that was not meant to', async () => {
    await expectRefusal(await run(await idJag()), 'invalid_grant')
    const open = await enterpriseClient({ token_endpoint_auth_method: 'none' })
    await expectRefusal(
      await present(await idJag({ client_id: open.id }), { client_id: open.id, client_secret: open.secret }),
      'unauthorized_client',
    )
    const app = await OAuthClient.registered({ grant_types: ['authorization_code', JWT_BEARER] })
    await expectRefusal(
      await present(await idJag({ client_id: app.id }), { client_id: app.id, client_secret: undefined }),
      'unauthorized_client',
    )
  })
})

describe('a workload', () => {
  it('acts for itself by what its platform says, within its rule', async () => {
    const { access_token, scope } = await tokensOf(run(await workload()))
    expect(scope).toBe('notes:read')
    const { sub, client_id } = decodeJwt(access_token)
    expect(sub).toMatch(/^workload_/)
    expect(client_id).toBe(sub)
    expect(await (await call(access_token)).json()).toMatchObject({
      result: { structuredContent: { userId: sub, name: 'Deployment of the site' } },
    })
  })

  it('is a user of its own: another of the same rule, or of the same name elsewhere, is not', async () => {
    const elsewhere = new Issuer(`elsewhere-${crypto.randomUUID()}`)
    await elsewhere.rotate()
    const { WORKLOADS, ...rest } = configured() as unknown as { WORKLOADS: [object] }
    const other = { ...WORKLOADS[0], issuer: elsewhere.url, jwks_uri: elsewhere.jwksUri }
    settings = { ...rest, WORKLOADS: [...WORKLOADS, other] } as unknown as Env
    instead = () => Response.json({ keys: [...platform.keys, ...elsewhere.keys] })
    const subjectOf = async (assertion: string) =>
      decodeJwt((await tokensOf(run(assertion))).access_token).sub
    const jti = crypto.randomUUID()
    const subjects = [
      await subjectOf(await workload({ jti })),
      await subjectOf(await workload({ sub: 'repo:acme/site:ref:refs/heads/next' })),
      // Each counts its own ids.
      await subjectOf(await elsewhere.sign({ sub: JOB, aud: ORIGIN, jti })),
    ]
    expect(new Set(subjects).size).toBe(3)
    expect(await subjectOf(await workload())).toBe(subjects[0])
  })

  it('may bring an assertion for as long as a job lasts', async () => {
    await tokensOf(run(await workload({ exp: now() + 6 * 3600 })))
    await expectRefusal(await run(await workload({ exp: now() + 7 * 3600 })), 'invalid_grant')
  })

  it('counts once', async () => {
    const assertion = await workload()
    const answers = await Promise.all(Array.from({ length: 50 }, () => run(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it.each<[string, () => Promise<string>]>([
    ['another subject', () => workload({ sub: 'repo:evil/site:ref:refs/heads/main' })],
    [
      'a subject that begins likewise',
      () => workload({ sub: 'repo:acme/site-of-others:ref:refs/heads/main' }),
    ],
    ['no subject', () => workload({ sub: undefined })],
    ['another issuer', () => workload({ iss: 'https://other.gatehouse-tests.dev' })],
    ['an issuer that is trusted for people', () => idp.sign({ sub: JOB, aud: ORIGIN }, { typ: 'JWT' })],
    [
      'the word of another for its issuer',
      () => idp.sign({ iss: platform.url, sub: JOB, aud: ORIGIN }, { typ: 'JWT' }),
    ],
    ['another audience', () => workload({ aud: 'https://github.com/acme' })],
    ['more than one audience', () => workload({ aud: [ORIGIN] })],
    ['an identity assertion', () => workload({}, ID_JAG)],
    ['an access token', () => workload({}, { typ: 'at+jwt' })],
    ['no id', () => workload({ jti: undefined })],
    ['no end', () => workload({ exp: undefined })],
    ['no JWT', async () => 'a.b.c'],
  ])('is refused with %s', async (_, assertion) => {
    await expectRefusal(await run(await assertion()), 'invalid_grant')
  })

  it.each([undefined, 'JWT', 'jwt'])('may call the type of its assertion %s', async (typ) => {
    await tokensOf(run(await workload({}, { typ })))
  })

  it('that no rule names leaves a line in the log', async () => {
    const lines = listenToLog()
    await expectRefusal(await run(await workload({ sub: 'repo:evil/site' })), 'invalid_grant')
    expect(lines()).toEqual([{ event: 'token.refused', grant_type: 'workload', reason: 'unknown_workload' }])
  })

  it('gets no scope beyond its rule', async () => {
    await expectRefusal(await run(await workload(), { scope: 'notes:write' }), 'invalid_scope')
  })

  it('is refused without a rule, and an access token of ours is no assertion', async () => {
    const { access_token } = await tokensOf(run(await workload()))
    await expectRefusal(await run(access_token), 'invalid_grant')
    settings = env
    await expectRefusal(await run(await workload()), 'invalid_grant')
    await expectRefusal(await present(await idJag()), 'invalid_grant')
  })
})

/** Both kinds: how a valid one is made, its issuer, and how it is presented. */
const KINDS = [
  ['an identity assertion', idJag, () => idp, present],
  ['the assertion of a workload', workload, () => platform, run],
] as const

const seenOf = (issuer: string) => {
  const kind = issuer === idp.url ? 'id-jag' : 'workload'
  return env.SEEN.getByName(`${kind} ${issuer}`)
}

const seenIn = ({ sql }: DurableObjectStorage) => sql.exec('SELECT id FROM seen').toArray().length

describe('M2 RFC 7523 §3, RFC 8725 §3 what its issuer has not signed', () => {
  describe.each(KINDS)('%s', (_kind, make, issuer, bring) => {
    it.each(FORGERIES)('is refused with %s, and what it was made of still counts', async (_what, forge) => {
      const assertion = await make()
      await expectRefusal(await bring(await forge(assertion, issuer().publicKey)), 'invalid_grant')
      await tokensOf(bring(assertion))
    })

    it.each<[string, () => object]>([
      ['is longer than a header can be', () => ({ padding: 'x'.repeat(20_000) })],
      ['is over', () => ({ exp: now() - 61 })],
      ['begins later', () => ({ nbf: now() + 120 })],
      ['was made later', () => ({ iat: now() + 120 })],
      ['is good for a day', () => ({ exp: now() + 24 * 3600 })],
      ['has an empty id', () => ({ jti: '' })],
      ['has an id that is no text', () => ({ jti: 7 })],
      ['has an id without end', () => ({ jti: 'x'.repeat(1001) })],
      ['has an empty subject', () => ({ sub: '' })],
      ['has a subject without end', () => ({ sub: `repo:acme/site:${'x'.repeat(1000)}` })],
      ['is for this server, in a list', () => ({ aud: [ORIGIN] })],
      ['is for our token endpoint', () => ({ aud: `${ORIGIN}/token` })],
    ])('is refused when it %s', async (_what, claims) => {
      await expectRefusal(await bring(await make(claims())), 'invalid_grant')
    })

    it.each(['not a jwt', 'a.b', 'a.b.c.d.e'])('is no JWT when it is %s', async (text) => {
      const answer = await bring(text)
      expect(await answer.clone().text()).toContain('The assertion is no JWT.')
      await expectRefusal(answer, 'invalid_grant')
    })

    it('counts once as long as it is accepted, which is a minute beyond its end', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
      const [first, next] = [await make({ exp: now() + 300 }), await make({ exp: now() + 900 })]
      await tokensOf(bring(first))
      pass(355)
      await runDurableObjectAlarm(seenOf(issuer().url))
      await expectRefusal(await bring(first), 'invalid_grant')
      await tokensOf(bring(next))
      pass(120)
      // What is over is forgotten, and nothing else.
      await runDurableObjectAlarm(seenOf(issuer().url))
      await expectRefusal(await bring(next), 'invalid_grant')
      expect(await runInDurableObject(seenOf(issuer().url), (_, { storage }) => seenIn(storage))).toBe(1)
      pass(600)
      await runDurableObjectAlarm(seenOf(issuer().url))
      expect(await runInDurableObject(seenOf(issuer().url), (_, { storage }) => seenIn(storage))).toBe(0)
    })

    it('gets 503 while the server cannot tell whether it was used before', async () => {
      const assertion = await make()
      const asked = vi.spyOn(SeenObject.prototype, 'isFirst').mockImplementation(() => {
        throw new Error('storage is down')
      })
      await expectRefusal(await bring(assertion), 'temporarily_unavailable', 503)
      asked.mockRestore()
      await tokensOf(bring(assertion))
    })

    it('does not have keys fetched again for each invented key id', async () => {
      await tokensOf(bring(await make()))
      const before = vi.mocked(globalThis.fetch).mock.calls.length
      for (const kid of ['one', 'two', 'three']) {
        await expectRefusal(await bring(await make({}, { kid })), 'invalid_grant')
      }
      expect(vi.mocked(globalThis.fetch).mock.calls.length).toBe(before)
    })

    it('is refused ten minutes after its key was withdrawn', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
      await tokensOf(bring(await make()))
      const key = issuer().publicKey
      pass(601)
      instead = () => Response.json({ keys: [{ ...key, kid: 'next' }] })
      await expectRefusal(await bring(await make()), 'invalid_grant')
    })

    it('is refused when it does not say with which of several keys it was signed', async () => {
      await make()
      await issuer().rotate()
      await expectRefusal(await bring(await make({}, { kid: undefined })), 'invalid_grant')
    })

    // Not only because what never ends cannot be remembered.
    it('is not valid when it never ends', async () => {
      const answer = await bring(await make({ exp: undefined }))
      expect(await answer.clone().text()).toContain('It is not valid')
      await expectRefusal(answer, 'invalid_grant')
    })

    it('opens nothing at /mcp itself', async () => {
      expectInvalidToken(await call(await make()))
      expectInvalidToken(await call(await make({ aud: MCP_URL }, { typ: 'at+jwt' })))
    })
  })
})

describe('T6 one kind of token in place of another', () => {
  const app = () => OAuthClient.registered()

  it.each(KINDS)('%s is no code, no refresh token, and no proof of a client', async (_kind, make) => {
    const client = await app()
    const assertion = await make()
    await expectRefusal(await client.refresh(assertion), 'invalid_grant')
    const redemption = await client.authorize()
    await expectRefusal(await client.token({ ...redemption, code: assertion }), 'invalid_grant')
    const proof = { client_assertion_type: CLIENT_ASSERTION, client_assertion: assertion }
    const answer = await client.token({ ...redemption, client_id: undefined, ...proof })
    await expectRefusal(answer, 'invalid_client', 401)
    await tokensOf(client.token(redemption))
  })

  it.each(KINDS)(
    'in place of %s is refused: what we issue, and what we seal',
    async (_kind, _make, _of, bring) => {
      const client = await app()
      const person = new Visitor()
      const { code } = await client.authorize(person)
      const { access_token, refresh_token } = await client.connect(person)
      const ofMachine = await tokensOf(present(await idJag()))
      for (const token of [
        code,
        access_token,
        refresh_token,
        ofMachine.access_token,
        person.cookies.get('__Host-session') as string,
      ]) {
        await expectRefusal(await bring(token), 'invalid_grant')
      }
    },
  )

  it('an assertion of one kind is none of the other', async () => {
    await expectRefusal(await run(await idJag()), 'invalid_grant')
    await expectRefusal(await present(await workload()), 'invalid_grant')
  })
})

describe('T10 an assertion in the hands of another client', () => {
  it('is refused when it was made for the other, and counts for that one still', async () => {
    const other = await enterpriseClient()
    const assertion = await idJag()
    const theirs = { client_id: other.id, client_secret: other.secret }
    await expectRefusal(await present(assertion, theirs), 'invalid_grant')
    for (const client_secret of ['wrong', other.secret, undefined]) {
      await expectRefusal(await present(assertion, { client_secret }), 'invalid_client', 401)
    }
    await tokensOf(present(assertion))
  })

  it('is refused when it is of a workload, which counts for that one still', async () => {
    const assertion = await workload()
    await expectRefusal(await present(assertion), 'invalid_grant')
    await tokensOf(run(assertion))
  })
})

describe('T11 an assertion and a client that do not belong together', () => {
  it.each<[string, () => Fields, string, number]>([
    ['the id of a client alone', () => ({ client_id: machine.id }), 'invalid_client', 401],
    ['the secret of a client alone', () => ({ client_secret: machine.secret }), 'invalid_request', 400],
    ['a wrong secret', () => ({ client_id: machine.id, client_secret: 'wrong' }), 'invalid_client', 401],
    [
      'itself as the proof of a client',
      () => ({ client_assertion_type: CLIENT_ASSERTION }),
      'invalid_request',
      400,
    ],
    ['the proof of a client alone', () => ({ client_assertion: 'a.b.c' }), 'invalid_request', 400],
    ['another grant type', () => ({ grant_type: 'client_credentials' }), 'invalid_request', 400],
  ])('refuses that of a workload with %s, and it counts still', async (_what, fields, code, status) => {
    const assertion = await workload()
    await expectRefusal(await run(assertion, fields()), code, status)
    await tokensOf(run(assertion))
  })

  it('refuses that of a workload beside Basic', async () => {
    const Authorization = `Basic ${btoa(`${machine.id}:wrong`)}`
    const fields = { grant_type: JWT_BEARER, assertion: await workload() }
    await expectRefusal(await post('/token', fields, { Authorization }), 'invalid_client', 401)
  })

  it.each<[string, Fields]>([
    ['act for itself', { grant_type: 'client_credentials' }],
    ['refresh', { grant_type: 'refresh_token', refresh_token: 'x' }],
    ['redeem', { grant_type: 'authorization_code', code: 'x' }],
  ])('does not let a client %s that was made for identity assertions', async (_what, fields) => {
    await expectRefusal(await present(await idJag(), fields), 'unauthorized_client')
  })

  it('refuses a client that presents two identities at once', async () => {
    const other = await enterpriseClient()
    const Authorization = `Basic ${btoa(`${machine.id}:${machine.secret}`)}`
    const fields = { grant_type: JWT_BEARER, assertion: await idJag() }
    const named = await post('/token', { ...fields, client_id: other.id }, { Authorization })
    await expectRefusal(named, 'invalid_client', 401)
    const proven = await post(
      '/token',
      { ...fields, client_id: other.id, client_secret: other.secret },
      { Authorization },
    )
    await expectRefusal(proven, 'invalid_request')
  })
})

describe('R1 privilege that an assertion gives itself', () => {
  const whoami = async (token: string) =>
    structured<{ userId: string; name: string; clientId: string; scopes: string[] }>(call(token))

  it('is not taken from the claims of a workload', async () => {
    const { access_token } = await tokensOf(run(await workload()))
    const claims = {
      scope: 'notes:read notes:write',
      scopes: ['notes:write'],
      client_id: machine.id,
      name: 'Owner',
      grant: 'x',
      gen: 0,
    }
    const raised = await tokensOf(run(await workload(claims)))
    expect(raised.scope).toBe('notes:read')
    expect(await whoami(raised.access_token)).toEqual(await whoami(access_token))
  })

  it('is not taken from the claims of an identity assertion: no claim makes an owner or a group member', async () => {
    const rules = {
      OWNER: 'ada@example.com',
      SCOPE_CEILINGS: 'okta:group/admins = notes:read notes:write; okta:* = notes:read; * =',
    }
    settings = { ...configured(), ...rules } as unknown as Env
    const all = { scope: 'notes:read notes:write' }
    const ada = await tokensOf(present(await idJag(all)))
    const claims = { email: 'ada@example.com', groups: ['admins'], knownAs: ['passphrase:owner'] }
    const raised = await tokensOf(present(await idJag({ ...all, ...claims })))
    expect(await whoami(raised.access_token)).toEqual(await whoami(ada.access_token))
    expect(raised.scope).toBe('notes:read')
    expect((await tokensOf(present(await idJag({ ...all, sub: 'group/admins' })))).scope).toBe('notes:read')
  })

  it('is nothing that a client can register for', async () => {
    const answer = await register({
      grant_types: [JWT_BEARER],
      token_endpoint_auth_method: 'client_secret_post',
    })
    await expectRefusal(answer, 'invalid_client_metadata')
    const app = await OAuthClient.registered({
      client_id: 'workload_x',
      grant_types: ['authorization_code', JWT_BEARER],
      token_endpoint_auth_method: 'client_secret_post',
    })
    expect(app.id).not.toBe('workload_x')
    const fields = { client_id: app.id, client_secret: app.secret }
    await expectRefusal(await present(await idJag({ client_id: app.id }), fields), 'unauthorized_client')
  })
})

describe('R3 the keys of an issuer that cannot be had as they should', () => {
  const published = () => Response.json({ keys: [...idp.keys, ...platform.keys] })

  describe.each(KINDS)('%s', (_kind, make, _issuer, bring) => {
    it.each<[string, () => Response | Promise<Response>]>([
      ['no answer at all', () => Promise.reject(new TypeError('Network connection lost.'))],
      ['500', () => new Response('', { status: 500 })],
      ['404', () => new Response('', { status: 404 })],
      ['a redirect', () => Response.redirect('https://evil.gatehouse-tests.dev/jwks')],
      ['HTML', () => new Response('<html>')],
      ['no set', () => Response.json({ keys: 'all' })],
      ['much more than keys', () => Response.json({ keys: [], more: 'x'.repeat(70_000) })],
    ])('gets 503: %s', async (_what, answer) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
      const assertion = await make()
      instead = answer
      await expectRefusal(await bring(assertion), 'temporarily_unavailable', 503)
      instead = published
      pass(30)
      await tokensOf(bring(assertion))
    })
  })
})

describe('the settings', () => {
  it.each([
    ['IDENTITY_ASSERTION_ISSUERS', [{ issuer: 'http://idp.example', jwks_uri: 'https://idp.example/jwks' }]],
    ['IDENTITY_ASSERTION_ISSUERS', [{ issuer: 'https://idp.example' }]],
    [
      'IDENTITY_ASSERTION_ISSUERS',
      [{ issuer: 'https://idp.example', jwks_uri: 'https://idp.example/jwks', login: 'passphrase' }],
    ],
    [
      'IDENTITY_ASSERTION_ISSUERS',
      [{ issuer: 'https://idp.example', jwks_uri: 'https://idp.example/jwks', login: 'foreign person' }],
    ],
    ['IDENTITY_ASSERTION_ISSUERS', 'https://idp.example'],
    [
      'WORKLOADS',
      [
        {
          name: 'CI',
          issuer: 'https://a.example',
          jwks_uri: 'https://a.example/j',
          subject: '*',
          scopes: ['notes:read'],
        },
      ],
    ],
    [
      'WORKLOADS',
      [
        {
          name: 'CI',
          issuer: 'https://a.example',
          jwks_uri: 'https://a.example/j',
          subject: 'x',
          scopes: ['everything'],
        },
      ],
    ],
  ])('%s names what is wrong with %j', async (name, value) => {
    settings = { ...env, [name]: value } as unknown as Env
    const log = vi.spyOn(console, 'error')
    expect((await run('x')).status).toBe(500)
    expect(log.mock.calls).toEqual([[expect.stringMatching(new RegExp(`^${name}(, entry 1.*)?: .+\\.$`))]])
  })
})
