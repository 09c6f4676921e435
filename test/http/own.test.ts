// What a fork adds to HTTP: its routes, the files in public/, and links that know their user. None of it takes the place
// of a path of the engine, and a link opens one path for one person, for a while.
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { gatehouse } from '#engine/gatehouse.ts'
import { signedLink } from '#engine/links/link.ts'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { ownRoutes } from '#engine/own/own-routes.ts'
import { homePage } from '#engine/pages/home.tsx'
import { accountOf } from '#engine/people/account-store.ts'
import { tools } from '../fixture/src/server/index.ts'
import { messageOf } from '../support/mcp-ways.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { pass } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN, send } from '../support/worker.ts'

const FAILED = 'The tool failed. The error has been logged on the server.'
const NO_SCRIPTS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const OWN_FILES = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

tools.push(
  defineTool({
    name: 'link',
    title: 'Link',
    description: 'A fixture.',
    input: z.object({ path: z.string(), time: z.string() }),
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
    handler: ({ path, time }, context) => signedLink(context, path, { for: time as '10m' }),
  }),
)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})

afterEach(() => {
  configure()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('W9 a route of a fork', () => {
  const start = (path: string) => {
    const routes = new Hono<{ Bindings: Env }>().all(path, (c) => c.text('taken'))
    const nothing = async () => undefined
    return () =>
      gatehouse({ login: [], tools: [], forget: nothing, home: homePage, routes: ownRoutes(routes) })
  }

  it.each([
    ['/mcp', '/mcp'],
    ['/', '/'],
    ['*', '/mcp'],
    ['/:any', '/mcp'],
    ['/:any?', '/mcp'],
    ['/:path{.+}', '/mcp'],
    ['/.well-known/*', '/.well-known/oauth-protected-resource'],
    ['/register/:id', '/register/:clientId'],
    ['/register/mine', '/register/:clientId'],
    ['/login/mine', '/login/*'],
    ['/login', '/login/*'],
    ['/account/files', '/account/*'],
    ['/admin/*', '/admin/*'],
    ['/token/:what?', '/token'],
    ['/token/', '/token'],
    ['/au*', '/mcp'],
    ['/account*', '/mcp'],
    ['/a*/files', '/mcp'],
  ])('that covers a path of the engine keeps the server from starting: %s', (path, taken) => {
    const complaint = path === '*' ? '/*' : path
    expect(start(path)).toThrow(
      `The route ${complaint} in src/routes.ts covers ${taken}, which belongs to the engine.`,
    )
  })

  it('does so as middleware, too', () => {
    const routes = new Hono<{ Bindings: Env }>().use(async (_c, next) => next())
    const parts = {
      login: [],
      tools: [],
      forget: async () => undefined,
      home: homePage,
      routes: ownRoutes(routes),
    }
    expect(() => gatehouse(parts)).toThrow('The route /* in src/routes.ts covers /mcp')
  })

  it.each(['/files/:id', '/files/*', '/mcp2', '/a/mcp', '/.well-known/security.txt', '/registers/:id'])(
    'may have a path of its own: %s',
    (path) => {
      expect(start(path)).not.toThrow()
    },
  )

  it('answers behind the same guard, with the same headers, and without scripts', async () => {
    const answer = await send('/pages/one')
    expect([answer.status, await answer.text()]).toEqual([200, '<h1>one</h1>'])
    expect(answer.headers.get('Content-Security-Policy')).toBe(NO_SCRIPTS)
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.headers.get('Strict-Transport-Security')).not.toBeNull()
    configure({ PUBLIC_URL: 'https://elsewhere.test' })
    expect((await send('/pages/one')).status).toBe(421)
  })

  it('is there where another server issues the tokens', async () => {
    const foreign = { AUTHORIZATION_SERVERS: [{ issuer: 'https://id.acme.test' }] }
    configure(foreign as unknown as Partial<Env>)
    expect((await send('/login')).status).toBe(404)
    expect((await send('/pages/one')).status).toBe(200)
    expect((await send('/robots.txt')).status).toBe(200)
  })

  it('may say which scripts it runs', async () => {
    expect((await send('/pages/scripted')).headers.get('Content-Security-Policy')).toBe("script-src 'self'")
  })

  it('that throws shows nothing of the error', async () => {
    const answer = await send('/pages/broken', { headers: { Accept: 'text/html' } })
    expect(await expectPage(answer, 500)).not.toContain('hunter2')
  })
})

describe('W9 a file in public/', () => {
  it('is served, with protective headers', async () => {
    const answer = await send('/robots.txt')
    expect([answer.status, await answer.text()]).toEqual([200, 'User-agent: *\n'])
    expect(answer.headers.get('Content-Security-Policy')).toBe(OWN_FILES)
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(answer.headers.get('Referrer-Policy')).toBe('same-origin')
    expect(answer.headers.get('Strict-Transport-Security')).not.toBeNull()
    expect(answer.headers.get('ETag')).not.toBeNull()
    const again = await send('/robots.txt', {
      headers: { 'If-None-Match': answer.headers.get('ETag') ?? '' },
    })
    expect(again.status).toBe(304)
    expect((await send('/robots.txt', { method: 'HEAD' })).status).toBe(200)
    expect(await expectPage(await send('/about'), 200)).toContain('<h1>About</h1>')
  })

  it.each([
    ['GET', '/mcp', 401],
    ['GET', '/token', 405],
    ['GET', '/token.html', 307],
    ['GET', '/login/passphrase', 404],
    ['GET', '//login/passphrase', 404],
    ['GET', '/login%2Fpassphrase', 404],
    ['GET', '/%6Cogin/passphrase', 404],
    ['POST', '/robots.txt', 404],
    ['GET', '/nowhere', 404],
    ['GET', '/%', 404],
    ['GET', '/%E0%A4', 404],
    ['GET', '/:any', 404],
    ['GET', '/mcp/', 401],
  ])('takes the place of nothing: %s %s', async (method, path, status) => {
    const answer = await send(`${ORIGIN}${path}`, { method })
    expect(answer.status).toBe(status)
    expect(await answer.text()).not.toContain('taken')
  })

  it('is not looked for at a path as long as no file has', async () => {
    const looked = vi.fn(async () => new Response('here'))
    configure({ ASSETS: { fetch: looked } as unknown as Fetcher })
    expect((await send('/a'.repeat(8000))).status).toBe(404)
    expect(looked).not.toHaveBeenCalled()
    expect((await send('/a'.repeat(512))).status).toBe(200)
  })

  it('may have a policy of its own', async () => {
    const { headers } = await send('/scripted')
    expect(headers.get('Content-Security-Policy')).toBe('script-src https://cdn.test')
  })

  it('is served at the one hostname of the server only', async () => {
    configure({ PUBLIC_URL: 'https://elsewhere.test' })
    expect((await send('/robots.txt')).status).toBe(421)
  })

  it('is no error where there is no such binding', async () => {
    configure({ ASSETS: undefined as unknown as Fetcher })
    expect((await send('/robots.txt')).status).toBe(404)
  })
})

interface Member {
  readonly person: Visitor
  readonly token: string
  readonly id: string
}

async function member(name: string, changes = {}): Promise<Member> {
  const person = await Visitor.as(name, changes)
  const { access_token: token } = await (await OAuthClient.registered()).connect(person)
  const { userId: id } = await structured<{ userId: string }>(callTool(token, 'whoami'))
  return { person, token, id }
}

async function textOf(token: string, path: string, time: string): Promise<string> {
  const { result } = await messageOf(callTool(token, 'link', { path, time }))
  return (result as { content: { text: string }[] }).content[0]?.text as string
}

const linkOf = async ({ token }: Member, path = '/files/7', time = '10m') => {
  const link = await textOf(token, path, time)
  expect(link.startsWith(`${ORIGIN}${path}`)).toBe(true)
  return link
}

const opens = async (link: string, init: RequestInit = {}) => {
  const answer = await send(link, init)
  if (answer.status === 200) return answer.text()
  expect(await expectPage(answer, 403)).toContain('This link no longer works')
  return undefined
}

describe('W10 a signed link', () => {
  it('opens its path for its user, more than once, until its time is over', async () => {
    const ada = await member('Ada')
    const link = await linkOf(ada)
    expect(await opens(link)).toBe(`7 of ${ada.id}`)
    expect((await send(link, { method: 'HEAD' })).status).toBe(200)
    pass(599)
    expect(await opens(link)).toBe(`7 of ${ada.id}`)
    pass(1)
    expect(await opens(link)).toBeUndefined()
  })

  it('keeps the query that it was made with', async () => {
    const ada = await member('Ada')
    const link = await linkOf(ada, '/files/7?as=pdf&link=a.b')
    expect(await opens(link)).toBe(`7 of ${ada.id}`)
    expect(await opens(link.replace('as=pdf', 'as=csv'))).toBeUndefined()
  })

  it('opens nothing else, and not when a letter of it is changed', async () => {
    const ada = await member('Ada')
    const link = await linkOf(ada)
    const [, body = '', mac = ''] = /link=(.+)\.(.+)$/.exec(link) ?? []
    const other = await linkOf(await member('Bob'), '/files/8')
    for (const changed of [
      link.replace('/files/7', '/files/8'),
      link.replace('/files/7', '/files/%37'),
      `${link}&more=1`,
      link.replace('?', '?more=1&'),
      link.replace(/link=.*/, ''),
      link.replace(/link=.*/, `link=${body}`),
      link.replace(mac, mac.startsWith('A') ? `B${mac.slice(1)}` : `A${mac.slice(1)}`),
      link.replace(body, /link=(.+)\./.exec(other)?.[1] ?? ''),
      link.replace(`${body}.${mac}`, `${ada.person.cookies.get('__Host-session')}`),
      `${ORIGIN}/files/7`,
    ])
      expect(await opens(changed), changed).toBeUndefined()
    expect(await opens(link)).toBe(`7 of ${ada.id}`)
  })

  it('asks no storage for one that is forged', async () => {
    const asked = vi.spyOn(Object.getPrototypeOf(env.ACCOUNTS), 'getByName')
    await opens(`${ORIGIN}/files/7?link=${'a'.repeat(100)}.${'b'.repeat(43)}`)
    expect(asked).not.toHaveBeenCalled()
  })

  it('only reads', async () => {
    const link = await linkOf(await member('Ada'), '/linked/7')
    expect(await opens(link)).toBe('GET')
    expect(await opens(link, { method: 'POST' })).toBeUndefined()
  })

  it('works at the hostname that made it only', async () => {
    const link = await linkOf(await member('Ada'))
    expect((await send(link.replace(ORIGIN, 'https://other.test'))).status).toBe(403)
  })

  it('is over for good once its user is disabled, or signs out everywhere', async () => {
    const [ada, bob] = [await member('Ada'), await member('Bob')]
    const [hers, his] = [await linkOf(ada), await linkOf(bob)]
    await accountOf(env, ada.id).disable()
    await bob.person.post('/account/sign-out-everywhere', {})
    for (const link of [hers, his]) expect(await opens(link)).toBeUndefined()
    await accountOf(env, ada.id).enable()
    expect(await opens(hers)).toBeUndefined()
    expect(await opens(await linkOf(ada))).toBe(`7 of ${ada.id}`)
  })

  it('is over once its user is erased, and none is made for them', async () => {
    const ada = await member('Ada')
    const link = await linkOf(ada, '/files/7', '12h')
    await ada.person.post('/account/erase', { sure: 'yes' })
    expect(await opens(link)).toBeUndefined()
    // What was under way has a token that counts for a minute.
    expect(await textOf(ada.token, '/files/7', '10m')).toBe(FAILED)
    pass(11 * 60 * 60)
    expect(await opens(link)).toBeUndefined()
  })

  it('of a guest ends with the guest', async () => {
    const link = await linkOf(await member('Gast', { expiresAt: Date.now() + 60_000 }), '/files/7', '1h')
    expect(await opens(link)).toBeDefined()
    pass(60)
    expect(await opens(link)).toBeUndefined()
  })

  it.each([
    ['//evil.test/files', '10m'],
    ['https://evil.test/', '10m'],
    ['files/7', '10m'],
    ['/files/../7', '10m'],
    ['/files/7#part', '10m'],
    ['/files/7', '13h'],
    ['/files/7', '0m'],
    ['/files/7', '10'],
  ])('is not made for %s and %s', async (path, time) => {
    expect(await textOf((await member('Ada')).token, path, time)).toBe(FAILED)
  })

  it('is not made for a machine, which has no account that could end it', async () => {
    const { access_token } = await (await (await Machine.owned()).token()).json<{ access_token: string }>()
    expect(await textOf(access_token, '/files/7', '10m')).toBe(FAILED)
  })
})
