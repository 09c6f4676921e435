// RFC 9110 §10.1.5: each request to another server says who asks. Firewalls refuse those that do not.
import '../support/every-login.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VERSION } from '#engine/version.ts'
import { DocumentHost } from '../support/document-host.ts'
import { ACME, ACME_API } from '../support/every-login.ts'
import { callWith, ForeignServer, serverWith } from '../support/foreign-server.ts'
import { GITHUB, GITHUB_API, GitHub } from '../support/github.ts'
import { Internet } from '../support/internet.ts'
import { Issuer } from '../support/issuer.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { OpenIdProvider } from '../support/openid-provider.ts'
import { pass } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, ORIGIN } from '../support/worker.ts'

const OURS = `Gatehouse/${VERSION}`

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  configure()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Each request that has left, by its path, and who asked. */
function asked(): [string, string | null][] {
  return vi.mocked(fetch).mock.calls.map(([input, init]) => {
    const { url, headers } = new Request(input, init)
    return [new URL(url).pathname, headers.get('User-Agent')]
  })
}

const byUs = (...paths: string[]) => paths.map((path) => [path, OURS])

describe('who asks for', () => {
  it('a client metadata document', async () => {
    const host = DocumentHost.install()
    const app = await OAuthClient.described(host.publish())
    const page = await new Visitor().get((await app.authorizationRequest()).url)
    expect(page.status).toBe(303)
    expect(asked()).toEqual(byUs('/client.json'))
  })

  it('metadata and keys of another authorization server', async () => {
    const foreign = await ForeignServer.start(DocumentHost.install())
    const server = serverWith({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect((await callWith(server, await foreign.token())).status).toBe(200)
    expect(asked()).toEqual(byUs('/.well-known/oauth-authorization-server', '/keys'))
  })

  it('what a token of another authorization server is', async () => {
    const host = DocumentHost.install()
    const foreign = await ForeignServer.start(host)
    host.answer(foreign.introspectionUrl, () => Response.json({ active: true, ...foreign.claims() }))
    const entry = { issuer: foreign.issuer, introspection: true, client_id: 'us', client_secret_setting: 'S' }
    const server = serverWith({ AUTHORIZATION_SERVERS: [entry], S: 'a secret' })
    expect((await callWith(server, 'opaque')).status).toBe(200)
    expect(asked()).toEqual(byUs('/.well-known/oauth-authorization-server', '/introspect'))
  })

  it('the keys for an assertion', async () => {
    const platform = new Issuer(`platform-${crypto.randomUUID()}`)
    const host = DocumentHost.install()
    host.answer(platform.jwksUri, () => Response.json({ keys: platform.keys }))
    const { url: issuer, jwksUri: jwks_uri } = platform
    const server = serverWith({
      WORKLOADS: [{ name: 'Job', issuer, jwks_uri, subject: 'job', scopes: ['notes:read'] }],
    })
    const answer = await server('/token', {
      method: 'POST',
      body: form({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: await platform.sign({ sub: 'job', aud: ORIGIN }, { typ: 'JWT' }),
      }),
    })
    expect([answer.status, asked()]).toEqual([200, byUs('/jwks')])
  })

  it('a sign-in at an OpenID provider, what tools do there later, and a refresh', async () => {
    const internet = Internet.install()
    const acme = await OpenIdProvider.make(ACME)
    acme.open(internet)
    acme.lifetime = 600
    acme.person = { sub: 'alice', name: 'Alice' }
    internet.site(ACME_API, () => new Response('Hello'))
    configure({ ALLOWED_USERS: '*' })
    const app = await OAuthClient.registered()
    const person = new Visitor()
    expect((await person.signInAt('acme', acme)).status).toBe(303)
    const { access_token } = await app.connect(person)
    pass(600)
    expect((await callTool(access_token, 'ask_acme', { url: '/me' })).status).toBe(200)
    expect(asked()).toEqual(
      byUs('/.well-known/openid-configuration', '/token', '/jwks', '/userinfo', '/token', '/me'),
    )
  })

  it('a sign-in at GitHub', async () => {
    const internet = Internet.install()
    const github = new GitHub()
    internet.site(GITHUB, github.answer)
    internet.site(GITHUB_API, github.answer)
    configure({ ALLOWED_USERS: '*' })
    expect((await new Visitor().signInAt('github', github)).status).toBe(303)
    expect(new Set(asked().map(([, agent]) => agent))).toEqual(new Set([OURS]))
    expect(internet.to(GITHUB).length + internet.to(GITHUB_API).length).toBeGreaterThan(1)
  })
})
