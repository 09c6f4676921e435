// SCOPE_CEILINGS: what a person's browser keeps a sign-in from proving never widens what they may grant.
import '../support/every-login.ts'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withinCeiling } from '#engine/people/ceiling.ts'
import type { Identity } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { ACME } from '../support/every-login.ts'
import { GITHUB, GITHUB_API, GitHub } from '../support/github.ts'
import { Internet } from '../support/internet.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, send } from '../support/worker.ts'

const ALL = ['notes:read', 'notes:write']
const REST = '* = notes:read notes:write'

const acme = await OpenIdProvider.make(ACME)
let github: GitHub
/** What GitHub says of a membership to a token without read:org. */
let hidden = 403
/** Whether it shows them to this app at all. */
let shown = true

beforeEach(() => {
  const internet = Internet.install()
  acme.open(internet)
  acme.person = { sub: 'second', name: 'Second', email: 'second@acme.test', email_verified: true, groups: [] }
  github = new GitHub()
  hidden = 403
  shown = true
  internet.site(GITHUB, github.answer)
  internet.site(GITHUB_API, (request) => {
    const mayRead = shown && (github.scope ?? '').includes('read:org')
    return mayRead || !request.url.includes('/memberships/')
      ? github.answer(request)
      : Response.json({ message: 'Forbidden' }, { status: hidden })
  })
})

afterEach(() => {
  configure()
  vi.restoreAllMocks()
})

async function offered(person: Visitor): Promise<string[]> {
  const { url } = await (await OAuthClient.registered()).authorizationRequest()
  return (await person.openConsent(url)).scopes
}

async function signedInAt(site: 'acme' | 'github'): Promise<Visitor> {
  const person = new Visitor()
  const answer = await person.signInAt(site, site === 'acme' ? acme : github)
  expect(answer.status).toBe(303)
  return person
}

/** What the page of a refused sign-in says. */
async function refusal(person: Visitor, back: URL): Promise<string> {
  const html = await expectPage(await person.get(back), 403)
  expect(await person.isSignedIn()).toBe(false)
  return /role="alert">([^<]+)/.exec(html)?.[1] ?? ''
}

describe('S1 a ceiling on an organization at GitHub', () => {
  const organization = `interns-${crypto.randomUUID()}`
  const rule = `github:org/${organization}`

  beforeEach(() => {
    configure({ ALLOWED_USERS: 'github:*', SCOPE_CEILINGS: `${rule} = notes:read; ${REST}` })
    const organisations = { [organization]: { id: 9, state: 'active' } }
    github.person = { id: 77, login: 'intern', name: 'Intern', organisations }
  })

  it('holds for a member, and for no other user', async () => {
    expect(await offered(await signedInAt('github'))).toEqual(['notes:read'])
    github.person = { id: 78, login: 'boss', name: 'Boss' }
    expect(await offered(await signedInAt('github'))).toEqual(ALL)
  })

  it.each([
    ['another scope', 'repo', 403],
    ['no scope', '', 403],
    ['no scope, and the API says 404', '', 404],
  ])('is not shed by asking GitHub for %s', async (_, scope, status) => {
    hidden = status
    const person = new Visitor()
    const url = new URL((await person.leaveFor('github')) as string)
    expect(url.searchParams.get('scope')).toBe('read:org')
    url.searchParams.set('scope', scope)
    expect(await refusal(person, github.authorize(url.href))).toContain('your organizations at GitHub')
  })

  it('refuses no user without a reason: GitHub must show memberships to this app', async () => {
    const person = new Visitor()
    const back = github.authorize(await person.leaveFor('github'))
    shown = false
    expect(await refusal(person, back)).toContain('your organizations at GitHub')
  })

  it('holds for a member who has not accepted the invitation yet', async () => {
    github.person = { ...github.person, organisations: { [organization]: { id: 9, state: 'pending' } } }
    expect(await offered(await signedInAt('github'))).toEqual(['notes:read'])
  })

  it('holds for a session that began before the rule was written', async () => {
    configure({ ALLOWED_USERS: 'github:*' })
    const person = await signedInAt('github')
    expect(await offered(person)).toEqual(ALL)
    configure({ ALLOWED_USERS: 'github:*', SCOPE_CEILINGS: `${rule} = notes:read; ${REST}` })
    expect(await offered(person)).toEqual(['notes:read'])
  })
})

describe('S1 a ceiling on a login of GitHub', () => {
  it('is not shed by taking another login', async () => {
    const login = `intern-${crypto.randomUUID().slice(0, 8)}`
    configure({ ALLOWED_USERS: 'github:*', SCOPE_CEILINGS: `github:${login} = notes:read; ${REST}` })
    github.person = { id: 79, login, name: null }
    expect(await offered(await signedInAt('github'))).toEqual(['notes:read'])
    github.person = { id: 79, login: `${login}-2`, name: null }
    expect(await offered(await signedInAt('github'))).toEqual(['notes:read'])
    github.person = { id: 80, login: `${login}-3`, name: null }
    expect(await offered(await signedInAt('github'))).toEqual(ALL)
  })

  it('is written in any case', async () => {
    configure({ ALLOWED_USERS: 'GitHub:*', SCOPE_CEILINGS: `github:INTERN = notes:read; ${REST}` })
    github.person = { id: 81, login: 'Intern', name: null }
    expect(await offered(await signedInAt('github'))).toEqual(['notes:read'])
  })
})

describe('S1 a ceiling on an address or a group at an OpenID provider', () => {
  it.each([
    ['an address', '@acme.test', {}],
    ['no address', '@acme.test', { email: undefined, email_verified: undefined }],
    ['an address that is not verified', 'second@acme.test', { email_verified: undefined }],
    ['an address of elsewhere', '@acme.test', { email: 'second@elsewhere.test' }],
    ['no groups', 'acme:group/contractors', { groups: undefined }],
  ])('holds where the provider tells %s', async (_, rule, changes) => {
    configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `${rule} = notes:read; ${REST}` })
    acme.person = { ...acme.person, ...changes }
    expect(await offered(await signedInAt('acme'))).toEqual(['notes:read'])
  })

  it.each(['other@acme.test', '@elsewhere.test', 'acme:group/contractors', 'github:org/acme', 'acme:else'])(
    'that says %s leaves everyone else alone',
    async (rule) => {
      configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `${rule} = notes:read; ${REST}` })
      expect(await offered(await signedInAt('acme'))).toEqual(ALL)
    },
  )

  it.each(['acme:Second@Acme.test', 'acme:group/Contractors@Acme.test'])(
    'compares %s as it is written',
    async (rule) => {
      acme.person = { sub: 'Second@Acme.test', name: 'Second', groups: ['Contractors@Acme.test'] }
      configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `${rule} = notes:read; ${REST}` })
      expect(await offered(await signedInAt('acme'))).toEqual(['notes:read'])
      configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `${rule.toLowerCase()} =; ${REST}` })
      expect(await offered(await signedInAt('acme'))).toEqual(ALL)
    },
  )

  it('never widens what a later line says', async () => {
    acme.person = { sub: 'second', name: 'Second' }
    configure({
      ALLOWED_USERS: 'acme:*',
      SCOPE_CEILINGS: `@acme.test = notes:read notes:write; * = notes:read`,
    })
    expect(await offered(await signedInAt('acme'))).toEqual(['notes:read'])
  })

  it('holds for a session that began before a rule for its group was written', async () => {
    acme.person = { ...acme.person, groups: ['contractors'] }
    configure({ ALLOWED_USERS: 'acme:*' })
    const person = await signedInAt('acme')
    configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `acme:group/contractors = notes:read; ${REST}` })
    expect(await offered(person)).toEqual(['notes:read'])
  })
})

describe('S1 several ceilings of which none is proven', () => {
  const identity: Identity = {
    method: 'acme',
    issuer: ACME,
    subject: 'x',
    name: 'X',
    knownAs: ['acme:x'],
    open: ['@', 'acme:group/'],
    ruledOut: ['acme:group/no'],
  }
  const left = (SCOPE_CEILINGS: string) =>
    withinCeiling(loadSettings({ ...env, SCOPE_CEILINGS } as Env), identity, [...ALL, 'offline_access'])

  it.each([
    ['@a.test = notes:read; acme:group/b = notes:write; *= notes:read notes:write', []],
    ['acme:group/no = ; *= notes:read notes:write', ALL],
    ['acme:x = notes:write; @a.test = ; * =', ['notes:write']],
    ['github:org/x = ; other:x@a.test = ; other:group/y = ; * = notes:read', ['notes:read']],
    ['', ALL],
  ])('leave together what each of them leaves: %s', (ceilings, scopes) => {
    expect(left(ceilings)).toEqual([...scopes, 'offline_access'])
  })
})

describe('S1 the settings', () => {
  it.each(['acme:* = notes:read', '@acme.test = notes:read; acme:* ='])(
    'ask what everyone else may grant: %s',
    async (SCOPE_CEILINGS) => {
      configure({ SCOPE_CEILINGS })
      const answer = await send('/')
      expect(answer.status).toBe(500)
      configure({ SCOPE_CEILINGS: `${SCOPE_CEILINGS}; ${REST}` })
      expect((await send('/')).status).toBe(200)
    },
  )

  it('take a subject with an equals sign', async () => {
    acme.person = { sub: 'c2Vjb25k==', name: 'Second' }
    configure({ ALLOWED_USERS: 'acme:*', SCOPE_CEILINGS: `acme:c2Vjb25k== = notes:read; ${REST}` })
    expect(await offered(await signedInAt('acme'))).toEqual(['notes:read'])
  })

  it.each([
    ['a subject', { sub: 'Second@Acme.test' }],
    ['a subject of several words', { sub: 'Second One', email: 'second@acme.test', email_verified: true }],
    ['an address', { sub: 'second', email: 'Second@Acme.test', email_verified: true }],
    ['an address with a comma', { sub: 'second', email: 'a,b@acme.test', email_verified: true }],
  ])('admit the person of %s once the rule on their page of refusal is added', async (_, claims) => {
    acme.person = { name: 'Second', ...claims }
    const person = new Visitor()
    const said = await refusal(person, acme.authorize(await person.leaveFor('acme')))
    const [, rule] = /can add (\S+) to ALLOWED_USERS/.exec(said) ?? []
    configure({ ALLOWED_USERS: rule as string })
    await signedInAt('acme')
    acme.person = { sub: 'another user', name: 'Else', email: 'else@acme.test', email_verified: true }
    const other = new Visitor()
    await refusal(other, acme.authorize(await other.leaveFor('acme')))
  })

  it.each(['*', 'two words', 'a,b'])('get no rule for the subject “%s”', async (sub) => {
    acme.person = { sub, name: 'Second' }
    const person = new Visitor()
    expect(await refusal(person, acme.authorize(await person.leaveFor('acme')))).not.toContain('can add')
  })
})
