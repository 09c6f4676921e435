// What tools do for a person upstream: with a token that is refreshed once for all who need it, goes to the provider's
// API and nowhere else, and is at rest where only its account can read it.
import '../support/every-login.ts'
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { randomSecret } from '#engine/crypto/secrets.ts'
import { type Identity, userIdOf } from '#engine/people/identity.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { ACME, ACME_API, GOOGLE } from '../support/every-login.ts'
import { GITHUB, GITHUB_API, GitHub } from '../support/github.ts'
import { Internet, type Site } from '../support/internet.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure } from '../support/worker.ts'

const TEN_MINUTES = 600
const SIGN_IN = "The user has to sign in with acme on this server's /login page first."
const NO_ANSWER = 'acme does not answer. Try again in a moment.'
const FAILED = 'The tool failed. The error has been logged on the server.'

const acme = await OpenIdProvider.make(ACME)
let internet: Internet
/** Never goes back between tests, because the Worker keeps what it knows of a provider for a time. */
let clock = Date.now()

let app: OAuthClient
let person: Visitor
let tokens: Tokens

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: clock })
  internet = Internet.install()
  acme.open(internet)
  acme.lifetime = TEN_MINUTES
  internet.site(ACME_API, api)
  configure({ ALLOWED_USERS: '*' })
  app = await OAuthClient.registered()
  ;({ person, tokens } = await newPerson())
})

afterEach(() => {
  configure()
  clock = Date.now()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

async function newPerson() {
  acme.person = { sub: crypto.randomUUID(), name: 'Alice', email: 'alice@acme.test' }
  const person = new Visitor()
  expect((await person.signInAt('acme', acme)).status).toBe(303)
  const identity = { method: 'acme', issuer: ACME, subject: acme.person.sub as string, name: '', knownAs: [] }
  const account = env.ACCOUNTS.getByName(await userIdOf(loadSettings(env), identity))
  return { person, account, tokens: await app.connect(person) }
}

const api: Site = (request) => {
  if (!acme.accepts(request)) return new Response('Who are you?', { status: 401 })
  const { pathname } = new URL(request.url)
  if (pathname === '/elsewhere') return Response.redirect('https://evil.test/')
  return new Response(`You asked for ${pathname}`)
}

/** What the tool says. */
async function ask(args: object = { url: '/me' }, { access_token } = tokens): Promise<string> {
  const response = await callTool(access_token, 'ask_acme', args)
  const { result } = (await response.json()) as {
    result: { content: { text: string }[]; isError?: boolean }
  }
  return `${result.isError ? 'error: ' : ''}${result.content[0]?.text}`
}

const OK = '200 You asked for /me'

/** The requests that carried a secret of the provider to another address than the provider's. */
function leaks(): string[] {
  const elsewhere = internet.requests.filter(({ url }) => ![ACME, ACME_API].includes(new URL(url).origin))
  return elsewhere
    .filter(({ url, headers }) => acme.tokens.some((token) => `${url} ${[...headers]}`.includes(token)))
    .map(({ url }) => url)
}

describe('an upstream token', () => {
  it('is used as it is while it is fresh', async () => {
    expect(await ask()).toBe(OK)
    pass(TEN_MINUTES - 61)
    expect(await ask()).toBe(OK)
    expect(acme.refreshes).toBe(0)
  })

  it('is refreshed before it ends', async () => {
    pass(TEN_MINUTES - 59)
    expect(await ask()).toBe(OK)
    expect(acme.refreshes).toBe(1)
  })

  it('is refreshed once for fifty calls at a time, at a provider that takes a second refresh for a theft', async () => {
    internet.site(ACME, async (request) => {
      await scheduler.wait(20)
      return acme.answer(request)
    })
    for (const round of [1, 2]) {
      pass(TEN_MINUTES)
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask()))
      expect(new Set(answers)).toEqual(new Set([OK]))
      expect(acme.refreshes).toBe(round)
    }
  })

  it('is refreshed with the same refresh token where the provider keeps that', async () => {
    acme.rotates = false
    for (const round of [1, 2]) {
      pass(TEN_MINUTES)
      expect(await ask()).toBe(OK)
      expect(acme.refreshes).toBe(round)
    }
  })

  it('that lasts is never refreshed', async () => {
    acme.lifetime = undefined
    const { tokens } = await newPerson()
    pass(50 * 60)
    expect(await ask({ url: '/me' }, tokens)).toBe(OK)
    expect(acme.refreshes).toBe(0)
  })

  it('that the provider has taken back is asked for again, once', async () => {
    acme.endAll()
    pass(TEN_MINUTES)
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
    const asked = internet.to(ACME).length
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
    expect(internet.to(ACME)).toHaveLength(asked)
  })

  it('that the provider takes back with a 200, as GitHub does, is asked for again', async () => {
    pass(TEN_MINUTES)
    internet.site(ACME, () => Response.json({ error: 'bad_refresh_token' }))
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
  })

  it('exists only for users who signed in there', async () => {
    expect(await ask({ url: '/me' }, await app.connect(await Visitor.signedIn()))).toBe(`error: ${SIGN_IN}`)
  })
})

describe('S15 the stored token of a person stays, whatever a refresh is answered but invalid_grant:', () => {
  it.each<[string, Site | undefined]>([
    ['is down', undefined],
    ['says 500', () => new Response('x', { status: 500 })],
    ['says 500 in JSON', () => Response.json({ error: 'server_error' }, { status: 500 })],
    ['says 429', () => Response.json({ error: 'slow_down' }, { status: 429 })],
    ['sends a page', () => new Response('<h1>Maintenance</h1>')],
    ['no longer knows our secret', () => Response.json({ error: 'wrong_secret' }, { status: 401 })],
    ['says 403', () => Response.json({ message: 'Rate limit exceeded' }, { status: 403 })],
    ['says 404', () => Response.json({ message: 'Not Found' }, { status: 404 })],
    ['sends a page with 400', () => new Response('<h1>Bad request</h1>', { status: 400 })],
    ['sends null', () => Response.json(null)],
    ['is busy', () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 })],
    ['misunderstands us', () => Response.json({ error: 'invalid_request' }, { status: 400 })],
    ['says so in a 400', () => Response.json({ error: 'invalid_client' }, { status: 400 })],
    ['says so as GitHub does', () => Response.json({ error: 'incorrect_client_credentials' })],
  ])('a provider that %s', async (_how, way) => {
    pass(TEN_MINUTES)
    if (way) internet.site(ACME, way)
    else internet.unplug(ACME)
    expect(await ask()).toBe(`error: ${NO_ANSWER}`)
    internet.site(ACME, acme.answer)
    expect(await ask()).toBe(OK)
  })
})

describe('an upstream token goes', () => {
  it.each(['/me', 'me', 'https://api.acme.test/me', new URL('/me', ACME_API).href])(
    'to the API, at %s',
    async (url) => {
      expect(await ask({ url })).toBe(OK)
    },
  )

  it.each([
    'https://evil.test/',
    '//evil.test/',
    '\\\\evil.test/',
    'https://api.acme.test@evil.test/',
    'https://api.acme.test:x@evil.test/',
    'https://api.acme.test.evil.test/',
    'https://evil.test#https://api.acme.test/',
    'https://api.acme.test:8443/',
    'http://api.acme.test/',
    `${ACME}/`,
    'data:text/plain,x',
    'https://',
  ])('not to %s', async (url) => {
    internet.site('https://evil.test', () => new Response('Thank you'))
    const before = internet.requests.length
    expect(await ask({ url })).toBe(`error: ${FAILED}`)
    expect(internet.requests.slice(before).map((request) => request.url)).toEqual([])
    expect(leaks()).toEqual([])
  })

  it.each([false, true])('not where the API redirects to (followed: %s)', async (follow) => {
    internet.site('https://evil.test', () => new Response('Thank you'))
    expect(await ask({ url: '/elsewhere', follow })).toBe('302 ')
    expect(leaks()).toEqual([])
  })
})

describe('signing out everywhere', () => {
  const signOut = () => person.post('/account/sign-out-everywhere', {})

  it('drops the token', async () => {
    expect(await ask()).toBe(OK)
    await signOut()
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
  })

  it('drops it while it is being refreshed', async () => {
    const { reached, release } = holdUp()
    pass(TEN_MINUTES)
    const answer = ask()
    await reached
    await signOut()
    release()
    expect(await answer).toBe(`error: ${SIGN_IN}`)
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
  })

  it('drops it while what was refreshed is being encrypted', async () => {
    pass(TEN_MINUTES)
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle)
    let signedOut: Promise<Response> | undefined
    vi.spyOn(crypto.subtle, 'encrypt').mockImplementationOnce(async (...args) => {
      signedOut = signOut()
      await scheduler.wait(50)
      return encrypt(...args)
    })
    await ask()
    expect((await signedOut)?.status).toBe(303)
    expect(await ask()).toBe(`error: ${SIGN_IN}`)
  })

  it('and in again while it is being refreshed leaves the newer token', async () => {
    const { reached, release } = holdUp()
    pass(TEN_MINUTES)
    const answer = ask()
    await reached
    await signOut()
    internet.site(ACME, acme.answer)
    expect((await person.signInAt('acme', acme)).status).toBe(303)
    release()
    expect(await answer).toBe(OK)
    expect(await ask()).toBe(OK)
    // The newer one is of another family, which has never been refreshed.
    pass(TEN_MINUTES)
    expect(await ask()).toBe(OK)
  })

  /** The provider answers only after `release()`. */
  function holdUp() {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const reached = new Promise<void>((resolve) => {
      internet.site(ACME, async (request) => {
        resolve()
        await released
        return acme.answer(request)
      })
    })
    return { reached, release }
  }
})

describe('at rest an upstream token', () => {
  type Account = DurableObjectStub<import('#worker').AccountObject>

  /** All that an account holds, as text. */
  function contentsOf(account: Account): Promise<string> {
    return runInDurableObject(account, (_object, { storage }) => {
      const kept = [...storage.kv.list()].map(([key, value]) => `${key} ${textOf(value)}`)
      const tables = ['grants', 'activity'].map((table) =>
        storage.sql.exec(`SELECT * FROM ${table}`).toArray(),
      )
      return `${kept.join('\n')}\n${JSON.stringify(tables)}`
    })
  }

  function textOf(value: unknown): string {
    if (value instanceof ArrayBuffer) return textOf(new Uint8Array(value))
    if (value instanceof Uint8Array) return String.fromCharCode(...value)
    if (typeof value === 'object' && value !== null)
      return Object.entries(value)
        .map(([name, one]) => `${name} ${textOf(one)}`)
        .join(' ')
    return String(value)
  }

  const move = (from: Account, to: Account, name = 'upstream:acme') =>
    runInDurableObject(from, (_object, { storage }) => storage.kv.get('upstream:acme')).then((record) => {
      expect(record).toBeDefined()
      return runInDurableObject(to, (_object, { storage }) => storage.kv.put(name, record))
    })

  /** The account has these keys, the first for what it writes. */
  const withKeys = (account: Account, ...keys: string[]) =>
    runInDurableObject(account, (object) => {
      const { env: own } = object as unknown as { env: Env }
      Object.defineProperty(object, 'env', {
        value: { ...own, UPSTREAM_KEY: keys.join(' ') },
        configurable: true,
      })
    })

  const versionIn = (account: Account) =>
    runInDurableObject(
      account,
      (_object, { storage }) => storage.kv.get<{ version: string }>('upstream:acme')?.version,
    )

  it('cannot be read, before and after a refresh', async () => {
    const { account, tokens } = await newPerson()
    pass(TEN_MINUTES)
    for (const refreshes of [0, 1]) {
      expect(acme.refreshes).toBe(refreshes)
      const contents = await contentsOf(account)
      expect(contents).toContain('upstream:acme')
      expect(contents).toContain('signed_in')
      expect(acme.tokens.filter((token) => contents.includes(token))).toEqual([])
      expect(contents).not.toMatch(/accessToken|refreshToken/)
      expect(await ask({ url: '/me' }, tokens)).toBe(OK)
    }
  })

  it('is not written twice in the same way', async () => {
    const { account } = await newPerson()
    const record = () =>
      runInDurableObject(account, (object, { storage }) => {
        const { iv, identity } = storage.kv.get('upstream:acme') as { iv: Uint8Array; identity: Identity }
        return object.keepUpstream('acme', {} as never, identity, object.epoch()).then(() => String(iv))
      })
    expect(await record()).not.toBe(await record())
  })

  it('is useless for another account, and for another provider', async () => {
    const [mine, theirs] = [await newPerson(), await newPerson()]
    await move(theirs.account, mine.account)
    expect(await ask({ url: '/me' }, mine.tokens)).toBe(`error: ${SIGN_IN}`)
    await move(theirs.account, theirs.account, 'upstream:github')
    const response = await callTool(theirs.tokens.access_token, 'list_repositories')
    expect(await response.text()).toContain('sign in with github')
    expect(internet.to(GITHUB_API)).toEqual([])
    expect(await ask({ url: '/me' }, theirs.tokens)).toBe(OK)
  })

  it('is read with the key that it was written with, and written with the newest', async () => {
    const { account, tokens } = await newPerson()
    const [old, newest] = [env.UPSTREAM_KEY, `2:${randomSecret()}`]
    expect(await versionIn(account)).toBe('1')
    await withKeys(account, newest, old)
    expect(await ask({ url: '/me' }, tokens)).toBe(OK)
    expect(await versionIn(account)).toBe('1')
    pass(TEN_MINUTES)
    expect(await ask({ url: '/me' }, tokens)).toBe(OK)
    expect(await versionIn(account)).toBe('2')
    await withKeys(account, newest)
    expect(await ask({ url: '/me' }, tokens)).toBe(OK)
    // A key of the same version that is another, or none of that version.
    await withKeys(account, `2:${randomSecret()}`)
    expect(await ask({ url: '/me' }, tokens)).toBe(`error: ${SIGN_IN}`)
    await withKeys(account, old)
    expect(await ask({ url: '/me' }, tokens)).toBe(`error: ${SIGN_IN}`)
  })

  it('is there only for the methods that a tool names', async () => {
    const google = await OpenIdProvider.make(GOOGLE)
    google.open(internet)
    google.person = { sub: 'alice', name: 'Alice', email: 'alice@gmail.com' }
    const keep = vi.spyOn(crypto.subtle, 'encrypt')
    expect((await new Visitor().signInAt('google', google)).status).toBe(303)
    expect(keep).not.toHaveBeenCalled()
    await newPerson()
    expect(keep).toHaveBeenCalled()
  })
})

describe('the scopes that a provider is asked for', () => {
  it('are those of signing in, and those that a tool names for this method', async () => {
    const google = await OpenIdProvider.make(GOOGLE)
    google.open(internet)
    const github = new GitHub()
    internet.site(GITHUB, github.answer)
    expect(acme.asked.get('scope')).toBe('openid profile email things:read')
    google.authorize(await new Visitor().leaveFor('google'))
    expect(google.asked.get('scope')).toBe('openid profile email')
    github.authorize(await new Visitor().leaveFor('github'))
    expect(github.scope).toBe('')
  })
})
