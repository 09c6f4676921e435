// What every answer tells a browser, and that nothing is served over plain http.
import { env, exports } from 'cloudflare:workers'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { AppEnv } from '#engine/http/app-env.ts'
import { secureHeaders } from '#engine/http/secure-headers.ts'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { expectErrorJson, expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, ORIGIN, send } from '../support/worker.ts'

const HTTP_ORIGIN = ORIGIN.replace('https:', 'http:')

async function authorizationUrl(changes = {}): Promise<URL> {
  return (await (await OAuthClient.registered()).authorizationRequest(changes)).url
}

async function get(url: string | URL | Promise<URL>, visitor = new Visitor()): Promise<Response> {
  return visitor.get(await url)
}

describe('W5 OWASP secure headers on every answer', () => {
  const signedIn = () => Visitor.signedIn()

  const personal: Record<string, () => Promise<Response>> = {
    'the consent page': async () => get(authorizationUrl(), await signedIn()),
    'the account page': async () => get('/account', await signedIn()),
    'a download': async () => (await signedIn()).post('/account/export', {}),
    'the admin page': async () => get('/admin', await signedIn()),
    'the page for the code of a device': async () => get('/device', await signedIn()),
    'the sign-in page': () => get('/login?return_to=/account'),
    'the sign-in page after a wrong passphrase': () => new Visitor().signIn('/', 'wrong'),
    'a session': () => new Visitor().signIn(),
    'the end of a session': async () => (await signedIn()).post('/logout', {}),
    'an authorization code': async () => (await new Visitor().openConsent(await authorizationUrl())).submit(),
    'an authorization error': async () =>
      get(authorizationUrl({ scope: 'root:everything' }), await signedIn()),
    'an authorization error without a session': () => get(authorizationUrl({ scope: 'root:everything' })),
    'a client': () => register(),
    tokens: async () => {
      const app = await OAuthClient.registered()
      return app.token(await app.authorize())
    },
  }

  const errors: Record<string, () => Promise<Response>> = {
    'a page for an unknown client': () => get(authorizationUrl({ client_id: 'a'.repeat(64) })),
    'a page for a form from another site': () =>
      new Visitor().post('/logout', {}, { 'Sec-Fetch-Site': 'cross-site' }),
    'a page that does not exist': () => get('/nowhere'),
    'an address that does not exist': () => send('/nowhere'),
    'a refused registration': () => register({ redirect_uris: [] }),
    'a refused token request': () => send('/token', { method: 'POST', body: form({}) }),
    'a refused revocation': () => send('/revoke', { method: 'POST', body: form({}) }),
    'a code that no device waits with': async () =>
      (await signedIn()).post('/device', { user_code: 'BBBB-BBBB' }),
    'a refused request of a device': () => send('/device_authorization', { method: 'POST', body: form({}) }),
    'a wrong method at /token': () => send('/token'),
    'a wrong method at /authorize': () => send('/authorize', { method: 'DELETE' }),
    'a tool call without a token': () => callTool(undefined, 'whoami'),
    'a tool call with a wrong token': () => callTool('wrong', 'whoami'),
    'a tool call with too little': async () => {
      const app = await OAuthClient.registered()
      const { access_token } = await app.connect(new Visitor(), { scope: 'notes:read' })
      return callTool(access_token, 'add_note', { text: 'x' })
    },
  }

  const impersonal: Record<string, () => Promise<Response>> = {
    'the way to the sign-in page': () => get('/account'),
    'the home page': () => get('/'),
    'the metadata': () => send('/.well-known/oauth-authorization-server'),
    'the keys': () => send('/jwks'),
  }

  it.each(Object.entries(personal))('let no cache keep %s', async (_, answer) => {
    expect((await answer()).headers.get('Cache-Control')).toBe('no-store')
  })

  it.each(Object.entries({ ...personal, ...errors, ...impersonal }))('protect %s', async (_, answer) => {
    const { headers, status } = await answer()
    expect(status).toBeLessThan(500)
    expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=\d{7,}/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('same-origin')
  })

  it('protect an answer that another server gave, whose headers cannot be changed', async () => {
    const elsewhere = await exports.default.fetch(`${ORIGIN}/jwks`)
    expect(() => elsewhere.headers.set('X', 'y')).toThrow(TypeError)
    const fork = new Hono<AppEnv>().use(secureHeaders).get('/passed-on', () => elsewhere)
    const { headers, status } = await fork.request(`${ORIGIN}/passed-on`)
    expect(status).toBe(200)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('same-origin')
  })

  it('leave out Strict-Transport-Security over http, where it means nothing', async () => {
    const local = await send('http://localhost:8787/')
    expect(local.status).toBe(200)
    expect(local.headers.get('Strict-Transport-Security')).toBeNull()
  })
})

describe('RFC 9110 §7.4 a server on this computer behind a tunnel that ends TLS', () => {
  const LOCAL = 'http://localhost:8787'
  const tunnel = 'tunnel.example'
  const TUNNELS: [string, string, Record<string, string>][] = [
    ['keeps its Host', `http://${tunnel}`, {}],
    ['keeps its Host and a port', `http://${tunnel}:8787`, {}],
    ['names its Host, too', `http://${tunnel}`, { 'X-Forwarded-Host': tunnel }],
    ['writes localhost', LOCAL, { 'X-Forwarded-Host': tunnel }],
    ['writes localhost, and says so in capitals', LOCAL, { 'X-Forwarded-Host': 'TUNNEL.EXAMPLE:443' }],
    ['is the first of two', LOCAL, { 'X-Forwarded-Host': `${tunnel}, localhost:8787` }],
  ]
  const ask = (origin: string, path: string, headers: Record<string, string>, proto = 'https') =>
    send(origin + path, { headers: { 'X-Forwarded-Proto': proto, ...headers } })

  it.each(TUNNELS)(
    'says that it serves local names only, and does not redirect to itself: one that %s',
    async (_how, origin, headers) => {
      for (const path of ['/', '/login?return_to=/account', '/mcp']) {
        const page = await expectPage(await ask(origin, path, { ...headers, Accept: 'text/html' }), 421)
        expect(page).toContain('local names only')
      }
      for (const path of ['/mcp', '/.well-known/oauth-protected-resource/mcp', '/register']) {
        await expectErrorJson(await ask(origin, path, headers, 'HTTPS, http'), 421, 'invalid_request')
      }
    },
  )

  it.each(['http://host.docker.internal:8787', 'http://192.168.1.7:8787', 'http://rebound.example'])(
    'says so at any other name: %s',
    async (origin) => {
      const page = await expectPage(await send(`${origin}/login`, { headers: { Accept: 'text/html' } }), 421)
      expect(page).toContain('local names only')
      await expectErrorJson(await send(`${origin}/mcp`), 403, 'invalid_request')
    },
  )

  it('says so behind a tunnel of Cloudflare, which passes the id of the request on', async () => {
    const headers = { 'CF-Ray': '8f0000000000abcd-FRA', Accept: 'text/html' }
    await expectPage(await ask(`http://${tunnel}`, '/login', headers), 421)
  })

  it('does not redirect to itself where the tunnel is its PUBLIC_URL', async () => {
    configure({ PUBLIC_URL: `https://${tunnel}` })
    const headers = { 'X-Forwarded-Host': tunnel, Accept: 'text/html' }
    for (const origin of [LOCAL, `http://${tunnel}`]) await expectPage(await ask(origin, '/', headers), 421)
    configure()
  })

  it.each<[string, Record<string, string>]>([
    ['no tunnel', {}],
    ['a proxy on this computer', { 'X-Forwarded-Proto': 'https' }],
    ['a proxy that names this computer', { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'localhost' }],
    ['a proxy without TLS', { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': tunnel }],
  ])('goes on serving this computer: %s', async (_what, headers) => {
    expect((await send(`${LOCAL}/jwks`, { headers })).status).toBe(200)
  })
})

describe('W6 RFC 9700 §2.6 plain http', () => {
  it.each([
    '/',
    '/login?return_to=/account',
    '/account',
    '/authorize?client_id=x&state=a%20state',
    '/nowhere',
  ])('sends a person who opens %s to https', async (path) => {
    const headers = { Accept: 'text/html', 'CF-Ray': '8f0000000000abcd-FRA' }
    const response = await send(HTTP_ORIGIN + path, { headers })
    expect(response.status).toBe(308)
    expect(response.headers.get('Location')).toBe(ORIGIN + path)
  })

  it.each(['/.well-known/oauth-authorization-server', '/jwks', '/mcp', '/'])(
    'refuses a program that asks for %s',
    async (path) => {
      await expectErrorJson(await send(HTTP_ORIGIN + path), 403, 'invalid_request')
    },
  )

  it('refuses the right passphrase', async () => {
    const visitor = new Visitor(HTTP_ORIGIN)
    await expectErrorJson(await visitor.signIn(), 403, 'invalid_request')
    expect(visitor.cookies.size).toBe(0)
  })

  it('refuses a registration', async () => {
    await expectErrorJson(await register({}, HTTP_ORIGIN), 403, 'invalid_request')
  })

  it('refuses consent', async () => {
    const app = await OAuthClient.registered()
    const person = await Visitor.signedIn()
    const consent = await person.openConsent((await app.authorizationRequest()).url)
    const fields = { seal: consent.seal, scope: consent.scopes, decision: 'allow' }
    await expectErrorJson(await person.post(`${HTTP_ORIGIN}/authorize`, fields), 403, 'invalid_request')
    expect(await person.hasConnected(app.id)).toBe(false)
    expect((await consent.allow()).searchParams.get('code')).not.toBeNull()
  })

  it('refuses a code and leaves it as it was', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const body = form({ client_id: app.id, ...redemption })
    const refused = await send(`${HTTP_ORIGIN}/token`, { method: 'POST', body })
    await expectErrorJson(refused, 403, 'invalid_request')
    expect((await app.token(redemption)).status).toBe(200)
  })

  it('refuses an access token and a revocation, and leaves the grant as it was', async () => {
    const app = await OAuthClient.registered()
    const { access_token, refresh_token } = await app.connect()
    expect((await callTool(access_token, 'whoami', {}, HTTP_ORIGIN)).status).toBe(403)
    const body = form({ client_id: app.id, token: refresh_token })
    const refused = await send(`${HTTP_ORIGIN}/revoke`, { method: 'POST', body })
    await expectErrorJson(refused, 403, 'invalid_request')
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    expect((await app.refresh(refresh_token)).status).toBe(200)
  })

  it.each([
    'http://localhost.evil.test',
    'http://127.0.0.1.evil.test',
    'http://0.0.0.0',
    'http://192.168.1.1',
  ])('refuses %s, which is not this computer', async (origin) => {
    await expectErrorJson(await send(`${origin}/jwks`), 403, 'invalid_request')
  })

  it.each(['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787'])(
    'serves %s, which is this computer',
    async (origin) => {
      expect((await send(`${origin}/jwks`)).status).toBe(200)
      const visitor = new Visitor(origin)
      expect((await visitor.signIn(undefined, env.OWNER_PASSPHRASE)).status).toBe(303)
    },
  )
})

describe('the page of a refusal', () => {
  const page = async (headers: Record<string, string> = {}) =>
    (await send('/nowhere', { headers: { Accept: 'text/html', ...headers } })).text()

  it('leads home and to help, and carries the id of the request', async () => {
    const html = await page({ 'CF-Ray': '8f0000000000abcd-FRA' })
    expect(html).toContain('<a href="/">Home</a>')
    expect(html).toContain('<a href="mailto:help@fixture.example">Get help</a>')
    expect(html).toContain('name this request: <code>8f0000000000abcd-FRA</code>')
  })

  it.each(['', 'call 555 0100', '8f0000000000abcd-FRA and more', '<b>8f0000000000abcd</b>'])(
    'shows no id that is not of Cloudflare: %s',
    async (ray) => {
      expect(await page(ray ? { 'CF-Ray': ray } : {})).not.toContain('name this request')
    },
  )
})

describe('the home page', () => {
  const titles = (html: string) => [...html.matchAll(/<summary>([^<]+)</g)].map(([, title]) => title)

  it('says what the server does, and its name once', async () => {
    const html = await (await send('/')).text()
    const [, body = ''] = html.split('<body>')
    expect(body.match(/<h1.*?<\/h1>/gs)?.join()).toContain('The fixture server')
    expect(body).not.toContain('<header>')
    expect(body).toContain('Keeps notes for tests.')
    expect(body.replace(/<[^>]*>/g, '|')).toContain('Read and search your notes||List notes')
  })

  it('has advice for visitors on a public server, and for its developer on a local one', async () => {
    const [open, local] = await Promise.all(
      [`${ORIGIN}/`, 'http://localhost:8787/'].map(async (url) => (await send(url)).text()),
    )
    expect(open).not.toContain('npm run')
    expect(titles(open as string)[0]).toContain('Claude, on the web')
    expect(local).toContain('npm run doctor')
    expect(titles(local as string)[0]).toBe('Claude Code')
    expect(titles(local as string).sort()).toEqual(titles(open as string).sort())
  })

  it('does not tell strangers of a tool that is hidden from some users', () => {
    const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
    const tool = { name: 'a_tool', title: 'A tool', description: '', input: z.object({}), annotations }
    const handler = () => ''
    expect(defineTool({ ...tool, handler }).shown).toEqual({ title: 'A tool', scopes: [] })
    expect(defineTool({ ...tool, handler, visible: () => true }).shown).toBeUndefined()
  })
})
