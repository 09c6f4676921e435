// Attacks on signing in by way of another site: row A14, and W7 for what such a sign-in seals.
import '../support/every-login.ts'
import { env } from 'cloudflare:workers'
import { base64url, SignJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { seal } from '#engine/crypto/seal.ts'
import { randomSecret } from '#engine/crypto/secrets.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { ACME, GOOGLE } from '../support/every-login.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { CLIENT_SECRET, type OpenIdProvider } from '../support/openid-provider.ts'
import { listenToLog, pass } from '../support/outcome.ts'
import { expectPage, expectSignInPage } from '../support/refusals.ts'
import {
  ALICE,
  acme,
  cookieNames,
  expectRefused,
  expectSignedIn,
  github,
  internet,
  onTheWayBack,
  redemptions,
  SESSION_COOKIE,
  sealedAs,
} from '../support/upstream-sign-in.ts'
import { Visitor } from '../support/visitor.ts'
import { configure } from '../support/worker.ts'

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
    // A sign-in of their own, under way, does not accept another's answer.
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
  return seal(loadSettings(env), 'flow', 'https://elsewhere.test', value, 600)
}

describe('OpenID Connect Core §3.1.3.7 an ID token', () => {
  const hour = () => Math.floor(Date.now() / 1000) + 3600

  /** The changed answer signs no user in; the unchanged one does. */
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
    ['without a signature', async (claims) => unsigned({ alg: 'none' }, claims)],
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

    it.each<[string, () => Response]>([
      [
        'refuses with a challenge',
        () => Response.json({ error: 'x' }, { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } }),
      ],
      ['refuses without one', () => Response.json({ error: 'x' }, { status: 401 })],
      ['does not understand', () => Response.json({ error: 'x' }, { status: 400 })],
      ['forbids it', () => Response.json({ error: 'insufficient_scope' }, { status: 403 })],
      ['is not there', () => new Response(null, { status: 404 })],
      ['leads elsewhere', () => Response.redirect(`${ACME}/signin`)],
      ['fails', () => new Response('oops', { status: 500 })],
      ['has too many requests', () => new Response(null, { status: 429 })],
      ['is a page', () => new Response('<h1>Sign in</h1>', { headers: { 'Content-Type': 'text/html' } })],
      ['is cut', () => new Response('{"sub":', { headers: { 'Content-Type': 'application/json' } })],
      ['is no object', () => Response.json(null)],
      ['says of nobody', () => Response.json({ email: ALICE.email, email_verified: true })],
      ['is a JWT of nobody', () => new Response('x.y.z', { headers: { 'Content-Type': 'application/jwt' } })],
      [
        'cannot be reached',
        () => {
          throw new Error('Network connection lost.')
        },
      ],
    ])('signs in without an address when UserInfo %s', async (_what, answer) => {
      internet.site(ACME, async (request) =>
        request.url.endsWith('/userinfo') ? answer() : acme.answer(request),
      )
      configure({ ALLOWED_USERS: 'acme:alice' })
      const person = new Visitor()
      await expectSignedIn(person, await person.signInAt('acme', acme))
      configure({ ALLOWED_USERS: '@acme.test' })
      const other = new Visitor()
      const html = await expectRefused(other, await other.signInAt('acme', acme))
      expect(html).toContain('No rule with an email address counts for you: Acme told no address.')
    })

    it('keeps its own address when UserInfo fails', async () => {
      acme.changes = { name: undefined }
      internet.site(ACME, async (request) =>
        request.url.endsWith('/userinfo') ? new Response(null, { status: 401 }) : acme.answer(request),
      )
      configure({ ALLOWED_USERS: '@acme.test' })
      const person = new Visitor()
      await expectSignedIn(person, await person.signInAt('acme', acme))
    })

    it('is completed by UserInfo where it says null', async () => {
      acme.changes = { name: null, email: null, email_verified: null }
      configure({ ALLOWED_USERS: 'alice@acme.test' })
      const person = new Visitor()
      await expectSignedIn(person, await person.signInAt('acme', acme))
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

describe('W7 what a sign-in seals', () => {
  it('is no session and no consent', async () => {
    const { person, sealed } = await onTheWayBack()
    person.cookies.set(SESSION_COOKIE, sealed)
    expectSignInPage(await person.get('/account'))
    const owner = await Visitor.signedIn()
    const app = await OAuthClient.registered()
    const consent = await owner.openConsent((await app.authorizationRequest()).url)
    await expectPage(await consent.submit({ seal: sealed }), 403)
    // The same holds for its contents under a flow's signature, with every field of the other kind.
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
