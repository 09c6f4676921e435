// Attacks on signing in by way of another site, and on who comes in: rows A14, A21, A23, A24, and W7 for what such a
// sign-in seals.
import '../support/every-login.ts'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { base64url, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { randomSecret } from '../../src/oauth/tokens/secret.ts'
import { type SealKind, seal } from '../../src/seal.ts'
import { loadConfig } from '../../src/settings/load.ts'
import { ACME, GOOGLE, NEVER_MET } from '../support/every-login.ts'
import { GITHUB, GITHUB_API, GITHUB_CLIENT, GitHub } from '../support/github.ts'
import { Internet, type Site } from '../support/internet.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { CLIENT_SECRET, OpenIdProvider } from '../support/openid-provider.ts'
import {
  expectInvalidToken,
  expectOver,
  expectRefusal,
  grantIdOf,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { expectPage, expectSignInPage } from '../support/refusals.ts'
import { seenSecrets } from '../support/secrets.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

const SESSION_COOKIE = '__Host-session'
const ALICE = { sub: 'alice', name: 'Alice Liddell', email: 'alice@acme.test', email_verified: true }

const acme = await OpenIdProvider.make(ACME)
const google = await OpenIdProvider.make(GOOGLE)
let github: GitHub
let internet: Internet
/** It never goes back between tests: what the Worker knows of a provider, it knows for a time. */
let clock = Date.now()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: clock })
  internet = Internet.install()
  acme.open(internet)
  acme.person = ALICE
  google.open(internet)
  google.person = ALICE
  github = new GitHub()
  for (const origin of [GITHUB, GITHUB_API]) internet.site(origin, github.answer)
  configure({ ALLOWED_USERS: '*' })
  for (const secret of [CLIENT_SECRET, GITHUB_CLIENT.secret]) seenSecrets.add(secret)
})

afterEach(() => {
  configure()
  clock = Date.now()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** The sign-in page, with the reason; nobody is signed in. Returns its HTML. */
async function expectRefused(person: Visitor, response: Response, status = 403): Promise<string> {
  const html = await expectPage(response, status)
  expect(html).toContain('role="alert"')
  expect(html).toContain('Continue with GitHub')
  expect(person.cookies.has(SESSION_COOKIE)).toBe(false)
  return html
}

async function expectSignedIn(person: Visitor, response: Response, where = '/account'): Promise<void> {
  expect(`${response.status} ${await response.text()}`).toBe('303 ')
  expect(response.headers.get('Location')).toBe(where)
  expect(await person.isSignedIn()).toBe(true)
}

/** How often a provider was asked to redeem a code. */
function redemptions(): number {
  return internet.requests.filter(({ method }) => method === 'POST').length
}

function cookieNames(person: Visitor, kind: 'flow' | 'return'): string[] {
  return [...person.cookies.keys()].filter((name) => name.startsWith(`__Host-${kind}-`))
}

/** Has gone to Acme and agreed there, and comes back with this. */
async function onTheWayBack(person = new Visitor(), returnTo?: string) {
  const callback = acme.authorize(await person.leaveFor('acme', returnTo))
  const flow = cookieNames(person, 'flow').at(-1) as string
  return { person, callback, flow, sealed: person.cookies.get(flow) as string }
}

/** What was sealed, under the signature of another kind. */
function sealedAs(kind: SealKind, sealed: string, changes: object = {}): Promise<string> {
  const { value } = JSON.parse(new TextDecoder().decode(base64url.decode(sealed.split('.')[0] as string)))
  return seal(loadConfig(env), kind, ORIGIN, { ...value, ...changes }, 600)
}

describe('A14 RFC 9700 §4.7 an upstream sign-in', () => {
  it.each(['acme', 'github'] as const)('by %s is finished by the browser that began it', async (method) => {
    const person = new Visitor()
    await expectSignedIn(
      person,
      await person.signInAt(method, { acme, github }[method], '/account?x=1'),
      '/account?x=1',
    )
  })

  it.each(['acme', 'github'] as const)('by %s is refused in another browser', async (method) => {
    const site = { acme, github }[method]
    const attacker = new Visitor()
    const callback = site.authorize(await attacker.leaveFor(method))
    const victim = new Visitor()
    await expectRefused(victim, await victim.get(callback))
    // Nor does a sign-in of their own, under way, let another in.
    await victim.leaveFor(method)
    await expectRefused(victim, await victim.get(callback))
    expect(redemptions()).toBe(0)
  })

  it('is refused a second time, after it succeeded', async () => {
    const { person, callback } = await onTheWayBack()
    await expectSignedIn(person, await person.get(callback))
    person.cookies.delete(SESSION_COOKIE)
    await expectRefused(person, await person.get(callback))
    expect(redemptions()).toBe(1)
  })

  it('is refused a second time, after it was refused', async () => {
    configure({ ALLOWED_USERS: '' })
    const { person, callback } = await onTheWayBack()
    await expectRefused(person, await person.get(callback))
    configure({ ALLOWED_USERS: '*' })
    await expectRefused(person, await person.get(callback))
    expect(redemptions()).toBe(1)
    expect([...cookieNames(person, 'flow'), ...cookieNames(person, 'return')]).toEqual([])
  })

  it('is refused after ten minutes, and not before', async () => {
    const first = await onTheWayBack()
    const second = await onTheWayBack()
    pass(599)
    await expectSignedIn(first.person, await first.person.get(first.callback))
    pass(1)
    await expectRefused(second.person, await second.person.get(second.callback))
  })

  it('is refused at another method', async () => {
    const { person, callback } = await onTheWayBack()
    const elsewhere = new URL(callback.href.replace('/login/acme/', '/login/google/'))
    elsewhere.searchParams.set('iss', GOOGLE)
    await expectRefused(person, await person.get(elsewhere))
    const { person: other, callback: toGitHub } = await onTheWayBack()
    toGitHub.pathname = '/login/github/callback'
    await expectRefused(other, await other.get(toGitHub))
    expect(redemptions()).toBe(0)
  })

  it.each<[string, (callback: URL) => void]>([
    ['no state', ({ searchParams }) => searchParams.delete('state')],
    ['an empty state', ({ searchParams }) => searchParams.set('state', '')],
    ['another state', ({ searchParams }) => searchParams.set('state', randomSecret())],
    [
      'a state that begins alike',
      ({ searchParams }) => searchParams.set('state', `${searchParams.get('state')?.slice(0, -1)}_`),
    ],
    ['no code', ({ searchParams }) => searchParams.delete('code')],
    ['two codes', ({ searchParams }) => searchParams.append('code', 'another')],
    ['another issuer', ({ searchParams }) => searchParams.set('iss', 'https://id.evil.test')],
    ['no issuer', ({ searchParams }) => searchParams.delete('iss')],
    ['an error', ({ searchParams }) => searchParams.set('error', 'access_denied')],
    ['a whole response in one', ({ searchParams }) => searchParams.set('response', 'x')],
  ])('with %s is refused, and the provider is not asked', async (_what, change) => {
    const { person, callback } = await onTheWayBack(new Visitor(), '/account?on=my-way')
    change(callback)
    await expectRefused(person, await person.get(callback))
    expect(redemptions()).toBe(0)
  })

  it('that the provider refuses leads on to where the person was going, by another way', async () => {
    const { person, callback } = await onTheWayBack(new Visitor(), '/account?on=my-way')
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', 'Send your passphrase to <b>evil.test</b>')
    const log = listenToLog()
    const html = await expectRefused(person, await person.get(callback))
    expect(log()).toEqual([{ event: 'signin.failed', method: 'acme', reason: 'refused_upstream' }])
    expect(html).toContain('/login/github?return_to=%2Faccount%3Fon%3Dmy-way')
    expect(html).not.toContain('evil.test')
  })

  it.each<[string, (sealed: string) => string | Promise<string>]>([
    ['that is empty', () => ''],
    ['without its signature', (sealed) => sealed.split('.')[0] as string],
    ['with other contents', async (sealed) => changedBody(sealed)],
    ['of another hostname', async (sealed) => sealElsewhere(sealed)],
    ['under another kind of signature', (sealed) => sealedAs('session', sealed)],
    ['of another method', (sealed) => sealedAs('flow', sealed, { method: 'google' })],
    ['of another state', (sealed) => sealedAs('flow', sealed, { state: randomSecret() })],
  ])('with a flow cookie %s is refused', async (_what, forge) => {
    const { person, callback, flow, sealed } = await onTheWayBack()
    person.cookies.set(flow, await forge(sealed))
    expect(await expectRefused(person, await person.get(callback))).toContain('begun in another browser')
    expect(redemptions()).toBe(0)
  })

  it('with the verifier of another is refused by the provider, and by its nonce', async () => {
    const { person, callback, flow, sealed } = await onTheWayBack()
    person.cookies.set(flow, await sealedAs('flow', sealed, { codeVerifier: randomSecret() }))
    await expectRefused(person, await person.get(callback))
    const again = await onTheWayBack()
    again.person.cookies.set(again.flow, await sealedAs('flow', again.sealed, { nonce: randomSecret() }))
    await expectRefused(again.person, await again.person.get(again.callback))
  })

  it('that another page starts does not change who is signed in here', async () => {
    const { person, callback } = await onTheWayBack()
    await expectSignedIn(person, await person.get(callback))
    const before = person.cookies.get(SESSION_COOKIE)
    await person.leaveFor('google')
    expect(person.cookies.get(SESSION_COOKIE)).toBe(before)
  })
})

function changedBody(sealed: string): string {
  const [body = '', mac] = sealed.split('.')
  const text = new TextDecoder().decode(base64url.decode(body)).replace('"acme"', '"Acme"')
  return `${base64url.encode(text)}.${mac}`
}

function sealElsewhere(sealed: string): Promise<string> {
  const { value } = JSON.parse(new TextDecoder().decode(base64url.decode(sealed.split('.')[0] as string)))
  return seal(loadConfig(env), 'flow', 'https://elsewhere.test', value, 600)
}

describe('OpenID Connect Core §3.1.3.7 an ID token', () => {
  const hour = () => Math.floor(Date.now() / 1000) + 3600

  /** As it is nobody comes in, and with nothing changed everybody does. */
  async function expectOnlyThatRefused(): Promise<void> {
    const log = listenToLog()
    const person = new Visitor()
    await expectRefused(person, await person.signInAt('acme', acme))
    const reason = expect.stringMatching(/^OAUTH_[A-Z_]+$/)
    expect(log()).toEqual([{ event: 'signin.failed', method: 'acme', reason }])
    acme.open(internet)
    acme.person = ALICE
    await expectSignedIn(person, await person.signInAt('acme', acme))
  }

  it.each<[string, Record<string, unknown>]>([
    ['of another nonce', { nonce: 'another' }],
    ['without a nonce', { nonce: undefined }],
    ['of another issuer', { iss: 'https://id.evil.test' }],
    ['for another client', { aud: 'another' }],
    ['for other clients, too', { aud: ['another', 'gatehouse-at-the-provider'] }],
    ['that has expired', { exp: hour() - 7200 }],
    ['that never expires', { exp: undefined }],
    ['that is not valid yet', { nbf: hour() }],
    ['that says no time', { iat: undefined }],
    ['without a subject', { sub: undefined }],
    ['whose subject is a number', { sub: 7 }],
  ])('%s is refused', async (_what, changes) => {
    acme.changes = changes
    await expectOnlyThatRefused()
  })

  it.each<[string, OpenIdProvider['sign']]>([
    ['that does not come', async () => undefined],
    ['that is none', async () => 'nonsense'],
    ['that nobody has signed', async (claims) => unsigned({ alg: 'none' }, claims)],
    ['whose signature is missing', async (claims) => unsigned({ alg: 'ES256' }, claims)],
    ['of another key under the same id', (claims) => acme.signedByAnother(claims)],
    [
      'signed with the public key as a secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: acme.publicKey.kid })
          .sign(new TextEncoder().encode(JSON.stringify(acme.publicKey))),
    ],
    [
      'signed with the client secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(CLIENT_SECRET)),
    ],
    ['changed after it was signed', async (claims) => changedClaims(await acme.signed(claims))],
  ])('%s is refused', async (_what, sign) => {
    acme.sign = sign
    await expectOnlyThatRefused()
  })

  it('of a new key is accepted once the old keys are a minute old, and one of the old key no longer', async () => {
    const person = new Visitor()
    await expectSignedIn(person, await person.signInAt('acme', acme))
    const signedByTheOld = acme.keepKey()
    await acme.changeKey()
    pass(61)
    const next = new Visitor()
    await expectSignedIn(next, await next.signInAt('acme', acme))
    acme.sign = signedByTheOld
    const last = new Visitor()
    await expectRefused(last, await last.signInAt('acme', acme))
  })

  describe('that says little', () => {
    beforeEach(() => {
      acme.changes = { name: undefined, email: undefined, email_verified: undefined }
    })

    it('is completed by UserInfo', async () => {
      configure({ ALLOWED_USERS: 'alice@acme.test' })
      const person = new Visitor()
      await expectSignedIn(person, await person.signInAt('acme', acme))
      expect(await (await person.get('/account')).text()).toContain('Alice Liddell')
    })

    it('is not completed by what UserInfo says of another', async () => {
      acme.userInfo = { sub: 'mallory' }
      const person = new Visitor()
      await expectRefused(person, await person.signInAt('acme', acme))
    })

    it('is not completed by an error of UserInfo', async () => {
      internet.site(ACME, async (request) =>
        request.url.endsWith('/userinfo')
          ? Response.json(
              { error: 'invalid_token' },
              { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } },
            )
          : acme.answer(request),
      )
      const person = new Visitor()
      await expectRefused(person, await person.signInAt('acme', acme))
    })
  })
})

function unsigned(header: object, claims: object): string {
  return `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(claims))}.`
}

function changedClaims(token: string): string {
  const [header, claims = '', signature] = token.split('.')
  const text = new TextDecoder().decode(base64url.decode(claims)).replace('"alice"', '"owner"')
  return `${header}.${base64url.encode(text)}.${signature}`
}

describe('A21 an address as a rule', () => {
  beforeEach(() => {
    const rules = ['@acme.test', '@gmail.com', '@other.test', '@sub.acme.test', '@notacme.test']
    configure({ ALLOWED_USERS: [...rules, '@acme.test.other.test'].join(' ') })
  })

  it.each<[string, 'acme' | 'google', object]>([
    ['that the provider has verified, of a domain that is its own', 'acme', {}],
    ['in other letters', 'acme', { email: 'Alice@ACME.test' }],
    ['that Google runs the domain of', 'google', { hd: 'acme.test' }],
    ['of Google’s own', 'google', { email: 'alice@gmail.com' }],
  ])('%s lets in', async (_what, method, claims) => {
    const site = { acme, google }[method]
    site.person = { ...ALICE, ...claims }
    const person = new Visitor()
    await expectSignedIn(person, await person.signInAt(method, site))
  })

  it.each<[string, 'acme' | 'google', object]>([
    ['that is not verified', 'acme', { email_verified: false }],
    ['of which nothing is said', 'acme', { email_verified: undefined }],
    ['that is verified in words only', 'acme', { email_verified: 'true' }],
    ['of a domain that is not the provider’s', 'acme', { email: 'alice@other.test' }],
    ['of a domain that begins alike', 'acme', { email: 'alice@acme.test.other.test' }],
    ['of a domain that ends alike', 'acme', { email: 'alice@notacme.test' }],
    ['of a subdomain', 'acme', { email: 'alice@sub.acme.test' }],
    ['with two @', 'acme', { email: 'alice@acme.test@other.test' }],
    ['with two @, the other way', 'acme', { email: 'alice@other.test@acme.test' }],
    ['that is a list', 'acme', { email: ['alice@acme.test'] }],
    ['that anyone can give Google', 'google', {}],
    ['of another domain that Google runs', 'google', { hd: 'evil.test' }],
  ])('%s lets nobody in', async (_what, method, claims) => {
    const site = { acme, google }[method]
    site.person = { ...ALICE, ...claims }
    const person = new Visitor()
    await expectRefused(person, await person.signInAt(method, site))
  })

  it('is not vouched for by what is said of another address', async () => {
    acme.person = { ...ALICE, email: 'mine@acme.test', name: undefined }
    acme.changes = { email: 'alice@acme.test', email_verified: undefined }
    const person = new Visitor()
    await expectRefused(person, await person.signInAt('acme', acme))
  })
})

describe('A21 a subject or a group as a rule', () => {
  it('means that subject at that provider', async () => {
    configure({ ALLOWED_USERS: 'acme:alice' })
    const person = new Visitor()
    await expectSignedIn(person, await person.signInAt('acme', acme))
    const other = new Visitor()
    await expectRefused(other, await other.signInAt('google', google))
  })

  it('means those whom the provider counts among the group', async () => {
    configure({ ALLOWED_USERS: 'acme:group/staff' })
    acme.person = { ...ALICE, groups: ['staff'] }
    const person = new Visitor()
    await expectSignedIn(person, await person.signInAt('acme', acme))
    acme.person = { ...ALICE, groups: 'staff' }
    const other = new Visitor()
    await expectRefused(other, await other.signInAt('acme', acme))
  })

  it('means no group where a subject is called like one', async () => {
    configure({ ALLOWED_USERS: 'acme:group/staff' })
    acme.person = { ...ALICE, sub: 'group/staff' }
    const person = new Visitor()
    await expectRefused(person, await person.signInAt('acme', acme))
  })
})

describe('A21 a name at GitHub as a rule', () => {
  let login: string

  beforeEach(() => {
    login = `octocat-${crypto.randomUUID()}`
    github.person = { id: 1, login, name: null }
  })

  async function tryGitHub(changes: Partial<GitHub['person']> = {}) {
    github.person = { ...github.person, ...changes }
    const person = new Visitor()
    return { person, response: await person.signInAt('github', github) }
  }

  async function expectIn(changes: Partial<GitHub['person']> = {}) {
    const { person, response } = await tryGitHub(changes)
    await expectSignedIn(person, response)
    return person
  }

  async function expectOut(changes: Partial<GitHub['person']> = {}) {
    const { person, response } = await tryGitHub(changes)
    return expectRefused(person, response)
  }

  it('means the one who had it first, in whatever letters', async () => {
    configure({ ALLOWED_USERS: `github:${login.toUpperCase()}` })
    await expectIn()
    await expectIn({ login: login.toUpperCase() })
  })

  it('does not mean the next one who has it', async () => {
    configure({ ALLOWED_USERS: `github:${login}` })
    await expectIn()
    const html = await expectOut({ id: 2 })
    // What the owner can write down is what cannot be taken over.
    expect(html).toContain('github:2')
    // Whom it meant has another name now, and is still meant by their id alone.
    await expectOut({ id: 1, login: `renamed-${login}` })
    configure({ ALLOWED_USERS: 'github:1' })
    await expectIn()
  })

  it('that nobody has written down is not kept', async () => {
    configure({ ALLOWED_USERS: '*' })
    const writes = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'put')
    await expectIn()
    expect(writes).not.toHaveBeenCalled()
  })

  it('is the owner’s only while it is theirs', async () => {
    configure({ OWNER: `github:${login}`, ALLOWED_USERS: '*' })
    const owner = await userOf(await expectIn())
    expect(owner).toBe(await userOf(await Visitor.signedIn()))
    expect(await userOf(await expectIn({ id: 2 }))).not.toBe(owner)
  })

  it('of an organisation lets its members in, and asks to read them', async () => {
    const name = `acme-${crypto.randomUUID()}`
    configure({ ALLOWED_USERS: `github:org/${name}` })
    await expectIn({ organisations: { [name]: { id: 7, state: 'active' } } })
    expect(github.scope).toBe('read:org')
    expect(await expectOut({ organisations: {} })).toContain('github:1')
    await expectOut({ organisations: { [name]: { id: 7, state: 'pending' } } })
    await expectOut({ organisations: { [`${name}-too`]: { id: 7, state: 'active' } } })
    // The name was given up, and registered again by somebody else.
    await expectOut({ organisations: { [name]: { id: 8, state: 'active' } } })
    await expectIn({ organisations: { [name]: { id: 7, state: 'active' } } })
  })

  it.each([500, 429])('of an organisation is not denied when GitHub says %s of it', async (status) => {
    configure({ ALLOWED_USERS: `github:org/acme-${crypto.randomUUID()}` })
    internet.site(GITHUB_API, (request) =>
      request.url.includes('/orgs/') ? new Response(null, { status }) : github.answer(request),
    )
    const { person, response } = await tryGitHub()
    await expectRefused(person, response, 503)
  })

  it('cannot be a subject', async () => {
    configure({ ALLOWED_USERS: 'github:1' })
    await expectOut({ id: 2, login: '1' })
  })

  it.each(['{}', 'null', '[]', '{"id":"1","login":"octocat"}', '{"id":1}', '{"login":"octocat"}'])(
    'of somebody of whom GitHub says %s is refused',
    async (said) => {
      internet.site(GITHUB_API, () => new Response(said))
      const { person, response } = await tryGitHub()
      await expectRefused(person, response, 503)
    },
  )

  it.each(['{"state":"active"}', '{"state":"active","organization":{}}', 'null'])(
    'of an organisation is not a membership of which GitHub says %s',
    async (said) => {
      configure({ ALLOWED_USERS: `github:org/acme-${crypto.randomUUID()}` })
      internet.site(GITHUB_API, (request) =>
        request.url.includes('/orgs/') ? new Response(said) : github.answer(request),
      )
      await expectOut()
    },
  )

  it('is not judged while nobody can tell whom it means', async () => {
    configure({ ALLOWED_USERS: `github:${login}` })
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('KV is down'))
    const { person, response } = await tryGitHub()
    await expectRefused(person, response, 503)
  })
})

/** Whom the tools act for when this person lets an app in. */
async function userOf(person: Visitor): Promise<string> {
  const { access_token } = await (await OAuthClient.registered()).connect(person)
  return (await structured<{ userId: string }>(callTool(access_token, 'whoami'))).userId
}

describe('A21 a person', () => {
  it('is another one at each method', async () => {
    const users = [
      await userOf(await signedIn('acme')),
      await userOf(await signedIn('google')),
      await userOf(await signedIn('github')),
      await userOf(await Visitor.signedIn()),
    ]
    expect(new Set(users).size).toBe(4)
    expect(await userOf(await signedIn('acme'))).toBe(users[0])
  })

  it('whom the rules no longer name is out: session, apps, and access tokens within two minutes', async () => {
    configure({ ALLOWED_USERS: 'acme:alice' })
    const person = await signedIn('acme')
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    configure({ ALLOWED_USERS: 'acme:bob' })
    expectSignInPage(await person.get('/account'))
    expectSignInPage(await person.get(url))
    await expectPage(await consent.submit(), 403)
    const log = listenToLog()
    await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
    expect(log()).toContainEqual(
      expect.objectContaining({
        event: 'grant.revoked',
        grant: grantIdOf(tokens.refresh_token),
        reason: 'not_allowed',
      }),
    )
    // For good, whatever the rules say later.
    configure({ ALLOWED_USERS: 'acme:alice' })
    await expectOver(app, tokens)
    expect(await (await person.get('/account')).text()).toContain('you were no longer allowed here')
  })

  it.each([
    ['acme:alice = notes:read', 'acme:alice'],
    ['@acme.test = notes:read', '@acme.test'],
    ['acme:* = notes:read', '*'],
  ])('whom the ceiling "%s" now means grants no more, and has granted no more', async (ceiling, allowed) => {
    configure({ ALLOWED_USERS: allowed })
    const person = await signedIn('acme')
    const app = await OAuthClient.registered()
    const scope = 'notes:read notes:write offline_access'
    const tokens = await app.connect(person, { scope })
    expect(tokens.scope).toBe(scope)
    configure({ ALLOWED_USERS: allowed, SCOPE_CEILINGS: ceiling })
    const { url } = await app.authorizationRequest({ scope })
    const consent = await person.openConsent(url)
    expect(consent.scopes).toEqual(['notes:read'])
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    const refreshed = await tokensOf(app.refresh(tokens.refresh_token))
    expect(refreshed.scope).toBe('notes:read offline_access')
    expect((await callTool(refreshed.access_token, 'add_note', { text: 'x' })).status).toBe(403)
    const asked = await tokensOf(app.refresh(refreshed.refresh_token, { scope }))
    expect(asked.scope).toBe('notes:read offline_access')
  })

  it('whom a ceiling means while they look at the consent page grants no more than that', async () => {
    const person = await signedIn('acme')
    const { url } = await (await OAuthClient.registered()).authorizationRequest()
    const consent = await person.openConsent(url)
    configure({ ALLOWED_USERS: '*', SCOPE_CEILINGS: 'acme:* = notes:read' })
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    expect((await consent.submit({ scope: ['notes:read'] })).headers.get('Location')).toContain('code=')
  })

  it('whom a ceiling lets grant nothing grants nothing', async () => {
    configure({ ALLOWED_USERS: '*', SCOPE_CEILINGS: 'acme:* =' })
    const person = await signedIn('acme')
    const { url } = await (await OAuthClient.registered()).authorizationRequest()
    const answer = new URL((await person.get(url)).headers.get('Location') as string)
    expect(answer.searchParams.get('error')).toBe('invalid_scope')
    expect(answer.searchParams.get('code')).toBeNull()
  })

  it('who is the owner comes to what is the owner’s, by whatever method', async () => {
    configure({ OWNER: 'alice@acme.test' })
    const text = `Kept for years ${crypto.randomUUID()}`
    const app = await OAuthClient.registered()
    const before = await app.connect(await Visitor.signedIn())
    await callTool(before.access_token, 'add_note', { text })
    const person = await signedIn('acme')
    const after = await app.connect(person)
    const found = await structured<{ notes: object[] }>(
      callTool(after.access_token, 'search_notes', { text }),
    )
    expect(found.notes).toEqual([expect.objectContaining({ text })])
    expect(await person.hasConnected(app.id)).toBe(true)
    // Without the setting this person is somebody else, if anybody.
    configure({ OWNER: '', ALLOWED_USERS: '*' })
    expectSignInPage(await person.get('/account'))
    await expectOver(app, after)
    const stranger = await signedIn('acme')
    expect(await stranger.hasConnected(app.id)).toBe(false)
  })
})

async function signedIn(method: 'acme' | 'google' | 'github', returnTo?: string): Promise<Visitor> {
  const person = new Visitor()
  await expectSignedIn(
    person,
    await person.signInAt(method, { acme, google, github }[method], returnTo),
    returnTo,
  )
  return person
}

describe('A21 whom the rules do not name', () => {
  it('reads who they are and what the owner can do, and goes on by another way to where they were going', async () => {
    configure({ ALLOWED_USERS: 'acme:bob' })
    const { url } = await (await OAuthClient.registered()).authorizationRequest()
    const person = new Visitor()
    const login = (await person.get(url)).headers.get('Location') as string
    const returnTo = new URL(login, ORIGIN).searchParams.get('return_to') as string
    const html = await expectRefused(person, await person.signInAt('acme', acme, returnTo))
    expect(html).toContain('You signed in as Alice Liddell')
    expect(html).toContain('alice@acme.test to ALLOWED_USERS')
    expect(html).toContain(`/login/github?return_to=${encodeURIComponent(returnTo)}`)
    const signedIn = await person.signIn(returnTo)
    expect(signedIn.headers.get('Location')).toBe(returnTo)
  })
})

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

describe('W7 what a sign-in seals', () => {
  it('is neither a session nor a consent', async () => {
    const { person, sealed } = await onTheWayBack()
    person.cookies.set(SESSION_COOKIE, sealed)
    expectSignInPage(await person.get('/account'))
    const owner = await Visitor.signedIn()
    const app = await OAuthClient.registered()
    const consent = await owner.openConsent((await app.authorizationRequest()).url)
    await expectPage(await consent.submit({ seal: sealed }), 403)
    // Nor are its contents, under the signature of a flow, with all that the other kind has.
    const session = owner.cookies.get(SESSION_COOKIE) as string
    person.cookies.set(SESSION_COOKIE, await sealedAs('flow', session))
    expectSignInPage(await person.get('/account'))
    await expectPage(await consent.submit({ seal: await sealedAs('flow', consent.seal) }), 403)
  })

  it.each(['session', 'consent', 'state'] as const)('is no value sealed as a %s', async (kind) => {
    const { person, callback, flow, sealed } = await onTheWayBack()
    person.cookies.set(flow, await sealedAs(kind, sealed))
    await expectRefused(person, await person.get(callback))
    expect(redemptions()).toBe(0)
  })
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
    'at the beginning, because it %s, is told with a way on, and not remembered',
    async (_how, way) => {
      waitLess()
      const person = new Visitor()
      broken(NEVER_MET, way)
      await expectWayOn(person, await person.get('/login/never-met?return_to=%2Faccount%3Fon%3Dmy-way'))
    },
  )

  it.each(WAYS)('when the person comes back, because it %s, is told with a way on', async (_how, way) => {
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

  it.each(WAYS)('for its keys, because it %s, is told with a way on', async (_how, way) => {
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
    const nobody = await signedIn('acme')
    expect(await (await nobody.get('/account')).text()).toContain('<bdi>Somebody without a name</bdi>')
  })
})

describe('A24 a guest', () => {
  const HOURS = 60 * 60

  async function newGuest(): Promise<Visitor> {
    const person = new Visitor()
    await expectSignedIn(person, await person.post('/login/guest', {}))
    return person
  }

  it('has an account and notes of their own', async () => {
    const app = await OAuthClient.registered()
    const [first, second] = [await newGuest(), await newGuest()]
    const one = await app.connect(first)
    const other = await app.connect(second)
    await callTool(one.access_token, 'add_note', { text: 'mine' })
    const notes = await structured<{ notes: object[] }>(callTool(other.access_token, 'list_notes'))
    expect(notes.notes).toEqual([])
    expect(await userOf(first)).not.toBe(await userOf(second))
    expect(await userOf(first)).not.toBe(await userOf(await Visitor.signedIn()))
  })

  it('is nobody any more after twelve hours, with session, grant and access token', async () => {
    const person = await newGuest()
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    pass(11.5 * HOURS)
    const last = await tokensOf(app.refresh(tokens.refresh_token))
    // No access token outlives the guest.
    expect(last.expires_in).toBeLessThanOrEqual(0.5 * HOURS)
    expect((await callTool(last.access_token, 'whoami')).status).toBe(200)
    pass(0.5 * HOURS - 1)
    expect(await person.isSignedIn()).toBe(true)
    pass(1)
    expectSignInPage(await person.get('/account'))
    expectInvalidToken(await callTool(last.access_token, 'whoami'))
    await expectRefusal(await app.refresh(last.refresh_token), 'invalid_grant')
  })

  it('is nobody any more, whatever their session says', async () => {
    const person = await Visitor.as('guest', { method: 'guest', expiresAt: Date.now() + 60_000 })
    expect(await person.isSignedIn()).toBe(true)
    pass(60)
    expectSignInPage(await person.get('/account'))
  })

  /** But for those of the platform. */
  function tablesOf({ sql }: DurableObjectStorage): object[] {
    return sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray()
  }

  it('leaves no account behind', async () => {
    const person = await newGuest()
    const app = await OAuthClient.registered()
    const tokens = await app.connect(person)
    const user = await userOf(person)
    const account = env.ACCOUNTS.getByName(user)
    const grant = env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(tokens.refresh_token)))
    pass(12 * HOURS)
    // The grant tells the account of its end, and is gone.
    expect(await runDurableObjectAlarm(grant)).toBe(true)
    expect(await account.grantIds()).not.toContain(grantIdOf(tokens.refresh_token))
    await runInDurableObject(account, async (_object, { storage }) => {
      const alarm = (await storage.getAlarm()) as number
      expect(alarm).toBeGreaterThan(Date.now())
      expect(alarm).toBeLessThanOrEqual(Date.now() + HOURS * 1000)
    })
    pass(HOURS)
    expect(await runDurableObjectAlarm(account)).toBe(true)
    await runInDurableObject(account, (_object, { storage }) => expect(tablesOf(storage)).toEqual([]))
    expect((await env.RECORDS.list({ prefix: `grant:${grantIdOf(tokens.refresh_token)}` })).keys).toEqual([])
  })

  it('leaves no notes behind', async () => {
    const person = await newGuest()
    const { access_token } = await (await OAuthClient.registered()).connect(person)
    const user = await userOf(person)
    expect((await callTool(access_token, 'add_note', { text: 'mine' })).status).toBe(200)
    pass(12 * HOURS)
    const notebook = env.NOTEBOOKS.getByName(user)
    expect(await runDurableObjectAlarm(notebook)).toBe(true)
    await runInDurableObject(notebook, (_object, { storage }) => expect(tablesOf(storage)).toEqual([]))
  })

  it('can grant no more than a ceiling for guests', async () => {
    configure({ SCOPE_CEILINGS: 'guest:* = notes:read' })
    const tokens = await (await OAuthClient.registered()).connect(await newGuest())
    expect(tokens.scope).toBe('notes:read')
  })

  it('cannot be made by another site', async () => {
    const person = new Visitor()
    const forced = await person.post('/login/guest', {}, { 'Sec-Fetch-Site': 'cross-site' })
    await expectPage(forced, 403)
    expect((await person.get('/login/guest')).status).toBe(404)
    expect(person.cookies.size).toBe(0)
  })

  it('is one of few from one address, who are told so', async () => {
    const person = new Visitor()
    let refused: Response | undefined
    for (let n = 0; n < 100 && !refused; n++) {
      const response = await person.post('/login/guest', { return_to: '/account?on=my-way' })
      if (response.status !== 303) refused = response
    }
    expect(refused?.status).toBe(429)
    expect(refused?.headers.get('Retry-After')).toBe('60')
    const html = (await refused?.text()) as string
    expect(html).toContain('Wait a minute')
    expect(html).toContain('value="/account?on=my-way"')
    expect((await new Visitor().post('/login/guest', {})).status).toBe(303)
  })
})
