// The consent page, and every other form: which requests count as the user's answer, and what the answer may contain.
import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type SealKind, seal } from '#engine/crypto/seal.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { callTool, OAuthClient, REDIRECT_URI } from '../support/oauth-client.ts'
import { expectErrorAnswer, expectPage, expectSignInPage } from '../support/refusals.ts'
import { ConsentForm, Visitor } from '../support/visitor.ts'
import { ORIGIN } from '../support/worker.ts'

const SESSION_COOKIE = '__Host-session'

afterEach(() => {
  vi.useRealTimers()
})

/** An app that asks for the first time, and the consent page that a signed-in person sees. */
async function firstRequest(metadata = {}, changes = {}) {
  const app = await OAuthClient.registered(metadata)
  const { url } = await app.authorizationRequest(changes)
  const person = await Visitor.signedIn()
  return { app, url, person, consent: await person.openConsent(url) }
}

/** The answer was not counted; the right one still is. */
async function expectUndecided({ app, person, consent }: Awaited<ReturnType<typeof firstRequest>>) {
  expect(await person.hasConnected(app.id)).toBe(false)
  expect((await consent.allow()).searchParams.get('code')).not.toBeNull()
}

/** What a sealed value says: it can be read, not forged. */
function contents<T extends object>(sealed: string): { value: T; exp: number } {
  return JSON.parse(new TextDecoder().decode(base64url.decode(sealed.split('.')[0] as string)))
}

/** A sealed value that says something else, under the old signature. */
function tampered(sealed: string, change: (body: { value: Record<string, unknown>; exp: number }) => void) {
  const body = contents<Record<string, unknown>>(sealed)
  change(body)
  return `${base64url.encode(JSON.stringify(body))}.${sealed.split('.')[1]}`
}

// A browser says these; no page can make it lie.
const NOT_FROM_OUR_PAGE: [string, Record<string, string | undefined>][] = [
  ['Sec-Fetch-Site cross-site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' }],
  ['Sec-Fetch-Site same-site', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://www.gatehouse.test' }],
  ['Sec-Fetch-Site none', { 'Sec-Fetch-Site': 'none', Origin: undefined }],
  ['Sec-Fetch-Site cross-site, whatever Origin says', { 'Sec-Fetch-Site': 'cross-site' }],
  ['a foreign Origin', { 'Sec-Fetch-Site': undefined, Origin: 'https://evil.test' }],
  ['an Origin that begins alike', { 'Sec-Fetch-Site': undefined, Origin: `${ORIGIN}.evil.test` }],
  ['an Origin with another port', { 'Sec-Fetch-Site': undefined, Origin: `${ORIGIN}:8443` }],
  ['an Origin over http', { 'Sec-Fetch-Site': undefined, Origin: ORIGIN.replace('https:', 'http:') }],
  ['Origin null', { 'Sec-Fetch-Site': undefined, Origin: 'null' }],
  ['neither header', { 'Sec-Fetch-Site': undefined, Origin: undefined }],
]

describe('A7 MCP confused deputy: no consent, no code', () => {
  it('shows client, redirect host and every scope to a person who is signed in', async () => {
    const { consent } = await firstRequest({ client_name: 'Notes for Mac' })
    expect(consent.html).toContain('Notes for Mac')
    expect(consent.html).toContain('client.example')
    expect(consent.html).toContain('Read and search your notes')
    expect(consent.html).toContain('Add notes, and delete them')
    expect(consent.scopes).toEqual(['notes:read', 'notes:write'])
  })

  it('shows a redirect host in ASCII, so that none looks like another', async () => {
    const redirect_uri = 'https://xn--clent-4ve.example/callback'
    const { consent } = await firstRequest({ redirect_uris: [redirect_uri] }, { redirect_uri })
    expect(consent.html).toContain('xn--clent-4ve.example')
  })

  it('asks again when the same was approved before', async () => {
    const { url, person, consent } = await firstRequest()
    await consent.allow()
    await expectPage(await person.get(url), 200)
  })

  it.each([
    ['prompt=none', { prompt: 'none' }],
    ['skip_consent', { skip_consent: 'true' }],
    ['decision=allow', { decision: 'allow' }],
  ])('asks although the request says %s', async (_, changes) => {
    const { app, url, person } = await firstRequest({}, changes)
    await expectPage(await person.get(url), 200)
    expect(await person.hasConnected(app.id)).toBe(false)
  })

  it('asks on GET even with a seal and an answer in the URL', async () => {
    const first = await firstRequest()
    const url = new URL(first.url)
    url.searchParams.set('seal', first.consent.seal)
    url.searchParams.set('decision', 'allow')
    await expectPage(await first.person.get(url), 200)
    await expectUndecided(first)
  })
})

describe('A8 RFC 9700 §4.7 answers that did not come from the consent page', () => {
  it.each(NOT_FROM_OUR_PAGE)('refuses one with %s', async (_, headers) => {
    const first = await firstRequest()
    await expectPage(await first.consent.submit({}, headers), 403)
    await expectUndecided(first)
  })

  it('accepts one with our Origin from a browser without fetch metadata', async () => {
    const { consent } = await firstRequest()
    const answer = await consent.submit({}, { 'Sec-Fetch-Site': undefined })
    expect(answer.headers.get('Location')).toContain(`${REDIRECT_URI}?code=`)
  })

  it.each([
    ['no seal', () => undefined],
    ['an empty seal', () => ''],
    ['a seal that is none', () => 'a seal'],
    ['a seal without a signature', (sealed: string) => sealed.split('.')[0]],
    ['a seal with an empty signature', (sealed: string) => `${sealed.split('.')[0]}.`],
    ['a seal with a third part', (sealed: string) => `${sealed}.${sealed}`],
    ['another client', (sealed: string) => tampered(sealed, ({ value }) => (value.clientId = 'another'))],
    [
      'another redirect URI',
      (sealed: string) => tampered(sealed, ({ value }) => (value.redirectUri = 'https://evil.test')),
    ],
    ['another state', (sealed: string) => tampered(sealed, ({ value }) => (value.state = 'another'))],
    [
      'more scopes',
      (sealed: string) =>
        tampered(sealed, ({ value }) => Object.assign(value.request as object, { scopes: ['admin'] })),
    ],
    ['a later end', (sealed: string) => tampered(sealed, (body) => (body.exp += 1000))],
  ])('refuses one with %s', async (_, change) => {
    const first = await firstRequest()
    await expectPage(await first.consent.submit({ seal: change(first.consent.seal) }), 403)
    await expectUndecided(first)
  })

  it.each(['seal', 'decision'])('refuses one with two values of %s', async (name) => {
    const first = await firstRequest()
    const value = { seal: first.consent.seal, decision: 'allow' }[name] as string
    await expectPage(await first.consent.submit({ [name]: [value, value] }), 400)
    await expectUndecided(first)
  })

  it("refuses one with another session's seal", async () => {
    const first = await firstRequest()
    const attacker = await Visitor.signedIn()
    const { seal } = await attacker.openConsent(first.url)
    await expectPage(await first.consent.submit({ seal }), 403)
    await expectUndecided(first)
  })

  it('refuses one with the seal of an earlier session of the same browser', async () => {
    const { app, person, consent } = await firstRequest()
    await person.post('/logout', {})
    await person.signIn()
    await expectPage(await consent.submit(), 403)
    expect(await person.hasConnected(app.id)).toBe(false)
    await app.connect(person)
  })

  it('refuses one without a cookie', async () => {
    const first = await firstRequest()
    await expectPage(await new ConsentForm(new Visitor(), first.consent.html).submit(), 403)
    await expectUndecided(first)
  })

  it('refuses one whose session has ended', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { url, person } = await firstRequest()
    vi.setSystemTime(Date.now() + (12 * 60 * 60 - 60) * 1000)
    const consent = await person.openConsent(url)
    vi.setSystemTime(Date.now() + 60_000)
    await expectPage(await consent.submit(), 403)
    expectSignInPage(await person.get('/account'))
  })

  it('refuses one after ten minutes, and accepts it just before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { app, url, person, consent } = await firstRequest()
    vi.setSystemTime(Date.now() + 600_000)
    await expectPage(await consent.submit(), 403)
    expect(await person.hasConnected(app.id)).toBe(false)
    const fresh = await person.openConsent(url)
    vi.setSystemTime(Date.now() + 599_000)
    expect((await fresh.allow()).searchParams.get('code')).not.toBeNull()
  })

  it.each([
    ['client_id', 'another'],
    ['redirect_uri', 'https://evil.test/callback'],
    ['state', 'another'],
    ['resource', 'https://evil.test/mcp'],
    ['code_challenge', 'a'.repeat(43)],
  ])('goes by the seal, not by a %s beside it', async (name, value) => {
    const { app, consent, person } = await firstRequest()
    const location = (await consent.submit({ [name]: value })).headers.get('Location')
    expect(location).toMatch(new RegExp(`^${REDIRECT_URI}\\?code=[^&]+&state=a\\+state&iss=`))
    expect(await person.hasConnected(app.id)).toBe(true)
  })
})

describe('A9 RFC 6749 §4.1.2.1 deny', () => {
  it.each([
    ['deny', { decision: 'deny' }],
    ['nothing', { decision: undefined }],
    ['something else', { decision: 'ALLOW' }],
  ])('tells the client and stores nothing when the answer is %s', async (_, answer) => {
    const { app, person, consent } = await firstRequest()
    const before = await env.RECORDS.list()
    const denied = await consent.submit(answer)
    expect(denied.status).toBe(303)
    expectErrorAnswer(denied.headers.get('Location'), 'access_denied')
    expect((await env.RECORDS.list()).keys).toEqual(before.keys)
    expect(await person.hasConnected(app.id)).toBe(false)
    await app.connect(person)
  })

  it('leaves an earlier grant as it was', async () => {
    const { app, url, person } = await firstRequest()
    const tokens = await app.connect(person)
    await (await person.openConsent(url)).deny()
    expect((await callTool(tokens.access_token, 'list_notes')).status).toBe(200)
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200)
  })
})

describe('A10 a consent page that is fetched twice', () => {
  it('takes the answer from either form', async () => {
    const { url, person, consent } = await firstRequest()
    const second = await person.openConsent(url)
    for (const form of [consent, second]) expect((await form.allow()).searchParams.get('code')).not.toBeNull()
  })
})

describe('A11 RFC 9700 §4.16 clickjacking', () => {
  it.each<[string, (first: Awaited<ReturnType<typeof firstRequest>>) => Promise<Response>]>([
    ['the consent page', ({ person, url }) => person.get(url)],
    ['the consent page, shown again', ({ consent }) => consent.submit({ scope: [] })],
    ['the account page', ({ person }) => person.get('/account')],
    ['the sign-in page', () => new Visitor().get('/login')],
    ['the sign-in page after a wrong passphrase', () => new Visitor().signIn('/', 'wrong')],
    ['a refusal', ({ consent }) => consent.submit({ seal: undefined })],
  ])('keeps %s out of frames', async (_, open) => {
    const { headers } = await open(await firstRequest())
    expect(headers.get('Content-Security-Policy')?.split('; ')).toContain("frame-ancestors 'none'")
    expect(headers.get('X-Frame-Options')).toBe('DENY')
  })
})

describe('A15 RFC 8252 §8.6 any program on this computer could be asking', () => {
  const WARNING = 'any program on it could be asking'

  it.each(['http://127.0.0.1/callback', 'http://localhost:3000/callback', 'http://[::1]/callback'])(
    'warns when the answer goes to %s',
    async (redirect_uri) => {
      const { consent } = await firstRequest({ redirect_uris: [redirect_uri] }, { redirect_uri })
      expect(consent.html).toContain(WARNING)
    },
  )

  it('warns no less when the client has registered an https redirect besides', async () => {
    const redirect_uri = 'http://127.0.0.1/callback'
    const { consent } = await firstRequest({ redirect_uris: [REDIRECT_URI, redirect_uri] }, { redirect_uri })
    expect(consent.html).toContain(WARNING)
  })

  it('does not warn when the answer goes to an https host', async () => {
    const { consent } = await firstRequest()
    expect(consent.html).not.toContain(WARNING)
  })
})

describe('A17 OWASP login CSRF: forms that another site sends', () => {
  it.each(NOT_FROM_OUR_PAGE)('does not sign in with %s', async (_, headers) => {
    const visitor = new Visitor()
    const fields = { passphrase: env.OWNER_PASSPHRASE }
    await expectPage(await visitor.post('/login/passphrase', fields, headers), 403)
    expect(visitor.cookies.size).toBe(0)
    expect((await visitor.post('/login/passphrase', fields)).status).toBe(303)
  })

  it.each(NOT_FROM_OUR_PAGE)('does not sign out with %s', async (_, headers) => {
    const person = await Visitor.signedIn()
    await expectPage(await person.post('/logout', {}, headers), 403)
    await expectPage(await person.get('/account'), 200)
    expect((await person.post('/logout', {})).status).toBe(303)
    expectSignInPage(await person.get('/account'))
  })

  it.each(NOT_FROM_OUR_PAGE)('does not revoke with %s', async (_, headers) => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const tokens = await app.connect(person)
    await expectPage(await person.post('/account/revoke', { client_id: app.id }, headers), 403)
    expect(await person.hasConnected(app.id)).toBe(true)
    expect((await app.refresh(tokens.refresh_token)).status).toBe(200)
    expect((await person.post('/account/revoke', { client_id: app.id })).status).toBe(303)
    expect(await person.hasConnected(app.id)).toBe(false)
  })

  it.each(['/login/passphrase', '/logout', '/account/revoke'])('changes nothing by GET %s', async (path) => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    await app.connect(person)
    const query = `?client_id=${app.id}&passphrase=${encodeURIComponent(env.OWNER_PASSPHRASE)}`
    await expectPage(await person.get(path + query), 404)
    expect(await person.hasConnected(app.id)).toBe(true)
    expect((await new Visitor().get(path + query)).headers.get('Set-Cookie')).toBeNull()
  })
})

describe('A19 a key or a click that was meant for something else', () => {
  it('gives no part of the consent page an id, the focus, a place in the tab order or a key', async () => {
    const { consent } = await firstRequest()
    expect(consent.html).toContain('value="allow"')
    expect(consent.html).not.toMatch(/<[^>]*\s(id|autofocus|tabindex|accesskey)\b/i)
  })
})

describe('A20 RFC 6749 §3.3 scopes that the consent page did not offer', () => {
  it.each([
    ['one that does not exist', ['notes:read', 'root:everything']],
    ['one that is never a choice', ['notes:read', 'offline_access']],
    ['two in one field', ['notes:read notes:write']],
    ['the name of an object property', ['notes:read', '__proto__']],
  ])('refuses a tick at %s', async (_, scope) => {
    const first = await firstRequest({}, { scope: 'notes:read' })
    await expectPage(await first.consent.submit({ scope }), 403)
    await expectUndecided(first)
  })

  it('grants what stays ticked and no more', async () => {
    const { app, person, consent } = await firstRequest()
    expect(consent.scopes).toEqual(['notes:read', 'notes:write'])
    await consent.submit({ scope: ['notes:read'] })
    const account = await (await person.get('/account')).text()
    const card = account.split('<li class="app">').find((html) => html.includes(app.id))
    expect(card).toContain('Read and search your notes')
    expect(card).not.toContain('Add notes, and delete them')
  })

  it('asks again when nothing stays ticked', async () => {
    const first = await firstRequest()
    expect(await expectPage(await first.consent.submit({ scope: [] }), 200)).toContain('Nothing is ticked')
    await expectUndecided(first)
  })
})

describe('W7 sealed values of one kind, used as another', () => {
  /** The same contents under the signature of another kind: what an attacker would have if the kinds shared a key. */
  function sealedAs(kind: SealKind, sealed: string): Promise<string> {
    return seal(loadSettings(env), kind, ORIGIN, contents(sealed).value, 600)
  }

  async function everySecret() {
    const first = await firstRequest()
    const redemption = await first.app.authorize(first.person)
    const tokens = await first.app.connect(first.person)
    await first.person.post('/account/revoke', { client_id: first.app.id })
    const cookie = first.person.cookies.get(SESSION_COOKIE) as string
    return {
      ...first,
      secrets: { cookie, seal: first.consent.seal, code: redemption.code, ...tokens },
    }
  }

  it.each(['cookie', 'code', 'access_token', 'refresh_token'] as const)(
    'refuses a %s as a consent seal',
    async (kind) => {
      const { secrets, ...first } = await everySecret()
      await expectPage(await first.consent.submit({ seal: secrets[kind] }), 403)
      await expectUndecided(first)
    },
  )

  it.each(['seal', 'code', 'access_token', 'refresh_token'] as const)(
    'refuses a %s as a session cookie',
    async (kind) => {
      const { secrets } = await everySecret()
      const thief = new Visitor()
      thief.cookies.set(SESSION_COOKIE, secrets[kind])
      expectSignInPage(await thief.get('/account'))
    },
  )

  it('refuses the contents of a consent under the signature of a session', async () => {
    const first = await firstRequest()
    const { consent } = first
    await expectPage(await consent.submit({ seal: await sealedAs('session', consent.seal) }), 403)
    const answer = await consent.submit({ seal: await sealedAs('consent', consent.seal) })
    expect(answer.headers.get('Location')).toContain('code=')
  })

  it('refuses the contents of a session under the signature of a consent', async () => {
    const cookie = (await Visitor.signedIn()).cookies.get(SESSION_COOKIE) as string
    const thief = new Visitor()
    thief.cookies.set(SESSION_COOKIE, await sealedAs('consent', cookie))
    expectSignInPage(await thief.get('/account'))
    thief.cookies.set(SESSION_COOKIE, await sealedAs('session', cookie))
    await expectPage(await thief.get('/account'), 200)
  })
})
