// The way to another site and back, as people have it, and what that site says: rows A23 and A12.
import '../support/every-login.ts'
import { base64url } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { ACME, NEVER_MET } from '../support/every-login.ts'
import { GITHUB, GITHUB_API } from '../support/github.ts'
import type { Site } from '../support/internet.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { pass } from '../support/outcome.ts'
import {
  ALICE,
  acme,
  cookieNames,
  expectRefused,
  expectSignedIn,
  github,
  internet,
  onTheWayBack,
  SESSION_COOKIE,
  signedIn,
} from '../support/upstream-sign-in.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

describe('A23 two sign-ins in two tabs', () => {
  it.each([
    ['the first first', [0, 1]],
    ['the last first', [1, 0]],
  ] as const)('both finish, %s, each where it was going', async (_order, order) => {
    const person = new Visitor()
    const tabs = [
      { path: '/account?tab=1', callback: acme.authorize(await person.leaveFor('acme', '/account?tab=1')) },
      {
        path: '/account?tab=2',
        callback: github.authorize(await person.leaveFor('github', '/account?tab=2')),
      },
    ] as const
    for (const index of order) {
      const { path, callback } = tabs[index]
      await expectSignedIn(person, await person.get(callback), path)
    }
    expect([...cookieNames(person, 'flow'), ...cookieNames(person, 'return')]).toEqual([])
  })

  it('of one method both finish', async () => {
    const person = new Visitor()
    const first = await onTheWayBack(person, '/account?tab=1')
    const second = await onTheWayBack(person, '/account?tab=2')
    await expectSignedIn(person, await person.get(second.callback), '/account?tab=2')
    await expectSignedIn(person, await person.get(first.callback), '/account?tab=1')
  })
})

describe('A23 a long way', () => {
  it('back to an authorization request with a state of 2 kB is not lost, and fits into cookies', async () => {
    const state = base64url.encode(crypto.getRandomValues(new Uint8Array(1536)))
    expect(state).toHaveLength(2048)
    const app = await OAuthClient.registered()
    const { url } = await app.authorizationRequest({ state })
    const person = new Visitor()
    const login = new URL((await person.get(url)).headers.get('Location') as string, ORIGIN)
    const { callback } = await onTheWayBack(person, login.searchParams.get('return_to') as string)
    // RFC 6265 §6.1: what a browser keeps at least, and hardly any more.
    for (const [name, value] of person.cookies) expect(name.length + value.length).toBeLessThanOrEqual(4096)
    const back = await person.get(callback)
    const answer = await (await person.openConsent(back.headers.get('Location') as string)).allow()
    expect(answer.searchParams.get('state')).toBe(state)
  })

  it.each(['//evil.test', 'https://evil.test/', '/\\evil.test', '/.//evil.test', 'javascript:alert(1)', ''])(
    'to "%s" leads to the account page',
    async (returnTo) => {
      const person = new Visitor()
      await expectSignedIn(person, await person.signInAt('acme', acme, returnTo))
    },
  )

  it.each(['//evil.test', 'https://evil.test/', 'not base64url!'])(
    'that a cookie was changed to, "%s", leads to the account page',
    async (path) => {
      const { person, callback } = await onTheWayBack()
      const [name] = cookieNames(person, 'return')
      person.cookies.set(name as string, path.includes('!') ? path : base64url.encode(path))
      await expectSignedIn(person, await person.get(callback))
    },
  )
})

describe('a provider that does not answer as it should', () => {
  const MOMENT_MS = 20

  /** As long as a person can wait, in a moment. */
  function waitLess(): void {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const controller = new AbortController()
      setTimeout(
        () => controller.abort(new DOMException('The operation timed out.', 'TimeoutError')),
        MOMENT_MS,
      )
      return controller.signal
    })
  }

  const WAYS: readonly (readonly [string, Site | undefined])[] = [
    ['is down', undefined],
    [
      'is slow',
      ({ signal }) =>
        new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ],
    ['says 500', () => new Response('Internal Server Error', { status: 500 })],
    ['says 500 in JSON', () => Response.json({ error: 'server_error' }, { status: 500 })],
    ['says 429', () => Response.json({ error: 'slow_down' }, { status: 429 })],
    ['says 404', () => new Response('Not Found', { status: 404 })],
    [
      'sends a page',
      () => new Response('<h1>Maintenance</h1>', { headers: { 'Content-Type': 'text/html' } }),
    ],
    ['sends a page as JSON', () => new Response('<h1>', { headers: { 'Content-Type': 'application/json' } })],
    ['sends nothing', () => new Response(null, { status: 204 })],
    ['redirects', () => new Response(null, { status: 302, headers: { Location: 'https://evil.test/' } })],
  ]

  function broken(origin: string, way: Site | undefined): void {
    if (way) internet.site(origin, way)
    else internet.unplug(origin)
  }

  /** 503, a page with other ways to where the person was going, and nothing for them to see of the cause. */
  async function expectWayOn(person: Visitor, response: Response): Promise<void> {
    const html = await expectRefused(person, response, 503)
    expect(html).toContain('/login/github?return_to=%2Faccount%3Fon%3Dmy-way')
    expect(html).not.toMatch(/Maintenance|Internal Server|lost/)
  }

  it.each(WAYS)(
    'at the beginning, because it %s, gets a page with a way on, and is not remembered',
    async (_how, way) => {
      waitLess()
      const person = new Visitor()
      broken(NEVER_MET, way)
      await expectWayOn(person, await person.get('/login/never-met?return_to=%2Faccount%3Fon%3Dmy-way'))
    },
  )

  it.each(WAYS)('when the person comes back, because it %s, gets a page with a way on', async (_how, way) => {
    waitLess()
    for (const [method, site, origin] of [
      ['acme', acme, ACME],
      ['github', github, GITHUB],
      ['github', github, GITHUB_API],
    ] as const) {
      internet.site(origin, site.answer)
      const person = new Visitor()
      const callback = site.authorize(await person.leaveFor(method, '/account?on=my-way'))
      broken(origin, way)
      await expectWayOn(person, await person.get(callback))
      internet.site(origin, site.answer)
    }
  })

  it.each(WAYS)('for its keys, because it %s, gets a page with a way on', async (_how, way) => {
    waitLess()
    // The keys that are known are too old.
    pass(301)
    const { person, callback } = await onTheWayBack(new Visitor(), '/account?on=my-way')
    internet.site(ACME, async (request) => {
      if (!request.url.endsWith('/jwks')) return acme.answer(request)
      if (way) return way(request)
      throw new Error('Network connection lost.')
    })
    await expectWayOn(person, await person.get(callback))
  })

  it('is met again once it is back', async () => {
    internet.unplug(NEVER_MET)
    expect((await new Visitor().get('/login/never-met')).status).toBe(503)
    const site = await OpenIdProvider.make(NEVER_MET)
    site.open(internet)
    site.person = ALICE
    const person = new Visitor()
    await expectSignedIn(person, await person.signInAt('never-met', site))
  })

  it('or says that it is another is not used', async () => {
    pass(3601)
    internet.site(ACME, () =>
      Response.json({ issuer: 'https://id.evil.test', authorization_endpoint: 'https://id.evil.test/' }),
    )
    const person = new Visitor()
    await expectRefused(person, await person.get('/login/acme'))
  })
})

describe('A12 what a provider says of a person', () => {
  const hostile = {
    markup: '"><script>alert(1)</script>',
    'an attribute': '" autofocus onfocus="alert(1)',
    'bidi controls': '\u202Eknab ruoy\u2066',
    'control characters': '\u0001\u0007\u001b[2J\u009b',
    'line separators': '\u2028\u2029',
    'ten kilobytes': `<b>${'x'.repeat(10_000)}`,
  }

  function expectHarmless(html: string): void {
    expect(html).not.toMatch(/<script>alert|<b>|"\s*autofocus onfocus/)
    expect(html).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u2028\u2029]/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(html).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(html).not.toContain('x'.repeat(101))
  }

  it.each(Object.entries(hostile))('is harmless with %s in a name', async (_what, text) => {
    acme.person = { ...ALICE, name: `Name ${text}`, preferred_username: text }
    github.person = { id: 1, login: `Name ${text}`, name: `Name ${text}` }
    for (const [method, site] of [
      ['acme', acme],
      ['github', github],
    ] as const) {
      configure({ ALLOWED_USERS: '' })
      const stranger = new Visitor()
      const refused = await expectRefused(stranger, await stranger.signInAt(method, site))
      expectHarmless(refused)
      expect(refused).toContain('You signed in as Name')
      configure({ ALLOWED_USERS: '*' })
      const person = await signedIn(method)
      expect((person.cookies.get(SESSION_COOKIE) as string).length).toBeLessThan(4000)
      const app = await OAuthClient.registered()
      expectHarmless((await person.openConsent((await app.authorizationRequest()).url)).html)
      const { access_token } = await app.connect(person)
      expectHarmless(await (await person.get('/account')).text())
      const whoami = await structured<{ name: string }>(callTool(access_token, 'whoami'))
      expect(whoami.name).toMatch(/^Name/)
      expect(whoami.name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      expect(whoami.name.length).toBeLessThanOrEqual(100)
    }
  })

  it.each(Object.entries(hostile))('is harmless with %s in a subject or an address', async (_what, text) => {
    for (const claims of [
      { sub: `sub ${text}`, email: undefined },
      { email: `${text}@acme.test`, name: undefined },
    ]) {
      acme.person = { ...ALICE, ...claims }
      configure({ ALLOWED_USERS: '' })
      const stranger = new Visitor()
      expectHarmless(await expectRefused(stranger, await stranger.signInAt('acme', acme)))
    }
  })

  it.each([
    ['nothing but bidi controls', '\u202E\u2066'],
    ['nothing but zero-width characters', '\u200B\u2060'],
    ['nothing but spaces', ' \u00a0 '],
    ['no text', 7],
  ])('is shown by the next thing that has a name, where one is %s', async (_what, name) => {
    acme.person = { ...ALICE, name: name as string }
    const person = await signedIn('acme')
    expect(await (await person.get('/account')).text()).toContain('<bdi>alice@acme.test</bdi>')
  })

  it('is their subject where there is nothing else', async () => {
    acme.person = { sub: 'alice' }
    const person = await signedIn('acme')
    expect(await (await person.get('/account')).text()).toContain('<bdi>alice</bdi>')
    acme.person = { sub: '\u202E' }
    const nameless = await signedIn('acme')
    expect(await (await nameless.get('/account')).text()).toContain('<bdi>Unnamed user</bdi>')
  })
})
