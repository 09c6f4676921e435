// Enterprise-managed authorization for a client that is known by its metadata document, as managed Claude is: a public
// client, named in the configuration, whose people are the same as by their own sign-in. And S18: what an assertion says
// that this server cannot do is never passed over.
import '../support/every-login.ts'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadSettings } from '#engine/settings/load.ts'
import { ACME, GOOGLE } from '../support/every-login.ts'
import { Internet } from '../support/internet.ts'
import { Issuer } from '../support/issuer.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { expectRefusal, pass, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, MCP_URL, ORIGIN, send } from '../support/worker.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const CLAUDE = 'https://claude.ai/oauth/mcp-oauth-client-metadata'
const BOTH = ['notes:read', 'notes:write']

const acme = await OpenIdProvider.make(ACME)
const google = await OpenIdProvider.make(GOOGLE)
let internet: Internet
let idp: Issuer
/** Her provider's claims: in each test a new user with a new address. */
let alice: { sub: string; name: string; email: string; email_verified: boolean }

beforeEach(() => {
  internet = Internet.install()
  const sub = crypto.randomUUID()
  alice = { sub, name: 'Alice Liddell', email: `${sub}@acme.test`, email_verified: true }
  idp = new Issuer(`idp-${crypto.randomUUID()}`)
  for (const provider of [acme, google]) {
    provider.open(internet)
    provider.person = alice
  }
  internet.site(new URL(CLAUDE).origin, ({ url }) =>
    url === CLAUDE ? Response.json(DOCUMENT) : new Response('', { status: 404 }),
  )
  shows(idp)
  trust({})
})

afterEach(() => {
  configure()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const DOCUMENT = {
  client_id: CLAUDE,
  client_name: 'Claude',
  redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
  grant_types: ['authorization_code', 'refresh_token', JWT_BEARER],
  token_endpoint_auth_method: 'none',
}

/** Its keys are at its address. */
function shows(issuer: Issuer): void {
  internet.site(issuer.url, ({ url }) =>
    url === issuer.jwksUri ? Response.json({ keys: issuer.keys }) : new Response('', { status: 404 }),
  )
}

const entry = (changes: object = {}) => ({
  issuer: idp.url,
  jwks_uri: idp.jwksUri,
  login: 'okta',
  domains: ['acme.test'],
  clients: [CLAUDE],
  scopes: BOTH,
  ...changes,
})

/** The deployment trusts the identity provider, with a valid rule and the changes. */
function trust(changes: object, settings: object = {}, more: readonly object[] = []): void {
  const IDENTITY_ASSERTION_ISSUERS = [entry(changes), ...more]
  configure({ ALLOWED_USERS: '*', IDENTITY_ASSERTION_ISSUERS, ...settings } as Partial<Env>)
}

function idJag(claims: object = {}, issuer = idp): Promise<string> {
  const { sub: _, ...person } = alice
  const valid = {
    sub: 'okta-7',
    aud: ORIGIN,
    client_id: CLAUDE,
    resource: MCP_URL,
    scope: BOTH.join(' '),
    ...person,
  }
  return issuer.sign({ ...valid, ...claims }, { typ: 'oauth-id-jag+jwt' })
}

function present(assertion: string, fields: Record<string, string | undefined> = {}): Promise<Response> {
  const valid = { grant_type: JWT_BEARER, assertion, client_id: CLAUDE }
  return send('/token', { method: 'POST', body: form({ ...valid, ...fields }) })
}

const userOf = async (assertion: Promise<string>) => {
  const { access_token } = await tokensOf(present(await assertion))
  return decodeJwt(access_token).sub as string
}

/** Signs in, connects an ordinary app, and asks it who that is. */
async function signedIn(provider = acme): Promise<string> {
  const person = new Visitor()
  await person.signInAt(provider === acme ? 'acme' : 'google', provider)
  const { access_token } = await (await OAuthClient.registered()).connect(person)
  return (await structured<{ userId: string }>(callTool(access_token, 'whoami'))).userId
}

describe('a client that is known by its document, and named in the configuration', () => {
  it('acts for a person of the company, without a secret and without a refresh token', async () => {
    const tokens = await tokensOf(present(await idJag()))
    expect(tokens).toMatchObject({ expires_in: 600, scope: 'notes:read notes:write' })
    expect(tokens).not.toHaveProperty('refresh_token')
    expect(await structured(callTool(tokens.access_token, 'whoami'))).toMatchObject({
      name: 'Alice Liddell',
      clientId: CLAUDE,
    })
  })

  it('may do no more than its entry says, the assertion says, and the person may grant', async () => {
    trust({ scopes: ['notes:read'] })
    expect((await tokensOf(present(await idJag()))).scope).toBe('notes:read')
    expect((await tokensOf(present(await idJag({ scope: undefined })))).scope).toBe('notes:read')
    trust({})
    expect((await tokensOf(present(await idJag({ scope: 'notes:write' })))).scope).toBe('notes:write')
    trust({}, { SCOPE_CEILINGS: '@acme.test = notes:read; * = notes:read notes:write' })
    expect((await tokensOf(present(await idJag()))).scope).toBe('notes:read')
    trust({}, { SCOPE_CEILINGS: `${alice.email} = notes:read; * = notes:read notes:write` })
    await expectRefusal(await present(await idJag({ scope: 'notes:write' })), 'invalid_scope')
  })

  it.each<[string, () => void | Promise<void>]>([
    ['no entry names it', () => trust({ clients: [], scopes: undefined })],
    [
      'the entry of another issuer names it',
      () => {
        const other = entry({ issuer: 'https://other.gatehouse-tests.dev' })
        trust({ clients: [], scopes: undefined }, {}, [other])
      },
    ],
    ['an entry names another', () => trust({ clients: ['https://claude.ai/oauth/other'] })],
    ['no issuer is trusted', () => configure({ ALLOWED_USERS: '*' })],
  ])('is refused as unauthorized_client where %s', async (_what, settings) => {
    await settings()
    await expectRefusal(await present(await idJag()), 'unauthorized_client')
  })

  it('gets by with no assertion but its own: another client, issuer or audience is invalid_grant', async () => {
    const other = new Issuer(`other-${crypto.randomUUID()}`)
    shows(other)
    for (const assertion of [
      idJag({ client_id: 'https://claude.ai/oauth/other' }),
      idJag({ iss: idp.url }, other),
      idJag({ aud: `${ORIGIN}/token` }),
    ]) {
      await expectRefusal(await present(await assertion), 'invalid_grant')
    }
  })

  it('counts each assertion once of fifty', async () => {
    const assertion = await idJag()
    const answers = await Promise.all(Array.from({ length: 50 }, () => present(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('is limited per user: strangers do not keep users out, and one user does not keep out others', async () => {
    for (let count = 0; count < 241; count++) await expectRefusal(await present('a.b.c'), 'invalid_grant')
    const mine = await Promise.all(Array.from({ length: 241 }, async () => present(await idJag())))
    const refused = mine.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) await expectRefusal(answer, 'temporarily_unavailable', 429)
    const { sub, email } = { sub: crypto.randomUUID(), email: `${crypto.randomUUID()}@acme.test` }
    await tokensOf(present(await idJag({ sub, email })))
  })

  it('has no other grant type for it', async () => {
    await expectRefusal(await present('', { grant_type: 'client_credentials' }), 'unauthorized_client')
  })

  it.each<[string, object, string]>([
    ['without what the clients may do at most', { scopes: undefined }, 'scopes: must say'],
    ['with a client that is no document', { clients: ['claude'] }, 'clients, 0: must be the address'],
    [
      'with a client in another spelling',
      { clients: ['https://CLAUDE.ai/x'] },
      'clients, 0: must be the address',
    ],
    ['with a client of endless length', { clients: [`https://claude.ai/${'x'.repeat(500)}`] }, 'clients, 0'],
    ['with a domain that is an address', { domains: ['ada@acme.test'] }, 'domains, 0: must be a domain'],
    ['with a domain in capitals', { domains: ['ACME.test'] }, 'domains, 0: must be a domain'],
    ['with a scope that does not exist', { scopes: ['root:everything'] }, 'scopes, 0'],
  ])('is configured with one sentence about what is wrong: an entry %s', (_what, changes, message) => {
    const env = { ...loadSettingsFrom(changes) }
    expect(() => loadSettings(env)).toThrow(`IDENTITY_ASSERTION_ISSUERS, entry 1, ${message}`)
  })

  const loadSettingsFrom = (changes: object) =>
    ({ IDENTITY_ASSERTION_ISSUERS: [entry(changes)] }) as unknown as Env
})

describe('the person of an assertion is the person of their own sign-in', () => {
  it('by the subject, where the same issuer signs them in', async () => {
    trust({ login: 'acme', issuer: ACME, domains: [] })
    const assertion = idJag({ iss: ACME, sub: alice.sub, email: undefined })
    expect(await userOf(assertion)).toBe(await signedIn())
  })

  it('by an address that the issuer hands out and has verified', async () => {
    const own = await signedIn()
    expect(await userOf(idJag())).toBe(own)
    expect(await userOf(idJag({ email: alice.email.toUpperCase() }))).toBe(own)
  })

  it.each<[string, object, object]>([
    ['has not verified', {}, { email_verified: false }],
    ['says in words that it has verified', {}, { email_verified: 'true' }],
    ['does not say to have verified', {}, { email_verified: undefined }],
    ['does not hand out', { domains: ['other.test'] }, {}],
    ['hands out the domain above of', { domains: ['test.example', 'sub.acme.test'] }, {}],
    ['is not said to hand out', { domains: [] }, {}],
    ['writes in a list', {}, { email: ['alice@acme.test'] }],
    ['has not at all', {}, { email: undefined }],
    ['gives to another user', {}, { email: 'bob@acme.test' }],
  ])('not by an address that the issuer %s', async (_what, changes, claims) => {
    const own = await signedIn()
    trust(changes)
    expect(await userOf(idJag(claims))).not.toBe(own)
    trust({})
    expect(await userOf(idJag())).toBe(own)
  })

  it('not when the address belongs to another user now, with another subject', async () => {
    const own = await signedIn()
    expect(await userOf(idJag())).toBe(own)
    expect(await userOf(idJag({ sub: 'the next one' }))).not.toBe(own)
    expect(await userOf(idJag())).toBe(own)
    // Once the next one has proven the address at sign-in, it is theirs.
    acme.person = { ...alice, sub: 'the next alice' }
    const next = await signedIn()
    expect(next).not.toBe(own)
    expect(await userOf(idJag({ sub: 'the next one' }))).toBe(next)
    expect(await userOf(idJag())).not.toBe(next)
  })

  it('for as long as either way is used, and 90 days', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const own = await signedIn()
    for (let month = 0; month < 5; month++) {
      pass(50 * 24 * 3600)
      expect(await userOf(idJag())).toBe(own)
    }
  })

  it('no longer once they have deleted what is kept of them', async () => {
    const own = await signedIn()
    const person = new Visitor()
    await person.signInAt('acme', acme)
    expect(await userOf(idJag())).toBe(own)
    expect((await person.post('/account/erase', { sure: 'yes' })).status).toBeLessThan(400)
    expect(await userOf(idJag())).not.toBe(own)
  })

  it('is the owner where the address is what OWNER says', async () => {
    trust({}, { OWNER: alice.email })
    expect(await userOf(idJag())).toBe(await signedIn())
    const owner = await structured<{ userId: string }>(
      callTool((await (await OAuthClient.registered()).connect()).access_token, 'whoami'),
    )
    expect(await userOf(idJag())).toBe(owner.userId)
  })

  it('is never the one of another tenant with the same subject', async () => {
    const none = { domains: [] }
    trust({ ...none, tenant: 'acme' }, {}, [entry({ ...none, tenant: 'globex' })])
    const users = [await userOf(idJag({ tenant: 'acme' })), await userOf(idJag({ tenant: 'globex' }))]
    expect(new Set(users).size).toBe(2)
  })
})

describe('S18 draft-ietf-oauth-identity-assertion-authz-grant: what cannot be honored is refused', () => {
  const KINDS: readonly (readonly [string, () => Promise<(claims: object) => Promise<Response>>])[] = [
    ['a client of a document', async () => async (claims) => present(await idJag(claims))],
    [
      'a client of the owner',
      async () => {
        const chat = await Machine.owned({
          metadata: {
            client_name: 'Chat',
            redirect_uris: [],
            grant_types: [JWT_BEARER],
            response_types: [],
            token_endpoint_auth_method: 'client_secret_post',
          },
          scopes: BOTH,
        })
        const credentials = { client_id: chat.id, client_secret: chat.secret }
        return async (claims) => present(await idJag({ client_id: chat.id, ...claims }), credentials)
      },
    ],
  ]

  describe.each(KINDS)('%s', (_kind, make) => {
    it.each<[string, object]>([
      ['a key (cnf) and no proof of it', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
      ['an empty cnf', { cnf: {} }],
      ['no cnf, but in writing', { cnf: null }],
      ['authorization_details', { authorization_details: [{ type: 'notes', actions: ['read'] }] }],
      ['authorization_details alone', { scope: undefined, authorization_details: [{ type: 'notes' }] }],
      ['empty authorization_details', { authorization_details: [] }],
      ['a tenant that is not configured', { tenant: 'acme' }],
      ['a tenant that is no text', { tenant: null }],
      ['a scope that is a list', { scope: ['notes:read'] }],
      ['a scope that is null', { scope: null }],
      ['a scope that is a number', { scope: 1 }],
    ])('%s: invalid_grant, and the same without it is accepted', async (_what, claims) => {
      const presenting = await make()
      const jti = crypto.randomUUID()
      await expectRefusal(await presenting({ jti, ...claims }), 'invalid_grant')
      await tokensOf(presenting({ jti }))
    })

    it('another tenant than the configured one, or none: invalid_grant', async () => {
      trust({ tenant: 'acme' })
      const presenting = await make()
      for (const tenant of [undefined, 'globex', 'ACME', ['acme']]) {
        await expectRefusal(await presenting({ tenant }), 'invalid_grant')
      }
      await tokensOf(presenting({ tenant: 'acme' }))
    })
  })
})
