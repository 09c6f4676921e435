// R3, R4, R8 and the rows that documents touch: what a stranger's address can and cannot do.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DocumentHost } from '../support/document-host.ts'
import { OAuthClient, REDIRECT_URI, type Tokens } from '../support/oauth-client.ts'
import { expectPage } from '../support/refusals.ts'
import { Visitor } from '../support/visitor.ts'
import { configure } from '../support/worker.ts'

let host: DocumentHost
let person: Visitor

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  host = DocumentHost.install()
  person = await Visitor.signedIn()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

async function open(clientId: string): Promise<Response> {
  const { url } = await (await OAuthClient.described(clientId)).authorizationRequest()
  return person.get(url)
}

async function expectRefused(clientId: string): Promise<void> {
  const response = await open(clientId)
  expect(response.status).toBe(400)
  expect(response.headers.get('Location')).toBeNull()
  expect(await response.text()).toContain('could not be checked')
}

describe('R3 addresses that are no place for a client document', () => {
  it.each([
    'http://apps.gatehouse-tests.dev/client.json',
    'https://127.0.0.1/client.json',
    'https://10.0.0.1/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/client.json',
    'https://0x7f.1/client.json',
    'https://[::1]/client.json',
    'https://[fd00::1]/client.json',
    'https://localhost/client.json',
    'https://app.localhost/client.json',
    'https://router.local/client.json',
    'https://metadata.google.internal/client.json',
    'https://intranet/client.json',
    'https://apps.gatehouse-tests.dev./client.json',
    'https://user@apps.gatehouse-tests.dev/client.json',
    'https://user:secret@apps.gatehouse-tests.dev/client.json',
    'https://apps.gatehouse-tests.dev/client.json#part',
    'https://apps.gatehouse-tests.dev/a/../client.json',
    'https://apps.gatehouse-tests.dev/./client.json',
    'https://apps.gatehouse-tests.dev:443/client.json',
    'https://APPS.gatehouse-tests.dev/client.json',
    'https://äpps.gatehouse-tests.dev/client.json',
    'https://apps.gatehouse-tests.dev/',
    'https://apps.gatehouse-tests.dev',
    `https://apps.gatehouse-tests.dev/${'a'.repeat(2000)}`,
  ])('nothing is fetched from %s', async (clientId) => {
    host.serve(clientId)
    await expectRefused(clientId)
    expect(host.fetched).toEqual([])
  })
})

describe('R3 the address of this server itself', () => {
  it('is not fetched, although other addresses of its kind are', async () => {
    const origin = 'https://mcp.gatehouse-tests.dev'
    person = await Visitor.signedIn(origin)
    const statusOf = async (clientId: string) => {
      host.serve(clientId)
      const { url } = await (await OAuthClient.described(clientId, origin)).authorizationRequest()
      return (await person.get(url)).status
    }
    expect(await statusOf(`${origin}/client.json`)).toBe(400)
    expect(host.fetched).toEqual([])
    expect(await statusOf('https://mcp2.gatehouse-tests.dev/client.json')).toBe(200)
  })
})

describe('R3 answers that are no client document', () => {
  const big = { client_name: 'x'.repeat(6000) }

  it.each<[string, (url: string) => void]>([
    [
      'a redirect, even to a valid document',
      (url) => {
        const elsewhere = host.publish({ client_id: url })
        host.answer(url, () => Response.redirect(elsewhere, 302))
      },
    ],
    ['more than 5 kB', (url) => host.serve(url, big)],
    ['no JSON', (url) => host.answer(url, () => new Response('<html>'))],
    ['a list', (url) => host.answer(url, () => Response.json([]))],
    ['404', (url) => host.answer(url, () => new Response(null, { status: 404 }))],
    ['nothing', (url) => host.unplug(url)],
    ['another client_id', (url) => host.serve(url, { client_id: `${url}?` })],
    ['no client_id', (url) => host.serve(url, { client_id: undefined })],
    ['no redirect_uris', (url) => host.serve(url, { redirect_uris: undefined })],
    ['an empty list of redirect_uris', (url) => host.serve(url, { redirect_uris: [] })],
    ['a dangerous redirect URI', (url) => host.serve(url, { redirect_uris: ['javascript:alert(1)'] })],
    ['no client_name', (url) => host.serve(url, { client_name: undefined })],
  ])('%s is refused, and asked for again half a minute later', async (_, serve) => {
    const url = host.publish()
    serve(url)
    await expectRefused(url)
    host.serve(url)
    await expectRefused(url)
    pass(30)
    expect((await open(url)).status).toBe(200)
  })

  describe('is named on the page, with what to try', () => {
    const url = 'https://clients.gatehouse-tests.dev/app.json'
    const pageFor = async (clientId: string, origin?: string) => {
      person = await Visitor.signedIn(origin)
      const { url } = await (await OAuthClient.described(clientId, origin)).authorizationRequest()
      const page = await (await person.get(url)).text()
      return page.replaceAll(/<[^>]*>/g, '')
    }

    it.each<[string, () => void]>([
      ['does not answer', () => host.unplug(url)],
      ['fails', () => host.answer(url, () => new Response('', { status: 500 }))],
      ['lets nobody in', () => host.answer(url, () => new Response('', { status: 403 }))],
    ])('when it %s', async (_what, serve) => {
      serve()
      pass(31)
      const page = await pageFor(url)
      expect(page).toContain(`describes itself at ${url} and that address does not answer`)
      expect(page).toContain('Try again in a moment.')
      expect(page).toContain('dynamic client registration')
      expect(page).not.toContain('npm run dev')
    })

    it('on a local server: how to go on offline', async () => {
      host.unplug(url)
      const page = await pageFor(url, 'http://localhost:8787')
      expect(page).toContain('npm run dev -- --var CLIENT_DOCUMENT_HOSTS:')
    })

    it('without registering where that is off', async () => {
      configure({ REGISTRATION: 'off' })
      const page = await pageFor(url)
      configure()
      expect(page).toContain('Try again in a moment.')
      expect(page).not.toContain('regist')
    })

    it('when it holds no document, and without its query', async () => {
      host.answer(`${url}?secret=x`, () => new Response('', { status: 404 }))
      const page = await pageFor(`${url}?secret=x`)
      expect(page).toContain(
        `The client metadata document answers 404 instead of a document. Its address is ${url}`,
      )
      expect(page).not.toContain('secret')
    })
  })

  it('an answer that never ends is given up after five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    const url = host.publish()
    expect((await open(url)).status).toBe(200)
    expect(timeout).toHaveBeenCalledWith(5000)
    timeout.mockReturnValue(AbortSignal.abort(new DOMException('The operation timed out.', 'TimeoutError')))
    await expectRefused(host.publish())
  })

  it('one address causes only so many fetches, wherever from', async () => {
    const statuses = new Set<number>()
    for (let n = 0; n < 70; n++) statuses.add((await open(host.publish())).status)
    expect(statuses).toContain(429)
    person = await Visitor.signedIn()
    expect((await open(host.publish())).status).toBe(200)
  })
})

describe('R4 a document that changes after the approval', () => {
  it('is obeyed once it is fetched again, and widens no grant that runs', async () => {
    const app = await OAuthClient.described('https://changing.gatehouse-tests.dev/client.json')
    host.serve(app.id)
    const { refresh_token } = await app.connect(person, { scope: 'notes:read' })
    const elsewhere = 'https://elsewhere.example/callback'
    host.serve(app.id, { redirect_uris: [elsewhere] })
    pass(301)
    const old = await app.authorizationRequest()
    expect((await person.get(old.url)).status).toBe(400)
    const { url } = await app.authorizationRequest({ redirect_uri: elsewhere })
    expect((await person.get(url)).status).toBe(200)
    const refreshed = (await (await app.refresh(refresh_token)).json()) as Tokens
    expect(refreshed.scope).toBe('notes:read')
  })

  it('A20 between the page and the answer: the page is shown again', async () => {
    const app = await OAuthClient.described('https://quick.gatehouse-tests.dev/client.json')
    host.serve(app.id)
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    host.serve(app.id, { client_name: 'Another name' })
    pass(301)
    const response = await consent.submit()
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(html).toContain('Another name')
    expect(html).toContain('Look again')
    expect(await person.hasConnected(app.id)).toBe(false)
  })

  it('A20 between the page and the answer: an address that the app has dropped gets no second page', async () => {
    const app = await OAuthClient.described('https://moving.gatehouse-tests.dev/client.json')
    host.serve(app.id)
    const { url } = await app.authorizationRequest()
    const consent = await person.openConsent(url)
    host.serve(app.id, { redirect_uris: ['https://new.gatehouse-tests.dev/callback'] })
    pass(301)
    expect(await expectPage(await consent.submit(), 400)).toContain('This request is not safe')
    expect(await person.hasConnected(app.id)).toBe(false)
  })
})

describe('R8 documents that promise what cannot be kept', () => {
  it.each([
    ['a client_secret', { client_secret: 'everybody knows' }],
    ['an end of a client_secret', { client_secret_expires_at: 0 }],
    ['client_secret_basic', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['client_secret_post', { token_endpoint_auth_method: 'client_secret_post' }],
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['private_key_jwt, which this server cannot check', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }],
    ['a private key', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'A', y: 'A', d: 'A' }] } }],
  ])('are refused: %s', async (_, changes) => {
    const url = `https://r8.gatehouse-tests.dev/${crypto.randomUUID()}`
    host.serve(url, changes)
    await expectRefused(url)
  })

  it('a host in another script is shown in ASCII', async () => {
    const url = 'https://xn--pple-43d.gatehouse-tests.dev/client.json'
    host.serve(url)
    expect(await (await open(url)).text()).toContain('xn--pple-43d.gatehouse-tests.dev')
  })

  it.each<[string, (url: string) => void]>([
    ['404', (url) => host.answer(url, () => new Response(null, { status: 404 }))],
    ['410', (url) => host.answer(url, () => new Response(null, { status: 410 }))],
    ['an invalid document', (url) => host.serve(url, { redirect_uris: [] })],
  ])('%s after the approval ends the client, in every copy', async (_, serve) => {
    const app = await OAuthClient.described(`https://ending.gatehouse-tests.dev/${crypto.randomUUID()}`)
    host.serve(app.id)
    const { refresh_token } = await app.connect(person)
    expect((await env.RECORDS.list({ prefix: 'cimd:' })).keys.length).toBeGreaterThan(0)
    const before = (await env.RECORDS.list({ prefix: 'cimd:' })).keys.length
    serve(app.id)
    pass(301)
    const refused = await app.refresh(refresh_token)
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: 'invalid_client' })
    expect((await env.RECORDS.list({ prefix: 'cimd:' })).keys).toHaveLength(before - 1)
    host.unplug(app.id)
    pass(30)
    expect((await app.refresh(refresh_token)).status).toBe(503)
  })
})

describe('R7 hundreds of client_id URLs', () => {
  it('write nothing to KV', async () => {
    const writes = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'put')
    for (let n = 0; n < 300; n++) {
      const visitor = new Visitor()
      const query = new URLSearchParams({
        client_id: `https://c${n}.gatehouse-tests.dev/x`,
        redirect_uri: REDIRECT_URI,
      })
      host.serve(`https://c${n}.gatehouse-tests.dev/x`)
      await visitor.get(`/authorize?${query}`)
    }
    expect(writes).not.toHaveBeenCalled()
    expect(host.fetched).toHaveLength(300)
  })
})
