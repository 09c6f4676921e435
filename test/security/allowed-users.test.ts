// Which users sign in at another site, and which account they get: row A21.
import '../support/every-login.ts'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GITHUB_API, type GitHub } from '../support/github.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { expectOver, expectRefusal, grantIdOf, listenToLog, tokensOf } from '../support/outcome.ts'
import { expectPage, expectSignInPage } from '../support/refusals.ts'
import {
  ALICE,
  acme,
  expectRefused,
  expectSignedIn,
  github,
  google,
  internet,
  signedIn,
  userOf,
} from '../support/upstream-sign-in.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

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
  ])('%s signs in', async (_what, method, claims) => {
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
  ])('%s signs no user in', async (_what, method, claims) => {
    const site = { acme, google }[method]
    site.person = { ...ALICE, ...claims }
    const person = new Visitor()
    await expectRefused(person, await person.signInAt(method, site))
  })

  it.each<[string, 'acme' | 'google', object]>([
    ['Acme told no address', 'acme', { email: undefined }],
    ['Acme told no address', 'acme', { email: null }],
    [
      'does not say whether your address is verified (no email_verified)',
      'acme',
      { email_verified: undefined },
    ],
    ['does not say whether your address is verified (no email_verified)', 'acme', { email_verified: null }],
    ['says that your address is not verified (email_verified is false)', 'acme', { email_verified: false }],
    ['has a text in email_verified', 'acme', { email_verified: 'true' }],
    ['has a text in email_verified', 'acme', { email_verified: 'false' }],
    ['has something else in email_verified', 'acme', { email_verified: 1 }],
    ['takes no addresses of that domain from Acme (emailDomains)', 'acme', { email: 'alice@other.test' }],
    ['Google does not run the domain of your address (hd)', 'google', {}],
  ])('that does not count says why: %s', async (why, method, claims) => {
    const site = { acme, google }[method]
    site.person = { ...ALICE, ...claims }
    const tries = async () => {
      const person = new Visitor()
      return expectRefused(person, await person.signInAt(method, site))
    }
    expect(await tries()).toContain(why)
    configure({ ALLOWED_USERS: `${method}:another` })
    expect(await tries()).not.toContain(why)
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

  it('means the members of the group at the provider', async () => {
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
    // The user has another name now. The rule still means their id.
    await expectOut({ id: 1, login: `renamed-${login}` })
    configure({ ALLOWED_USERS: 'github:1' })
    await expectIn()
  })

  it('that no rule names is not kept', async () => {
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
    // The user gave up the name, and another user registered it.
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
    'is refused if GitHub says %s of its user',
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

  it('is not judged while the server cannot tell which user it means', async () => {
    configure({ ALLOWED_USERS: `github:${login}` })
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('KV is down'))
    const { person, response } = await tryGitHub()
    await expectRefused(person, response, 503)
  })
})

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

  it('that the rules no longer name loses session, apps, and access tokens within two minutes', async () => {
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
    expect(await (await person.get('/account')).text()).toContain('the rules no longer admit you')
  })

  it.each([
    ['acme:alice = notes:read; * = notes:read notes:write', 'acme:alice'],
    ['@acme.test = notes:read; * = notes:read notes:write', '@acme.test'],
    ['acme:* = notes:read; * = notes:read notes:write', '*'],
  ])('under the new ceiling "%s" grants no more, and keeps no more', async (ceiling, allowed) => {
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

  it('grants no more than a ceiling that came while they read the consent page', async () => {
    const person = await signedIn('acme')
    const { url } = await (await OAuthClient.registered()).authorizationRequest()
    const consent = await person.openConsent(url)
    configure({ ALLOWED_USERS: '*', SCOPE_CEILINGS: 'acme:* = notes:read; * =' })
    await expectPage(await consent.submit({ scope: ['notes:read', 'notes:write'] }), 403)
    expect((await consent.submit({ scope: ['notes:read'] })).headers.get('Location')).toContain('code=')
  })

  it('grants nothing under an empty ceiling', async () => {
    configure({ ALLOWED_USERS: '*', SCOPE_CEILINGS: 'acme:* =; * = notes:read' })
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
    // Without the setting this is another user, if one at all.
    configure({ OWNER: '', ALLOWED_USERS: '*' })
    expectSignInPage(await person.get('/account'))
    await expectOver(app, after)
    const stranger = await signedIn('acme')
    expect(await stranger.hasConnected(app.id)).toBe(false)
  })
})

describe('A21 a user that no rule names', () => {
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
