// Attacks across several servers behind one gate: rows G1 to G7. What holds for one server holds for each of them elsewhere.
import '../support/state-tools.ts'
import '../support/several-servers.ts'
import { createExecutionContext, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '#engine/crypto/digest.ts'
import { gatehouse } from '#engine/gatehouse.ts'
import { defineServer } from '#engine/mcp/servers/define-server.ts'
import type { ServerDefinition } from '#engine/mcp/servers/server.ts'
import { homePage } from '#engine/pages/home.tsx'
import { verifierFor } from '../../examples/behind-the-gate/src/verify.ts'
import { login } from '../fixture/src/login.ts'
import { exportData, forget, tools } from '../fixture/src/server/index.ts'
import { DocumentHost } from '../support/document-host.ts'
import { DpopKey } from '../support/dpop.ts'
import { ForeignServer, serverWith } from '../support/foreign-server.ts'
import { legacyCall, modernCall } from '../support/mcp-request.ts'
import { initialize, McpSession } from '../support/mcp-session.ts'
import { OAuthClient, structured, type Tokens } from '../support/oauth-client.ts'
import { expectInvalidToken, expectRefusal, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { expectErrorAnswer } from '../support/refusals.ts'
import { ELSEWHERE } from '../support/several-servers.ts'
import { Visitor } from '../support/visitor.ts'
import { form, MCP_URL, ORIGIN, send } from '../support/worker.ts'

const BILLING = `${ORIGIN}/billing/mcp`
const LEGACY = `${ORIGIN}/legacy/mcp`
const SCOPE: Readonly<Record<string, string>> = {
  [MCP_URL]: 'notes:read',
  [BILLING]: 'notes:write',
  [LEGACY]: 'notes:write',
  [ELSEWHERE]: 'notes:write',
}

const owner = await Visitor.signedIn()
const app = await OAuthClient.registered()

/** The whole way for one server. */
async function connectTo(
  resource: string,
  changes: Record<string, string | undefined> = {},
): Promise<Tokens> {
  const redeemed = await app.authorize(owner, { resource, scope: SCOPE[resource], ...changes })
  return tokensOf(app.token({ ...redeemed, resource }))
}

const tokens: Readonly<Record<string, Tokens>> = {
  [MCP_URL]: await connectTo(MCP_URL),
  [BILLING]: await connectTo(BILLING),
  [LEGACY]: await connectTo(LEGACY),
  [ELSEWHERE]: await connectTo(ELSEWHERE),
}
const tokenFor = (resource: string) => (tokens[resource] as Tokens).access_token

const keys = createLocalJWKSet(await (await send('/jwks')).json())
const verify = verifierFor(ORIGIN, ELSEWHERE, keys)
const verifyWith = (token: string, scope = 'notes:write') =>
  verify(new Request(ELSEWHERE, { headers: { Authorization: `Bearer ${token}` } }), scope)

/** The answer of a server to a call with a token. */
async function callAt(
  resource: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  if (resource !== ELSEWHERE) return send(resource, modernCall(token, 'whoami', {}, { headers }))
  const caller = await verifyWith(token)
  return caller instanceof Response ? caller : Response.json(caller)
}

const ALL = [MCP_URL, BILLING, LEGACY, ELSEWHERE]
const PAIRS = ALL.flatMap((of) => ALL.map((at) => [of, at] as const))

describe('a server that is described wrongly', () => {
  const billing = { path: '/billing/mcp', name: 'Billing', scopes: ['notes:write'], tools: [] } as const
  const start = (...servers: ServerDefinition[]) =>
    gatehouse({ login, tools, forget, exportData, servers: servers.map(defineServer), home: homePage })

  it.each<[string, ServerDefinition[]]>([
    ['a path that another server has', [billing, billing]],
    ['the path of the main server', [{ ...billing, path: '/mcp' as '/billing/mcp' }]],
    ['a path that a page could have', [{ ...billing, path: '/login' as '/billing/mcp' }]],
    ['a path with a pattern', [{ ...billing, path: '/:any/mcp' }]],
    [
      'an address with a slash at its end',
      [{ url: `${ELSEWHERE}/`, name: 'Elsewhere', scopes: ['notes:write'] }],
    ],
    [
      'an address with capitals, which no token would name',
      [{ url: 'https://Elsewhere.example/mcp', name: 'Elsewhere', scopes: ['notes:write'] }],
    ],
    ['a scope that apps ask the main server for', [{ ...billing, scopes: ['notes:read'] }]],
  ])('does not start with %s', (_, servers) => {
    expect(() => start(billing)).not.toThrow()
    expect(() => start(...servers)).toThrow(/server/)
  })
})

describe('G1 the token of one server at another', () => {
  it.each(PAIRS.filter(([of, at]) => of === at))('is accepted where it is for: %s', async (of, at) => {
    expect((await callAt(at, tokenFor(of))).status).toBe(200)
  })

  it.each(PAIRS.filter(([of, at]) => of !== at))('of %s is 401 at %s', async (of, at) => {
    const refused = await callAt(at, tokenFor(of))
    expect(refused.status).toBe(401)
    const { origin, pathname } = new URL(at)
    expect(refused.headers.get('WWW-Authenticate')).toContain(
      `resource_metadata="${origin}/.well-known/oauth-protected-resource${pathname}"`,
    )
  })

  it('is refused after it has been accepted where it is for', async () => {
    const { access_token } = await connectTo(BILLING)
    expect((await callAt(BILLING, access_token)).status).toBe(200)
    expectInvalidToken(await callAt(MCP_URL, access_token))
    expectInvalidToken(await callAt(LEGACY, access_token))
  })

  it('is refused when it came of a request without a resource: that means the main server', async () => {
    const redeemed = await app.authorize(owner, { resource: undefined, scope: 'notes:read' })
    const { access_token } = await tokensOf(app.token({ ...redeemed, resource: undefined }))
    expect((await callAt(MCP_URL, access_token)).status).toBe(200)
    expectInvalidToken(await callAt(BILLING, access_token))
  })

  it('stays refused after a refresh, which keeps the resource', async () => {
    const first = await connectTo(BILLING)
    const { access_token } = await tokensOf(app.refresh(first.refresh_token))
    expect((await callAt(BILLING, access_token)).status).toBe(200)
    expectInvalidToken(await callAt(MCP_URL, access_token))
  })

  it('is refused when it is a personal access token, which is for the main server', async () => {
    const made = await owner.post('/account/tokens/make', {
      name: 'A script',
      days: '7',
      scope: ['notes:read', 'notes:write'],
    })
    const [token = ''] = /gatehouse_pat_[\w-]{92}/.exec(await made.text()) ?? []
    const own = await callAt(MCP_URL, token)
    expect(own.status).toBe(200)
    // A scope of another server is not offered, either.
    expect((await structured<{ scopes: string[] }>(own)).scopes).toEqual(['notes:read'])
    for (const resource of [BILLING, LEGACY]) expectInvalidToken(await callAt(resource, token))
  })

  it('tells an introspecting server which one a token is for', async () => {
    const machine = await Machine.owned({ introspects: true })
    const body = form({ token: tokenFor(BILLING), client_id: machine.id, client_secret: machine.secret })
    const answer = await send('/introspect', { method: 'POST', body })
    expect(await answer.json()).toMatchObject({ active: true, aud: BILLING })
  })

  it('ends with its grant, whichever server it is for', async () => {
    const { access_token, refresh_token } = await connectTo(LEGACY)
    expect((await app.revoke(access_token)).status).toBe(200)
    await expectRefusal(await app.refresh(refresh_token), 'invalid_grant')
  })
})

describe('G1 the token of another authorization server', () => {
  it.each([undefined, 'the gate'])(
    'is for the server that its audience names; ours is %s',
    async (audience) => {
      const host = DocumentHost.install()
      const foreign = await ForeignServer.start(host)
      const server = serverWith({
        AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer, ...(audience && { audience }) }],
      })
      const statusAt = async (resource: string, aud: string) =>
        (await server(resource, modernCall(await foreign.token({ claims: { aud } }), 'whoami'))).status
      expect(await statusAt(MCP_URL, audience ?? MCP_URL)).toBe(200)
      expect(await statusAt(BILLING, audience ?? MCP_URL)).toBe(401)
      expect(await statusAt(BILLING, BILLING)).toBe(200)
      expect(await statusAt(MCP_URL, BILLING)).toBe(401)
      vi.restoreAllMocks()
    },
  )
})

describe('G2 a resource that was not authorized, or is not here', () => {
  it.each([
    ['unknown', [`${ORIGIN}/other/mcp`]],
    ['unknown, below a known one', [`${BILLING}/mcp`]],
    ['two at once', [MCP_URL, BILLING]],
    ['known and unknown', [BILLING, 'https://evil.example/mcp']],
  ])('is refused at /authorize: %s', async (_, resource) => {
    const { url } = await app.authorizationRequest({ resource, scope: 'notes:write' })
    expectErrorAnswer((await owner.get(url)).headers.get('Location'), 'invalid_target')
  })

  it('is refused at /token, and the code stays good for its own', async () => {
    const redeemed = await app.authorize(owner, { resource: BILLING, scope: 'notes:write' })
    await expectRefusal(await app.token({ ...redeemed, resource: MCP_URL }), 'invalid_target')
    await expectRefusal(await app.token({ ...redeemed, resource: [BILLING, LEGACY] }), 'invalid_target')
    const got = await tokensOf(app.token({ ...redeemed, resource: `${BILLING}/` }))
    await expectRefusal(await app.refresh(got.refresh_token, { resource: LEGACY }), 'invalid_target')
    await tokensOf(app.refresh(got.refresh_token, { resource: BILLING }))
  })

  describe('since the server was taken out', () => {
    const { worker } = gatehouse({ login, tools, forget, exportData, home: homePage })
    const without = (path: string, init: RequestInit = {}) =>
      worker.fetch(
        new Request(new URL(path, ORIGIN), init),
        env,
        createExecutionContext(),
      ) as Promise<Response>
    const tokenWithout = (fields: Record<string, string | undefined>) =>
      without('/token', { method: 'POST', body: form({ client_id: app.id, ...fields }) })

    it('is refused with invalid_target at /token, named or not, and comes back with the server', async () => {
      const { refresh_token } = await connectTo(BILLING)
      const fields = { grant_type: 'refresh_token', refresh_token }
      await expectRefusal(await tokenWithout({ ...fields, resource: BILLING }), 'invalid_target')
      await expectRefusal(await tokenWithout(fields), 'invalid_target')
      expect((await callAt(BILLING, (await tokensOf(app.refresh(refresh_token))).access_token)).status).toBe(
        200,
      )
    })

    it('is refused for a code that was given before', async () => {
      const redeemed = await app.authorize(owner, { resource: BILLING, scope: 'notes:write' })
      await expectRefusal(await tokenWithout({ ...redeemed, resource: undefined }), 'invalid_target')
    })

    it('is refused at /authorize in a way that a client hears of', async () => {
      const { url } = await app.authorizationRequest({ resource: BILLING, scope: 'notes:write' })
      const headers = { Cookie: [...owner.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
      const answer = await without(url.pathname + url.search, { headers, redirect: 'manual' })
      expectErrorAnswer(answer.headers.get('Location'), 'invalid_target')
    })

    it('has no metadata, and no endpoint', async () => {
      for (const path of ['/billing/mcp', '/.well-known/oauth-protected-resource/billing/mcp'])
        expect((await without(path)).status).toBe(404)
    })
  })
})

interface Handed {
  readonly headers: Record<string, string>
  readonly props: unknown
  readonly body: string
}

describe('G3 what a server behind the gate is handed', () => {
  const forged = encodeURIComponent(JSON.stringify({ userId: 'user_victim', scopes: ['notes:write'] }))

  it('is the verified caller, and none that a stranger names', async () => {
    const { access_token } = await connectTo(LEGACY)
    const answer = await callAt(LEGACY, access_token, { 'Gatehouse-Caller': forged, 'X-Own': 'kept' })
    const { headers, props, body } = (await answer.json()) as Handed
    const caller = JSON.parse(decodeURIComponent(headers['gatehouse-caller'] ?? ''))
    expect(caller).toMatchObject({ userName: 'Owner', clientId: app.id, scopes: ['notes:write'] })
    expect(caller.userId).not.toBe('user_victim')
    expect(props).toEqual(caller)
    expect(headers['x-own']).toBe('kept')
    expect(JSON.parse(body)).toMatchObject({ method: 'tools/call' })
  })

  it('is never a token, a proof or a cookie', async () => {
    const { access_token } = await connectTo(LEGACY)
    const answer = await callAt(LEGACY, access_token, { Cookie: 'a=b', DPoP: 'a.b.c' })
    const text = await answer.text()
    expect(text).not.toContain(access_token)
    const { headers } = JSON.parse(text) as Handed
    for (const name of ['authorization', 'cookie', 'dpop']) expect(headers).not.toHaveProperty(name)
  })

  it('is nothing without a token, whatever the headers say', async () => {
    const headers = { 'Gatehouse-Caller': forged }
    const answer = await send(LEGACY, { method: 'POST', headers, body: '{}' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toContain('scope="notes:write"')
  })

  it('leaves no cookie of its own at the origin of the sign-in page', async () => {
    expect((await callAt(LEGACY, tokenFor(LEGACY))).headers.get('Set-Cookie')).toBeNull()
  })
})

describe('G4 the session of one server at another', () => {
  it('is refused, also for the same user and client', async () => {
    const open = (resource: string) =>
      send(resource, legacyCall(tokenFor(resource), '', {}, { body: JSON.stringify(initialize()) }))
    const opened = await open(BILLING)
    const id = opened.headers.get('Mcp-Session-Id') as string
    expect(await opened.text()).toContain('Ask for the invoice first.')
    const call = (resource: string) =>
      send(resource, legacyCall(tokenFor(resource), 'whoami', {}, { headers: { 'Mcp-Session-Id': id } }))
    expect((await call(BILLING)).status).toBe(200)
    expect((await call(MCP_URL)).status).toBe(404)
    expect((await call(BILLING)).status).toBe(200)
  })
})

describe('G4 a session that was stored before there were several servers', () => {
  it('is one of the main server', async () => {
    const { id } = await McpSession.open(tokenFor(MCP_URL))
    await runInDurableObject(env.SESSIONS.get(env.SESSIONS.idFromString(id)), (_, { storage }) => {
      const { resource, ...before } = storage.kv.get<{ resource: string }>('session') ?? {}
      expect(resource).toBe(MCP_URL)
      storage.kv.put('session', before)
    })
    const call = async (resource: string) =>
      send(resource, legacyCall(tokenFor(resource), 'whoami', {}, { headers: { 'Mcp-Session-Id': id } }))
    expect((await call(BILLING)).status).toBe(404)
    expect((await call(MCP_URL)).status).toBe(200)
  })
})

describe('G4 the session that a server behind the gate began', () => {
  const agent = `${ORIGIN}/agent/mcp`
  const at = async (resource: string, token: string, id?: string) =>
    send(resource, legacyCall(token, 'whoami', {}, { headers: { 'Mcp-Session-Id': id } }))

  it('is for its user, client and server only', async () => {
    const token = tokenFor(LEGACY)
    const id = (await at(LEGACY, token)).headers.get('Mcp-Session-Id') as string
    const own = await at(LEGACY, token, id)
    expect(((await own.json()) as Handed).headers['mcp-session-id']).toBe('session-1')
    const again = own.headers.get('Mcp-Session-Id') as string
    expect((await at(LEGACY, token, again)).status).toBe(200)

    const ofApp = { resource: LEGACY, scope: 'notes:write' }
    const redeemed = async (client: OAuthClient, visitor: Visitor) => {
      const answer = client.token({ ...(await client.authorize(visitor, ofApp)), resource: LEGACY })
      return (await tokensOf(answer)).access_token
    }
    const refused = [
      await at(LEGACY, await redeemed(app, await Visitor.as('Second')), id),
      await at(LEGACY, await redeemed(await OAuthClient.registered(), owner), id),
      await at(agent, (await connectTo(agent, { scope: 'notes:write' })).access_token, id),
      await at(LEGACY, token, 'session-1'),
      await at(LEGACY, token, `${id}a`),
    ]
    for (const answer of refused) {
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({ error: { code: -32001 } })
    }
  })
})

describe('G4 the session of a token with other scopes', () => {
  const call = (token: string, id?: string) =>
    send(LEGACY, legacyCall(token, 'whoami', {}, { headers: { 'Mcp-Session-Id': id } }))

  it.each([
    ['fewer', 'notes:write offline_access', 'notes:write'],
    ['more', 'notes:write', 'notes:write offline_access'],
  ])(
    'is not one of a token with %s: an agent may know only those it began with',
    async (_, first, second) => {
      const [before, after] = [
        await connectTo(LEGACY, { scope: first }),
        await connectTo(LEGACY, { scope: second }),
      ]
      const id = (await call(before.access_token)).headers.get('Mcp-Session-Id') as string
      expect((await call(after.access_token, id)).status).toBe(404)
      expect((await call(before.access_token, id)).status).toBe(200)
      const refreshed = await tokensOf(app.refresh(before.refresh_token, { resource: LEGACY }))
      expect((await call(refreshed.access_token, id)).status).toBe(200)
    },
  )
})

describe('G4 the state of a call at one server', () => {
  it('is refused at another, also from the same user and client', async () => {
    const ask = (resource: string, more: object = {}) => {
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      }
      const params = { name: 'archive', arguments: { ids: ['1'] }, _meta, ...more }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
      return send(resource, modernCall(tokenFor(resource), 'archive', {}, { body }))
    }
    const { result } = await (await ask(BILLING)).json<{ result: { requestState: string } }>()
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    const again = { requestState: result.requestState, inputResponses }
    expect(await (await ask(MCP_URL, again)).json()).toMatchObject({ error: { code: -32602 } })
    expect(await (await ask(BILLING, again)).text()).toContain('archive: 1')
  })
})

describe('G5 a scope of one server, asked for at another', () => {
  it.each([
    [MCP_URL, 'notes:write'],
    [BILLING, 'notes:read'],
  ])('is dropped at /authorize for %s, and alone it is invalid_scope', async (resource, scope) => {
    const { url } = await app.authorizationRequest({ resource, scope })
    expectErrorAnswer((await owner.get(url)).headers.get('Location'), 'invalid_scope')
    const both = await connectTo(resource, { scope: 'notes:read notes:write' })
    expect(both.scope).toBe(SCOPE[resource])
  })

  it('is not offered on the consent page, and ticked all the same it is 403', async () => {
    const { url } = await app.authorizationRequest({ resource: BILLING, scope: 'notes:write' })
    const page = await owner.openConsent(url)
    expect([...page.scopes, ...page.further]).toEqual(['notes:write'])
    expect((await page.submit({ scope: ['notes:write', 'notes:read'] })).status).toBe(403)
  })

  it('is not given to a machine that may have both', async () => {
    const machine = await Machine.owned({ scopes: ['notes:read', 'notes:write'] })
    expect((await tokensOf(machine.token({ resource: BILLING }))).scope).toBe('notes:write')
    expect((await tokensOf(machine.token())).scope).toBe('notes:read')
    await expectRefusal(await machine.token({ resource: BILLING, scope: 'notes:read' }), 'invalid_scope')
  })

  it('is not given to a device', async () => {
    const metadata = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [] }
    const device = await OAuthClient.registered(metadata)
    const asked = await device.askForDevice({ resource: BILLING, scope: 'notes:read' })
    await expectRefusal(asked, 'invalid_scope')
  })
})

describe('G6 what a user has allowed an app at one server', () => {
  it('is no earlier approval at another', async () => {
    const other = await OAuthClient.registered()
    await other.authorize(owner, { resource: BILLING, scope: 'notes:write' })
    const { url } = await other.authorizationRequest({ resource: LEGACY, scope: 'notes:write' })
    expect((await owner.openConsent(url)).html).not.toContain('You allowed this on')
  })

  it('is at an address that the home page has', async () => {
    const home = await (await send('/')).text()
    for (const url of [BILLING, LEGACY, ELSEWHERE]) expect(home).toContain(url)
  })

  it('names the server, on the consent page and on the account page', async () => {
    const { url } = await app.authorizationRequest({ resource: BILLING, scope: 'notes:write' })
    expect((await owner.openConsent(url)).html).toContain(
      '<dt>It will use</dt><dd><bdi>Billing &lt;b&gt;</bdi></dd>',
    )
    const account = await (await owner.get('/account')).text()
    expect(account).toMatch(/Uses [^<]*Billing &lt;b&gt;/)
  })
})

describe('G7 a token that is bound to a key, at a server elsewhere', async () => {
  const key = await DpopKey.create()
  const redeemed = await app.authorize(owner, { resource: ELSEWHERE, scope: 'notes:write' })
  const bound = await tokensOf(app.token({ ...redeemed, resource: ELSEWHERE }, await key.forToken()))
  const token = bound.access_token
  const judge = async (headers: Record<string, string>) =>
    verify(new Request(ELSEWHERE, { method: 'POST', headers }), 'notes:write')
  const proven = async (claims: object = {}, htm = 'POST', htu = ELSEWHERE, by = key) => {
    const proof = await by.proof(htm, htu, { claims: { ath: await sha256(token), ...claims } })
    return { Authorization: `DPoP ${token}`, DPoP: proof }
  }

  it.each([
    ['', () => proven()],
    [
      ', whose address is written otherwise',
      () => proven({}, 'POST', 'HTTPS://Elsewhere.example:443/mcp?a#b'),
    ],
  ])('is accepted with a proof of it%s', async (_, headers) => {
    expect(await judge(await headers())).toMatchObject({ clientId: app.id })
  })

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['no proof', async () => ({ Authorization: `DPoP ${token}` })],
    ['the scheme of other tokens', async () => ({ ...(await proven()), Authorization: `Bearer ${token}` })],
    ['a proof of another key', async () => proven({}, 'POST', ELSEWHERE, await DpopKey.create())],
    ['a proof for another method', () => proven({}, 'GET')],
    ['a proof for another address', () => proven({}, 'POST', `${ORIGIN}/mcp`)],
    ['a proof for no address', () => proven({}, 'POST', 'elsewhere')],
    ['a proof for another token', async () => proven({ ath: await sha256('another') })],
    ['a proof for no token', () => proven({ ath: undefined })],
    ['a proof of before', () => proven({ iat: Math.floor(Date.now() / 1000) - 130 })],
    ['a proof from the future', () => proven({ iat: Math.floor(Date.now() / 1000) + 130 })],
    ['a proof without a time', () => proven({ iat: undefined })],
    ['garbage for a proof', async () => ({ ...(await proven()), DPoP: 'a.b.c' })],
  ])('is refused with %s, by a challenge that says why', async (_, headers) => {
    const refused = (await judge(await headers())) as Response
    expect(refused.status).toBe(401)
    expect(refused.headers.get('WWW-Authenticate')).toMatch(
      /^DPoP error="invalid_dpop_proof", error_description=/,
    )
  })

  it('is not every token that comes with a proof', async () => {
    const ath = await sha256(tokenFor(ELSEWHERE))
    const { DPoP } = await proven({ ath })
    const unbound = `DPoP ${tokenFor(ELSEWHERE)}`
    for (const headers of [{ Authorization: unbound, DPoP }, { Authorization: unbound }])
      expect(((await judge(headers as Record<string, string>)) as Response).status).toBe(401)
  })
})

describe('G7 a token at a server elsewhere, which has a copy of our verifier', () => {
  const claims = { client_id: 'app', scope: 'notes:write', name: 'Owner' }
  const expected = {
    typ: 'at+jwt',
    aud: ELSEWHERE,
    iss: ORIGIN,
    claims: claims as Record<string, unknown>,
    exp: '1h',
  }

  it('is accepted with its scope, and refused without it', async () => {
    expect(await verifyWith(tokenFor(ELSEWHERE))).toMatchObject({ clientId: app.id, scopes: ['notes:write'] })
    const refused = (await verifyWith(tokenFor(ELSEWHERE), 'notes:read')) as Response
    expect(refused.status).toBe(403)
    expect(refused.headers.get('WWW-Authenticate')).toContain(
      'error="insufficient_scope", scope="notes:read"',
    )
    expect(((await verifyWith('')) as Response).status).toBe(401)
  })

  it.each<[string, Partial<typeof expected>]>([
    ['another audience', { aud: MCP_URL }],
    ['another issuer', { iss: 'https://other.example' }],
    ['another type', { typ: 'JWT' }],
    ['no time left', { exp: '-1s' }],
    ['no client', { claims: { ...claims, client_id: undefined } }],
  ])('is refused with %s', async (_, changes) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const own = verifierFor(
      ORIGIN,
      ELSEWHERE,
      createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }),
    )
    const signed = ({ typ, aud, iss, exp, claims: said }: typeof expected) =>
      new SignJWT(said)
        .setProtectedHeader({ alg: 'ES256', typ })
        .setSubject('user')
        .setAudience(aud)
        .setIssuer(iss)
        .setExpirationTime(exp)
        .sign(privateKey)
    const judge = async (token: string) =>
      own(new Request(ELSEWHERE, { headers: { Authorization: `Bearer ${token}` } }), 'notes:write')
    expect(await judge(await signed(expected))).toMatchObject({ userId: 'user' })
    expect(((await judge(await signed({ ...expected, ...changes }))) as Response).status).toBe(401)
    // Signed right, by a key that is not the gate's.
    expect(((await verifyWith(await signed(expected))) as Response).status).toBe(401)
  })

  it('fails without a verdict where the keys cannot be had', async () => {
    const lost = verifierFor(ORIGIN, ELSEWHERE, () => Promise.reject(new Error('no network')))
    const request = new Request(ELSEWHERE, { headers: { Authorization: `Bearer ${tokenFor(ELSEWHERE)}` } })
    await expect(lost(request, 'notes:write')).rejects.toThrow('no network')
  })
})
