// The authorization endpoint against requests that are wrong in one thing.
import { describe, expect, it } from 'vitest'
import { callTool, OAuthClient, REDIRECT_URI, register, structured } from '../support/oauth-client.ts'
import { expectErrorAnswer, expectErrorJson, expectPage, expectSignInPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { form, ORIGIN, send } from '../support/worker.ts'

type Changes = Parameters<OAuthClient['authorizationRequest']>[0]
type Right = Parameters<OAuthClient['connect']>[1]

const LOOPBACK_URI = 'http://127.0.0.1/callback'

/** A page for everybody, signed in or not; and a request that is right still works. */
async function expectNoRedirect(app: OAuthClient, changes: Changes, right: Right = {}): Promise<void> {
  // A new user each time, because one user can approve only a limited number a day (S11).
  const person = await Visitor.as(crypto.randomUUID())
  const { url } = await app.authorizationRequest(changes)
  for (const visitor of [person, new Visitor()]) await expectPage(await visitor.get(url), 400)
  expect(await person.hasConnected(app.id)).toBe(false)
  await app.connect(person, right)
}

/** An answer to the client with a session, a page with a link to it without; and a request that is right still works. */
async function expectTheClientIsTold(changes: Changes, error: string): Promise<void> {
  const app = await OAuthClient.registered()
  const person = await Visitor.as(crypto.randomUUID())
  const { url } = await app.authorizationRequest(changes)
  const told = await person.get(url)
  expect(told.status).toBe(303)
  expectErrorAnswer(told.headers.get('Location'), error)
  expectErrorAnswer(linkToTheApp(await expectPage(await new Visitor().get(url), 400)), error)
  expect(await person.hasConnected(app.id)).toBe(false)
  await app.connect(person)
}

function linkToTheApp(html: string): string | null {
  const href = /<a href="([^"]+)">Tell the app/.exec(html)?.[1]
  return href?.replaceAll('&amp;', '&') ?? null
}

describe('A1 RFC 6749 §3.1.2.4 redirect URIs that are not registered', () => {
  const notRegistered = {
    'another host': 'https://evil.test/callback',
    'a host that begins alike': 'https://client.example.evil.test/callback',
    'a subdomain': 'https://evil.client.example/callback',
    'another port': 'https://client.example:8443/callback',
    'plain http': 'http://client.example/callback',
    'another path': 'https://client.example/other',
    'a longer path': `${REDIRECT_URI}/more`,
    'a trailing slash': `${REDIRECT_URI}/`,
    'another case': 'https://client.example/Callback',
    'dot segments': 'https://client.example/x/../callback',
    'an encoded letter': 'https://client.example/%63allback',
    'a query': `${REDIRECT_URI}?next=https://evil.test`,
    'the origin alone': 'https://client.example',
    'a relative path': '/callback',
  }

  it.each(Object.entries(notRegistered))('refuses %s', async (_, redirect_uri) => {
    const app = await OAuthClient.registered()
    await expectNoRedirect(app, { redirect_uri })
  })

  const otherErrors = {
    'no response_type': { response_type: undefined },
    'an unsupported response_type': { response_type: 'token' },
    'no code_challenge': { code_challenge: undefined },
    'an unknown scope': { scope: 'root:everything' },
    'another resource': { resource: 'https://evil.test/mcp' },
    'a repeated parameter': { state: ['a state', 'another'] },
  }

  it.each(Object.entries(otherErrors))('refuses one together with %s', async (_, changes) => {
    const app = await OAuthClient.registered()
    await expectNoRedirect(app, { redirect_uri: 'https://evil.test/callback', ...changes })
  })

  it('refuses two at once, even if both are registered', async () => {
    const app = await OAuthClient.registered({ redirect_uris: [REDIRECT_URI, 'https://client.example/two'] })
    await expectNoRedirect(app, { redirect_uri: [REDIRECT_URI, 'https://client.example/two'] })
  })

  it('refuses to choose among several when none is named', async () => {
    const app = await OAuthClient.registered({ redirect_uris: [REDIRECT_URI, 'https://client.example/two'] })
    await expectNoRedirect(app, { redirect_uri: undefined })
  })

  it("refuses another client's", async () => {
    const other = 'https://other.example/callback'
    await register({ redirect_uris: [other] })
    const app = await OAuthClient.registered()
    await expectNoRedirect(app, { redirect_uri: other })
  })

  const unknownClients: Record<string, (id: string) => string | string[] | undefined> = {
    missing: () => undefined,
    'made up': () => 'a'.repeat(64),
    'in another case': (id) => id.toUpperCase(),
    repeated: (id) => [id, id],
    'two kilobytes long': () => 'x'.repeat(2048),
    'a path': () => '../../register',
  }

  it.each(Object.entries(unknownClients))('refuses a client_id that is %s', async (_, wrong) => {
    const app = await OAuthClient.registered()
    await expectNoRedirect(app, { client_id: wrong(app.id) })
  })
})

const DANGEROUS = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'javascript://client.example/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  'blob:https://client.example/1',
  'about:blank',
  'view-source:https://client.example/',
  'filesystem:https://client.example/temporary/x',
  '\tjavascript:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  ' https://client.example/other',
  '\thttps://client.example/other',
  '\nhttps://client.example/other',
  'https://client.example/other\r\n',
  'https://client.example/\u0000other',
].map((uri) => [JSON.stringify(uri), uri] as const)

const MISLEADING = [
  'http://127.0.0.1@evil.test/callback',
  'http://127.0.0.1:80@evil.test/callback',
  'http://[::1]@evil.test/callback',
  'http://localhost.evil.test/callback',
  'http://127.0.0.1.evil.test/callback',
  'http://localhost:80\\@evil.test/callback',
  'http://evil.test\\@127.0.0.1/callback',
  'http://127.0.0.1\\.evil.test/callback',
  'https:\\\\client.example/other',
  'https://client.example@evil.test/callback',
  'https://client.example\\@evil.test/callback',
  'https://user:password@client.example/callback',
  'http://user@127.0.0.1/callback',
  'https://client.example/callback#fragment',
  'https://client.example/callback#',
  'http://127.0.0.1/callback#fragment',
  'http://client.example/callback',
  'http://0.0.0.0/callback',
  'http://169.254.169.254/callback',
]

/** One wrong entry spoils a registration that would otherwise be fine. */
async function expectNotRegistered(uri: string): Promise<void> {
  const refused = await register({ redirect_uris: [REDIRECT_URI, uri] })
  await expectErrorJson(refused, 400, 'invalid_redirect_uri')
}

describe('A2 RFC 9700 §4.1 redirect URIs that a browser would run', () => {
  it.each(DANGEROUS)('refuses to register %s', (_, uri) => expectNotRegistered(uri))

  it.each(DANGEROUS)('refuses to redirect to %s', async (_, redirect_uri) => {
    const app = await OAuthClient.registered({ redirect_uris: [REDIRECT_URI, LOOPBACK_URI] })
    await expectNoRedirect(app, { redirect_uri })
  })
})

describe('A3 RFC 8252 §8.3 redirect URIs that look like another host', () => {
  it.each(MISLEADING)('refuses to register %s', (uri) => expectNotRegistered(uri))

  it.each(MISLEADING)('refuses to redirect to %s', async (redirect_uri) => {
    const app = await OAuthClient.registered({ redirect_uris: [REDIRECT_URI, LOOPBACK_URI] })
    await expectNoRedirect(app, { redirect_uri })
  })
})

describe('A4 RFC 8252 §7.3 loopback redirects', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback'],
    ['[::1]', 'http://[::1]/callback', 'http://[::1]:49152/callback'],
    ['localhost', 'http://localhost/callback', 'http://localhost:49152/callback'],
    ['a registered port', 'http://127.0.0.1:3000/callback', 'http://127.0.0.1:49152/callback'],
    ['a registered query', 'http://127.0.0.1/callback?a=b', 'http://127.0.0.1:49152/callback?a=b'],
  ])('allows another port for %s', async (_, registered, redirect_uri) => {
    const app = await OAuthClient.registered({ redirect_uris: [registered] })
    const tokens = await app.connect(new Visitor(), { redirect_uri })
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  })

  it.each([
    ['another path', 'http://127.0.0.1:49152/other'],
    ['a trailing slash', 'http://127.0.0.1:49152/callback/'],
    ['another case', 'http://127.0.0.1:49152/Callback'],
    ['a query', 'http://127.0.0.1:49152/callback?next=https://evil.test'],
    ['an empty query', 'http://127.0.0.1:49152/callback?'],
    ['dot segments', 'http://127.0.0.1:49152/x/../callback'],
    ['localhost for 127.0.0.1', 'http://localhost:49152/callback'],
    ['[::1] for 127.0.0.1', 'http://[::1]:49152/callback'],
    ['127.1 for 127.0.0.1', 'http://127.1:49152/callback'],
    ['another loopback address', 'http://127.0.0.2:49152/callback'],
    ['https', 'https://127.0.0.1:49152/callback'],
    ['a port that is none', 'http://127.0.0.1:99999/callback'],
  ])('refuses %s', async (_, redirect_uri) => {
    const app = await OAuthClient.registered({ redirect_uris: [LOOPBACK_URI] })
    await expectNoRedirect(app, { redirect_uri }, { redirect_uri: LOOPBACK_URI })
  })

  it.each(['http://127.0.0.1/callback', 'http://localhost:49152/callback', 'http://[::1]/callback'])(
    'refuses %s for a client that registered https only',
    async (redirect_uri) => {
      const app = await OAuthClient.registered()
      await expectNoRedirect(app, { redirect_uri })
    },
  )

  it('does not free the port of https on loopback', async () => {
    const app = await OAuthClient.registered({ redirect_uris: ['https://localhost/callback'] })
    await expectNoRedirect(
      app,
      { redirect_uri: 'https://localhost:49152/callback' },
      { redirect_uri: 'https://localhost/callback' },
    )
  })
})

describe('A5 RFC 7636 §4.4.1 requests without a usable code challenge', () => {
  it.each<[string, Changes]>([
    ['no code_challenge', { code_challenge: undefined }],
    ['no challenge and no method', { code_challenge: undefined, code_challenge_method: undefined }],
    ['an empty code_challenge', { code_challenge: '' }],
    ['no method, which means plain', { code_challenge_method: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['a method in another case', { code_challenge_method: 's256' }],
    ['42 characters', { code_challenge: 'a'.repeat(42) }],
    ['44 characters', { code_challenge: 'a'.repeat(44) }],
    ['the alphabet of plain base64', { code_challenge: `${'a'.repeat(42)}+` }],
    ['padding', { code_challenge: `${'a'.repeat(42)}=` }],
    ['a line break at the end', { code_challenge: `${'a'.repeat(43)}\n` }],
    ['two challenges', { code_challenge: ['a'.repeat(43), 'b'.repeat(43)] }],
  ])('refuses %s', (_, changes) => expectTheClientIsTold(changes, 'invalid_request'))
})

describe('A6 RFC 6749 §4.1.2.1 requests that this server does not support', () => {
  it.each<[string, Changes, string]>([
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type code token', { response_type: 'code token' }, 'unsupported_response_type'],
    ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['response_type in another case', { response_type: 'CODE' }, 'unsupported_response_type'],
    ['response_type twice', { response_type: ['code', 'code'] }, 'invalid_request'],
    ['scope twice', { scope: ['notes:read', 'notes:write'] }, 'invalid_request'],
    ['state twice', { state: ['a state', 'another'] }, 'invalid_request'],
    ['code_challenge_method twice', { code_challenge_method: ['S256', 'S256'] }, 'invalid_request'],
    ['an unknown parameter, twice', { unknown: ['1', '2'] }, 'invalid_request'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request'],
    ['a request_uri', { request_uri: 'https://client.example/request.jwt' }, 'invalid_request'],
    ['another resource', { resource: 'https://evil.test/mcp' }, 'invalid_target'],
    [
      'another resource beside ours',
      { resource: [`${ORIGIN}/mcp`, 'https://evil.test/mcp'] },
      'invalid_target',
    ],
  ])('refuses %s', (_, changes, error) => expectTheClientIsTold(changes, error))

  it('ignores a parameter that it does not know', async () => {
    const app = await OAuthClient.registered()
    await app.connect(new Visitor(), { unknown: '1' })
  })
})

describe('A12 OWASP XSS: text that strangers choose', () => {
  const hostile = {
    markup: '"><script>alert(1)</script>',
    'an attribute': '" autofocus onfocus="alert(1)',
    'bidi controls': '\u202Eknab ruoy\u2066',
    'control characters': '\u0001\u0007\u001b[2J\u009b',
    'line separators': '\u2028\u2029',
    'ten kilobytes': `<b>${'x'.repeat(10_000)}`,
  }

  async function expectHarmless(response: Response): Promise<string> {
    const html = await response.text()
    expect(html).not.toMatch(/<script>alert|<b>|"\s*autofocus onfocus/)
    expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u2028\u2029]/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(html).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    const policy = response.headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("base-uri 'none'")
    expect(policy).not.toMatch(/unsafe-|\*/)
    return html
  }

  it.each([
    ['x'.repeat(100), `>${'x'.repeat(100)}<`],
    ['🦊'.repeat(101), `>${'🦊'.repeat(99)}…<`],
  ])('shows that a name is cut, and cuts none of 100 characters', async (client_name, shown) => {
    const app = await OAuthClient.registered({ client_name })
    const { url } = await app.authorizationRequest()
    expect(await (await (await Visitor.signedIn()).get(url)).text()).toContain(shown)
  })

  it.each(Object.entries(hostile))('shows no %s in a client_name', async (_, text) => {
    const app = await OAuthClient.registered({ client_name: `Name ${text}`, client_uri: text })
    const person = await Visitor.signedIn()
    const { url } = await app.authorizationRequest()
    const consent = await expectHarmless(await person.get(url))
    expect(consent).toContain('Name')
    expect(consent).not.toContain('x'.repeat(101))
    const invalid = await app.authorizationRequest({ code_challenge: undefined })
    expect(await expectHarmless(await new Visitor().get(invalid.url))).not.toContain('x'.repeat(101))
    await app.connect(person)
    expect(await expectHarmless(await person.get('/account'))).not.toContain('x'.repeat(101))
  })

  it.each([
    ['bidi controls', '\u202E\u2066'],
    ['fillers', '\u3164\u115F'],
    ['zero-width characters', '\u200B\u2060'],
    ['spaces', ' \u00a0 '],
    // What a font draws there is up to the font.
    ['private characters', '\uE000\uF8FF'],
    ['characters that Unicode has not assigned', '\u0378'],
  ])('shows no name where it is nothing but %s', async (_, client_name) => {
    const app = await OAuthClient.registered({ client_name })
    const { url } = await app.authorizationRequest()
    expect((await new Visitor().openConsent(url)).html).toContain('An app without a name')
  })

  it.each(Object.entries(hostile))('gives %s in state back as it was, and shows none', async (_, state) => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const { url } = await app.authorizationRequest({ state })
    const login = (await new Visitor().get(url)).headers.get('Location') as string
    await expectHarmless(await send(login))
    await expectHarmless(await person.get(url))
    const answer = await (await person.openConsent(url)).allow()
    expect(answer.searchParams.get('state')).toBe(state)
    const invalid = await app.authorizationRequest({ state, code_challenge: undefined })
    await expectHarmless(await new Visitor().get(invalid.url))
  })

  it.each(['scope', 'error', 'error_description', 'client_id', 'redirect_uri', 'response_type', 'resource'])(
    'shows nothing of a hostile %s',
    async (name) => {
      const app = await OAuthClient.registered()
      const person = await Visitor.signedIn()
      for (const text of Object.values(hostile)) {
        const { url } = await app.authorizationRequest({ [name]: text })
        for (const visitor of [person, new Visitor()]) {
          const response = await visitor.get(url)
          const location = response.headers.get('Location')
          if (location === null) await expectHarmless(response)
          else expect(location).not.toMatch(/[<>"\s]/)
          expect(response.status).toBeLessThan(500)
        }
      }
      await app.connect(person)
    },
  )

  it.each(Object.entries(hostile))('shows no %s in return_to', async (_, text) => {
    const path = `/account?${text}`
    await expectHarmless(await send(`/login?return_to=${encodeURIComponent(path)}`))
    const refused = await new Visitor().signIn(path, 'a wrong passphrase')
    expect(refused.status).toBe(403)
    await expectHarmless(refused)
  })
})

describe('A13 OWASP open redirect: return_to leads nowhere else', () => {
  const elsewhere = [
    '//evil.test',
    '///evil.test',
    'https://evil.test',
    'https:evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '/.//evil.test',
    '/./\\evil.test',
    '/account/..//evil.test',
    '/%2e//evil.test',
    'javascript:alert(1)',
    'evil.test',
  ].map((path) => [JSON.stringify(path), path] as const)

  /** As a browser resolves it. */
  function target(response: Response): URL {
    expect(response.status).toBe(303)
    return new URL(response.headers.get('Location') as string, ORIGIN)
  }

  it.each(elsewhere)('does not go to %s after signing in', async (_, path) => {
    expect(target(await new Visitor().signIn(path)).origin).toBe(ORIGIN)
  })

  it.each(elsewhere)('does not go to %s when signed in already', async (_, path) => {
    const person = await Visitor.signedIn()
    const response = await person.get(`/login?return_to=${encodeURIComponent(path)}`)
    expect(target(response).origin).toBe(ORIGIN)
  })

  it.each(elsewhere)('does not go to %s after a wrong passphrase', async (_, path) => {
    const html = await (await new Visitor().signIn(path, 'a wrong passphrase')).text()
    const returnTo = /name="return_to" value="([^"]*)"/.exec(html)?.[1] as string
    expect(new URL(returnTo, ORIGIN).origin).toBe(ORIGIN)
  })

  it('goes to a path of this origin, query and all', async () => {
    expect(target(await new Visitor().signIn('/account?a=b')).href).toBe(`${ORIGIN}/account?a=b`)
  })
})

describe('A16 RFC 6749 §3.3 scopes that do not exist', () => {
  it.each([
    ['unknown ones', 'root:everything admin'],
    ['a wildcard', 'notes:*'],
    ['another case', 'NOTES:READ'],
    ['names of object properties', '__proto__ constructor toString'],
    ['nothing but spaces', '  '],
  ])('refuses %s alone', (_, scope) => expectTheClientIsTold({ scope }, 'invalid_scope'))

  it.each([
    ['an unknown one', 'notes:read root:everything'],
    ['names of object properties', 'notes:read __proto__ constructor'],
    ['itself, twice', 'notes:read notes:read'],
    ['another one, joined by a tab', 'notes:read notes:read\tnotes:write'],
  ])('grants a known scope without %s', async (_, scope) => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect(new Visitor(), { scope })
    expect(tokens.scope).toBe('notes:read')
    expect(await structured(callTool(tokens.access_token, 'whoami'))).toMatchObject({
      scopes: ['notes:read'],
    })
    expect((await callTool(tokens.access_token, 'add_note', { text: 'x' })).status).toBe(403)
  })

  it('grants the least when none is asked for', async () => {
    const app = await OAuthClient.registered()
    const tokens = await app.connect(new Visitor(), { scope: undefined })
    expect(tokens.scope).toBe('notes:read')
  })
})

describe('A18 RFC 9700 §4.11.2 an invalid request without a session', () => {
  /** The session says the same, under a signature that is not ours. */
  function forgeCookies({ cookies }: Visitor): void {
    for (const [name, value] of cookies) cookies.set(name, value.replace(/[^.]+$/, 'A'.repeat(43)))
  }

  it('is a page that names client and host, with a link and no redirect', async () => {
    const app = await OAuthClient.registered({ client_name: 'Notes for Mac' })
    const { url } = await app.authorizationRequest({ code_challenge: undefined })
    const html = await expectPage(await new Visitor().get(url), 400)
    expect(html).toContain('Notes for Mac')
    expect(html).toContain('client.example')
    expect(html).not.toMatch(/http-equiv/i)
    expectErrorAnswer(linkToTheApp(html), 'invalid_request')
    await app.connect()
  })

  it.each([
    ['after signing out', (person: Visitor) => person.post('/logout', {})],
    ['with a forged cookie', forgeCookies],
  ])('is that page %s', async (_, signOut) => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    await signOut(person)
    const { url } = await app.authorizationRequest({ code_challenge: undefined })
    await expectPage(await person.get(url), 400)
  })
})

describe('A22 RFC 9700 §4.4 what one hostname issued, used at another', () => {
  const OTHER = 'https://other.test'

  function withCookiesOf(here: Visitor): Visitor {
    const there = new Visitor(OTHER)
    for (const [name, value] of here.cookies) there.cookies.set(name, value)
    return there
  }

  it('refuses a client', async () => {
    const app = await OAuthClient.registered()
    const { url } = await app.authorizationRequest({ resource: undefined })
    const there = new URL(url.pathname + url.search, OTHER)
    await expectPage(await (await Visitor.signedIn(OTHER)).get(there), 400)
    await app.connect()
  })

  // Without `resource`, which would be refused for a reason of its own.
  it.each([
    ['authorization code', async (app: OAuthClient) => ({ ...(await app.authorize()), resource: undefined })],
    [
      'refresh token',
      async (app: OAuthClient) => ({
        grant_type: 'refresh_token',
        refresh_token: (await app.connect()).refresh_token,
      }),
    ],
  ])('refuses an %s, from its own client and from one that is known there', async (_, tokenRequest) => {
    const app = await OAuthClient.registered()
    const stranger = await OAuthClient.registered({}, OTHER)
    await stranger.connect()
    const request = await tokenRequest(app)
    const body = form({ client_id: app.id, ...request })
    await expectErrorJson(await send(`${OTHER}/token`, { method: 'POST', body }), 401, 'invalid_client')
    await expectErrorJson(await stranger.token(request), 400, 'invalid_grant')
    expect((await app.token(request)).status).toBe(200)
  })

  it('refuses an access token', async () => {
    const tokens = await (await OAuthClient.registered()).connect()
    const there = await callTool(tokens.access_token, 'whoami', {}, OTHER)
    expect(there.status).toBe(401)
    expect(there.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  })

  it('refuses a session cookie', async () => {
    const here = await Visitor.signedIn()
    const there = withCookiesOf(here)
    expectSignInPage(await there.get('/account'))
    expect((await here.get('/account')).status).toBe(200)
  })

  it('binds a session cookie to its host', async () => {
    const cookie = (await new Visitor().signIn()).headers.get('Set-Cookie')
    expect(cookie).toMatch(/^__Host-session=/)
    for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) {
      expect(cookie?.split('; ')).toContain(attribute)
    }
    expect(cookie).not.toMatch(/Domain=/i)
  })

  it('refuses a seal, with the session that it belongs to', async () => {
    const app = await OAuthClient.registered()
    const here = new Visitor()
    const consent = await here.openConsent((await app.authorizationRequest()).url)
    const there = withCookiesOf(here)
    await expectPage(await there.post('/authorize', { seal: consent.seal, decision: 'allow' }), 403)
    expect(await here.hasConnected(app.id)).toBe(false)
    expect((await consent.allow()).searchParams.get('code')).not.toBeNull()
  })
})
