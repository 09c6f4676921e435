// Another authorization server in place of our own, or beside it: its settings, what clients discover,
// what is left of our own, and what scopes are called.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SCOPES } from '#config'
import { loadSettings } from '#engine/settings/load.ts'
import { SettingsError } from '#engine/settings/setting.ts'
import { DocumentHost } from '../support/document-host.ts'
import {
  type Claims,
  callWith,
  ForeignServer,
  openSession,
  type Server,
  serverWith,
} from '../support/foreign-server.ts'
import { legacyCall, modernCall, toolCall } from '../support/mcp-request.ts'
import { structured } from '../support/oauth-client.ts'
import { expectUnavailable, listenToLog } from '../support/outcome.ts'
import { expectErrorJson, expectPage } from '../support/refusals.ts'
import { MCP_URL, ORIGIN } from '../support/worker.ts'

const ISSUER = 'https://login.gatehouse-tests.dev'
const OTHER = 'https://other.gatehouse-tests.dev'
const METADATA = '/.well-known/oauth-protected-resource'

afterEach(() => {
  vi.restoreAllMocks()
})

const config = (vars: Claims) => loadSettings({ ...env, ...vars } as Env)

describe('AUTHORIZATION_SERVERS', () => {
  const introspection = {
    introspection: true,
    client_id: 'gatehouse',
    client_secret_setting: 'EXAMPLE_SECRET',
  }

  it('is none, while it is not set', () => {
    for (const vars of [{}, { AUTHORIZATION_SERVERS: [] }, { KEEP_OWN_AUTHORIZATION_SERVER: 'false' }]) {
      expect(config(vars)).toMatchObject({ authorizationServers: [], ownAuthorizationServer: true })
    }
  })

  it('needs no more than an issuer', () => {
    expect(config({ AUTHORIZATION_SERVERS: [{ issuer: ISSUER }] })).toMatchObject({
      authorizationServers: [
        {
          issuer: ISSUER,
          audience: undefined,
          scopes: new Map(Object.keys(SCOPES).map((scope) => [scope, scope])),
          introspection: undefined,
        },
      ],
      ownAuthorizationServer: false,
    })
  })

  it('takes everything else, too', () => {
    const entry = {
      issuer: ISSUER,
      audience: 'api://notes',
      scopes: { read: 'notes:read' },
      ...introspection,
    }
    const { authorizationServers } = config({ AUTHORIZATION_SERVERS: [entry], EXAMPLE_SECRET: 'secret' })
    expect(authorizationServers).toEqual([
      {
        issuer: ISSUER,
        audience: 'api://notes',
        scopes: new Map([['read', 'notes:read']]),
        introspection: { clientId: 'gatehouse', clientSecret: 'secret' },
      },
    ])
  })

  it('keeps our own server on where that is said', () => {
    const vars = { AUTHORIZATION_SERVERS: [{ issuer: ISSUER }], KEEP_OWN_AUTHORIZATION_SERVER: 'true' }
    expect(config(vars).ownAuthorizationServer).toBe(true)
  })

  it.each([
    'https://login.gatehouse-tests.dev/',
    'https://login.gatehouse-tests.dev/realms/one',
    'https://login.gatehouse-tests.dev/realms/one/',
    'https://login.gatehouse-tests.dev:8443',
    'http://localhost:9000',
    'http://127.0.0.1:9000/realms/one',
  ])('takes an issuer as it is: %s', (issuer) => {
    expect(config({ AUTHORIZATION_SERVERS: [{ issuer }] }).authorizationServers[0]?.issuer).toBe(issuer)
  })

  it.each<[string, Claims, RegExp]>([
    ['no list', { AUTHORIZATION_SERVERS: ISSUER }, /^AUTHORIZATION_SERVERS: .*array/],
    ['addresses', { AUTHORIZATION_SERVERS: [ISSUER] }, /^AUTHORIZATION_SERVERS, entry 1: /],
    ['no issuer', { AUTHORIZATION_SERVERS: [{}] }, /^AUTHORIZATION_SERVERS, entry 1, issuer: /],
    [
      'a mistyped name',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER }, { issuer: OTHER, audiance: 'x' }] },
      /^AUTHORIZATION_SERVERS, entry 2: .*"audiance"/,
    ],
    [
      'a scope that is none of ours',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, scopes: { 'api:read': 'notes:raed' } }] },
      /^AUTHORIZATION_SERVERS, entry 1, scopes, api:read: .*"notes:read"/,
    ],
    [
      'a scope with a name that none can have',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, scopes: { 'api read': 'notes:read' } }] },
      /^AUTHORIZATION_SERVERS, entry 1, scopes, api read: /,
    ],
    [
      'an empty audience',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, audience: '' }] },
      /^AUTHORIZATION_SERVERS, entry 1, audience: /,
    ],
    [
      'one server twice',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER }, { issuer: ISSUER, audience: 'x' }] },
      /two entries have the same issuer/,
    ],
    [
      'two servers that are asked, since an opaque token does not say whose it is',
      {
        AUTHORIZATION_SERVERS: [ISSUER, OTHER].map((issuer) => ({ issuer, ...introspection })),
        EXAMPLE_SECRET: 'secret',
      },
      /only one entry can have introspection/,
    ],
    [
      'no secret for the one that is asked',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, ...introspection }] },
      /^EXAMPLE_SECRET is missing/,
    ],
    [
      'no client id for the one that is asked',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, ...introspection, client_id: undefined }] },
      /go together/,
    ],
    [
      'no secret setting for the one that is asked',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, ...introspection, client_secret_setting: undefined }] },
      /go together/,
    ],
    [
      'a client id for one that is not asked',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, client_id: 'gatehouse' }] },
      /go together/,
    ],
    [
      'a switch with another value than true or false',
      { AUTHORIZATION_SERVERS: [{ issuer: ISSUER }], KEEP_OWN_AUTHORIZATION_SERVER: 'yes' },
      /^KEEP_OWN_AUTHORIZATION_SERVER must be/,
    ],
  ])('stops the Worker with one sentence: %s', async (_what, vars, message) => {
    expect(() => config(vars)).toThrow(SettingsError)
    expect(() => config(vars)).toThrow(message)
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await serverWith(vars)('/')).status).toBe(500)
    expect(log.mock.calls).toEqual([[expect.stringMatching(/^[^\n]+$/)]])
  })

  it.each([
    'http://login.gatehouse-tests.dev',
    'login.gatehouse-tests.dev',
    'https://login.gatehouse-tests.dev?tenant=1',
    'https://login.gatehouse-tests.dev/?',
    'https://login.gatehouse-tests.dev/#one',
    'https://LOGIN.gatehouse-tests.dev',
    'https://login.gatehouse-tests.dev:443',
    'https://login.gatehouse-tests.dev/a/../b',
    ' https://login.gatehouse-tests.dev',
    'http://localhost.gatehouse-tests.dev',
    'ftp://localhost',
    '',
  ])('stops the Worker when an issuer cannot be one: "%s"', (issuer) => {
    expect(() => config({ AUTHORIZATION_SERVERS: [{ issuer }] })).toThrow(
      /^AUTHORIZATION_SERVERS, entry 1, issuer: must be an https URL/,
    )
  })
})

describe('RFC 9728 §2 authorization_servers', () => {
  const told = async (vars: Claims, path = `${METADATA}/mcp`) => {
    const response = await serverWith(vars)(path)
    return (await response.json()) as { authorization_servers: string[]; scopes_supported: string[] }
  }
  const servers = [{ issuer: ISSUER }, { issuer: `${OTHER}/` }]

  it.each([METADATA, `${METADATA}/mcp`])(
    'are exactly those in force, letter for letter, at %s',
    async (path) => {
      expect(await told({ AUTHORIZATION_SERVERS: servers }, path)).toMatchObject({
        resource: MCP_URL,
        authorization_servers: [ISSUER, `${OTHER}/`],
        scopes_supported: Object.keys(SCOPES),
      })
    },
  )

  it('are as they are configured, our own last', async () => {
    const vars = { AUTHORIZATION_SERVERS: servers.toReversed(), KEEP_OWN_AUTHORIZATION_SERVER: 'true' }
    expect((await told(vars)).authorization_servers).toEqual([`${OTHER}/`, ISSUER, ORIGIN])
  })

  it('know the scopes by the names that a client can ask the first of them for', async () => {
    const scopes = { 'https://api.example/read': 'notes:read', read: 'notes:read' }
    const vars = { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, scopes }, { issuer: OTHER }] }
    expect((await told(vars)).scopes_supported).toEqual(['https://api.example/read'])
    const unauthorized = await serverWith(vars)(MCP_URL)
    expect(unauthorized.headers.get('WWW-Authenticate')).toBe(
      `Bearer resource_metadata="${ORIGIN}${METADATA}/mcp", scope="https://api.example/read"`,
    )
  })

  it('of which the first does not know the initial scopes: the challenge names no scope', async () => {
    const vars = { AUTHORIZATION_SERVERS: [{ issuer: ISSUER, scopes: { write: 'notes:write' } }] }
    const unauthorized = await serverWith(vars)(MCP_URL)
    expect(unauthorized.headers.get('WWW-Authenticate')).toBe(
      `Bearer resource_metadata="${ORIGIN}${METADATA}/mcp"`,
    )
  })
})

describe('our own authorization server', () => {
  const OWN: [string, string][] = [
    ['GET', '/.well-known/oauth-authorization-server'],
    ['GET', '/authorize'],
    ['POST', '/authorize'],
    ['POST', '/token'],
    ['GET', '/token'],
    ['POST', '/register'],
    ['POST', '/revoke'],
    ['GET', '/jwks'],
    ['GET', '/login'],
    ['GET', '/login/passphrase'],
    ['POST', '/login/passphrase'],
    ['POST', '/logout'],
    ['GET', '/account'],
    ['POST', '/account/revoke'],
    ['POST', '/account/revoke-all'],
    ['GET', '/account/erase'],
    ['POST', '/account/erase'],
    ['POST', '/account/sign-out-everywhere'],
    ['OPTIONS', '/token'],
    ['OPTIONS', '/.well-known/oauth-authorization-server'],
  ]
  const off = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: ISSUER }] })
  const beside = serverWith({
    AUTHORIZATION_SERVERS: [{ issuer: ISSUER }],
    KEEP_OWN_AUTHORIZATION_SERVER: 'true',
  })

  /** What leads to the other server, see below. */
  const LEADING = ['GET /authorize', 'POST /token', 'OPTIONS /token']
  const gone = OWN.filter(([method, path]) => !LEADING.includes(`${method} ${path}`))
  it.each(gone)('is not there when it is not in force: %s %s', async (method, path) => {
    const response = await off(path, { method })
    expect(response.status).toBe(404)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect(await response.json()).toEqual({ error: 'not_found' })
  })

  it.each(OWN)('is there when it is kept: %s %s', async (method, path) => {
    const here = await beside(path, { method })
    // /login/passphrase has no page of its own.
    if (method !== 'GET' || path !== '/login/passphrase') expect(here.status).not.toBe(404)
    expect(here.status).toBe((await serverWith({})(path, { method })).status)
  })

  it('leaves a home page that leads nowhere else', async () => {
    const html = await (await off('/', { headers: { Accept: 'text/html' } })).text()
    expect(html).toContain(MCP_URL)
    expect(html).not.toMatch(/href="\/(account|login)/)
    expect(await (await beside('/')).text()).toContain('href="/account"')
  })

  it('leaves the preflight of what is still there', async () => {
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' }
    for (const path of ['/mcp', METADATA, `${METADATA}/mcp`]) {
      const response = await off(path, { method: 'OPTIONS', headers })
      expect(response.status).toBe(204)
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    }
    expect((await off(METADATA, { method: 'POST' })).status).toBe(405)
  })
})

describe('M13 a client that opens our origin although our metadata names another server', () => {
  const QUERY =
    '?client_id=app&state=a%20b+c%2F&resource=x&resource=y&redirect_uri=https%3A%2F%2Fapp.example%2Fcb'
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
  let host: DocumentHost
  let foreign: ForeignServer
  let server: Server
  let log: ReturnType<typeof listenToLog>

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    host = DocumentHost.install()
    foreign = await ForeignServer.start(host)
    publish()
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    log = listenToLog()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  function publish(changes: Claims = {}): void {
    const metadata = foreign.metadata({
      authorization_endpoint: `${foreign.issuer}/oauth2/start`,
      token_endpoint: `${foreign.issuer}/oauth2/token`,
      ...changes,
    })
    host.answer(foreign.metadataUrl, () => Response.json(metadata))
  }

  const authorize = (query = QUERY) => server(`/authorize${query}`)
  const redeem = (headers: Record<string, string> = {}, body = 'grant_type=authorization_code&code=c') =>
    server('/token', { method: 'POST', headers: { ...FORM, ...headers }, body })

  it('reaches a tool call: the person and the code get to that server', async () => {
    const { searchParams } = new URL((await authorize()).headers.get('Location') as string)
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: `code of ${searchParams.get('client_id')}`,
      client_secret: 's',
    }).toString()
    const access_token = await foreign.token()
    host.answer(`${foreign.issuer}/oauth2/token`, (init) =>
      Response.json(
        init.method === 'POST' && init.body === body ? { access_token } : { error: 'invalid_grant' },
      ),
    )
    const redirect = await redeem({}, body)
    // RFC 9110 §15.4.8: what a client does with a 307.
    expect(redirect.status).toBe(307)
    const answer = await fetch(redirect.headers.get('Location') as string, {
      method: 'POST',
      headers: FORM,
      body,
    })
    const tokens = (await answer.json()) as { access_token: string }
    expect((await callWith(server, tokens.access_token)).status).toBe(200)
  })

  it('is sent to its authorization endpoint with the query as it is', async () => {
    const response = await authorize()
    expect(response.status).toBe(302)
    expect(response.headers.get('Location')).toBe(`${foreign.issuer}/oauth2/start${QUERY}`)
    expect((await authorize('')).headers.get('Location')).toBe(`${foreign.issuer}/oauth2/start`)
  })

  it('keeps what that endpoint has of its own', async () => {
    publish({ authorization_endpoint: `${foreign.issuer}/start?tenant=1` })
    expect((await authorize('?a=b')).headers.get('Location')).toBe(`${foreign.issuer}/start?tenant=1&a=b`)
    expect((await authorize('')).headers.get('Location')).toBe(`${foreign.issuer}/start?tenant=1`)
  })

  it('is sent to its token endpoint with nothing of ours, from pages of any origin, too', async () => {
    const response = await redeem({ Origin: 'https://app.example' })
    expect(response.headers.get('Location')).toBe(`${foreign.issuer}/oauth2/token`)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    // For a client that follows no redirect, as the official one.
    expect(await response.json()).toEqual({
      error: 'invalid_request',
      error_description: `The token endpoint is not here but at ${foreign.issuer}/oauth2/token`,
    })
    const preflight = await server('/token', { method: 'OPTIONS' })
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Origin')]).toEqual([204, '*'])
  })

  it('is told where to go when it authenticates by a header, which a redirect would lose', async () => {
    const response = await redeem({ Authorization: `Basic ${btoa('app:secret')}` })
    await expectErrorJson(response.clone(), 400, 'invalid_request')
    expect(response.headers.get('Location')).toBeNull()
    expect(await response.text()).toContain(`${foreign.issuer}/oauth2/token`)
  })

  it('is sent to the first of several', async () => {
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }, { issuer: OTHER }] })
    expect((await authorize('')).headers.get('Location')).toBe(`${foreign.issuer}/oauth2/start`)
  })

  it.each<[string, () => void]>([
    ['does not answer', () => host.unplug(foreign.metadataUrl)],
    ['names no endpoint', () => publish({ authorization_endpoint: undefined, token_endpoint: undefined })],
    [
      'names endpoints over plain http',
      () => publish({ authorization_endpoint: 'http://evil.test/a', token_endpoint: 'http://evil.test/t' }),
    ],
    ['names a script', () => publish({ authorization_endpoint: 'javascript:alert(1)' })],
    ['speaks for another', () => publish({ issuer: OTHER })],
  ])(
    'is told to wait while that server %s, and it is asked every ten seconds at most',
    async (_what, break_) => {
      break_()
      for (let n = 0; n < 3; n++) {
        const page = await authorize()
        expect(page.headers.get('Location')).toBeNull()
        await expectPage(page, 503)
        await expectUnavailable(await redeem())
      }
      expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(1)
      expect(log()).toContainEqual(
        expect.objectContaining({ event: 'issuer.unavailable', issuer: foreign.issuer }),
      )
      publish()
      vi.setSystemTime(Date.now() + 11_000)
      expect((await authorize()).status).toBe(302)
      expect((await redeem()).status).toBe(307)
    },
  )

  it('meets our own server where that is kept', async () => {
    const vars = {
      AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }],
      KEEP_OWN_AUTHORIZATION_SERVER: 'true',
    }
    server = serverWith(vars)
    await expectPage(await authorize('?client_id=x'), 400)
    await expectErrorJson(await redeem(), 400, 'invalid_request')
    expect(host.fetched).toEqual([])
  })
})

describe('RFC 6749 §3.3 scopes with other names', () => {
  let foreign: ForeignServer
  let server: Server

  const scopes = { 'api:read': 'notes:read', 'api:write': 'notes:write', 'api:all': 'notes:write' }

  beforeEach(async () => {
    foreign = await ForeignServer.start(DocumentHost.install())
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer, scopes }] })
  })

  const tokenFor = (scope: string) => foreign.token({ claims: { scope } })

  it.each([
    ['api:read', ['notes:read']],
    ['api:all', ['notes:write']],
    ['api:write api:all api:read', ['notes:write', 'notes:read']],
    ['notes:read notes:write', []],
    ['openid api:admin', []],
  ])('are what they are mapped to, and nothing else: %s', async (scope, expected) => {
    const who = await structured<{ scopes: string[] }>(callWith(server, await tokenFor(scope)))
    expect(who.scopes).toEqual(expected)
  })

  it.each([
    ['in the 2026-07-28 protocol', modernCall, 'api:write'],
    ['in the initialize era', legacyCall, 'api:read api:write'],
  ])('are asked for by the names that their server knows, %s', async (_era, request, scope) => {
    const token = await tokenFor('api:read')
    const log = listenToLog()
    const refused = await server(MCP_URL, request(token, 'add_note', { text: 'Bread' }))
    expectStepUp(refused, scope)
    expect(log()).toContainEqual(expect.objectContaining({ event: 'scope.refused', status: 403 }))
    const allowed = await server(MCP_URL, request(await tokenFor('api:write'), 'add_note', { text: 'Bread' }))
    expect(allowed.status).toBe(200)
  })

  it('are asked for by those names in a session, too', async () => {
    const session = await openSession(server, await tokenFor('api:read'))
    expectStepUp(await session.post(toolCall('add_note', { text: 'Bread' })), 'api:read api:write')
  })

  it('are asked for by our names where their server has none', async () => {
    const entry = { issuer: foreign.issuer, scopes: { 'api:read': 'notes:read' } }
    server = serverWith({ AUTHORIZATION_SERVERS: [entry] })
    expectStepUp(
      await callWith(server, await tokenFor('api:read'), 'add_note', { text: 'Bread' }),
      'notes:write',
    )
  })

  it('have our names at a server without a mapping', async () => {
    server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    const token = await tokenFor('notes:read')
    expectStepUp(await callWith(server, token, 'add_note', { text: 'Bread' }), 'notes:write')
  })

  function expectStepUp(response: Response, scope: string): void {
    expect(response.status).toBe(403)
    const challenge = response.headers.get('WWW-Authenticate')
    expect(challenge).toMatch(/^Bearer error="insufficient_scope"/)
    expect(challenge).toContain(`scope="${scope}"`)
    expect(challenge).toContain(`resource_metadata="${ORIGIN}${METADATA}/mcp"`)
  }
})
