// P1 to P8: tokens that are bound to a client's key (DPoP, RFC 9449).
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Clock } from '../support/clock.ts'
import { callWith, DpopKey, sendWith } from '../support/dpop.ts'
import { EventStream, initialize } from '../support/mcp-session.ts'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { expectInvalidToken, expectLive, expectRefusal, pass, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, MCP_URL, ORIGIN, send } from '../support/worker.ts'

let app: OAuthClient
let key: DpopKey
let thief: DpopKey
let tokens: Tokens & { token_type: string }

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  ;[app, key, thief] = await Promise.all([OAuthClient.registered(), DpopKey.create(), DpopKey.create()])
  tokens = await boundTokens()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  configure()
})

async function boundTokens(by = key, client = app): Promise<typeof tokens> {
  const redemption = await client.authorize()
  return (await tokensOf(client.token(redemption, await by.forToken()))) as typeof tokens
}

async function refresh(refresh_token: string, headers: Record<string, string> = {}, client = app) {
  return client.token({ grant_type: 'refresh_token', refresh_token }, headers)
}

/** RFC 9449 §7.1: 401 with the scheme that its client speaks. */
function expectChallenge(response: Response, error: string): void {
  expect(response.status).toBe(401)
  const challenge = response.headers.get('WWW-Authenticate')
  expect(challenge).toMatch(new RegExp(`^DPoP error="${error}", .*resource_metadata="https://.*algs="ES256 `))
}

/** The tokens still do what they did. */
async function expectGood({ access_token, refresh_token }: Tokens, by = key): Promise<void> {
  expect((await by.call(access_token)).status).toBe(200)
  const next = await tokensOf(refresh(refresh_token, await by.forToken()))
  expect((await by.call(next.access_token)).status).toBe(200)
}

describe('RFC 9449 a client that proves its key', () => {
  it('gets tokens that are bound to it, calls, and refreshes', async () => {
    expect(tokens.token_type).toBe('DPoP')
    await expectGood(tokens)
  })

  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('has a key for %s', async (alg) => {
    const other = await DpopKey.create(alg)
    await expectGood(await boundTokens(other), other)
  })

  it('finds the algorithms in both metadata documents', async () => {
    for (const name of ['authorization-server', 'protected-resource/mcp']) {
      const metadata = await (await send(`/.well-known/oauth-${name}`)).json()
      expect(metadata).toMatchObject({ dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']) })
    }
  })

  it('may write the address of the request in any equal way', async () => {
    for (const htu of [`${MCP_URL}?a=1#b`, 'HTTPS://GATEHOUSE.TEST/mcp', 'https://gatehouse.test:443/mcp'])
      expect((await key.call(tokens.access_token, 'whoami', { claims: { htu } })).status).toBe(200)
  })

  it('costs no storage at a call, and a bearer token not even a hash', async () => {
    await key.call(tokens.access_token)
    const counter = await OperationCounter.install()
    const { cost } = await counter.count(() => key.call(tokens.access_token))
    expect(cost).toMatchObject({ objectRequests: 0, kvReads: 0, kvWrites: 0, rowsWritten: 0 })
    const { access_token } = await app.connect()
    await callTool(access_token, 'whoami')
    const digest = vi.spyOn(crypto.subtle, 'digest')
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    expect(digest).not.toHaveBeenCalled()
  })

  it('may be told by any origin which nonce to use', async () => {
    for (const path of ['/token', '/mcp']) {
      const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'POST' }
      const { headers } = await send(path, { method: 'OPTIONS', headers: preflight })
      expect(headers.get('Access-Control-Allow-Headers')).toMatch(/DPoP|\*/)
      const answer = await send(path, { method: 'POST', headers: { Origin: 'https://app.example' } })
      expect(answer.headers.get('Access-Control-Expose-Headers')).toContain('DPoP-Nonce')
    }
  })
})

describe('P1 a stolen access token that is bound to a key', () => {
  it('is worthless as a bearer token', async () => {
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
    const { DPoP = '' } = await key.forCall(tokens.access_token)
    expectInvalidToken(await callWith({ Authorization: `Bearer ${tokens.access_token}`, DPoP }))
    await expectGood(tokens)
  })

  it('is worthless without a proof, and with one of another key', async () => {
    const Authorization = `DPoP ${tokens.access_token}`
    expectChallenge(await callWith({ Authorization }), 'invalid_dpop_proof')
    expectChallenge(await thief.call(tokens.access_token), 'invalid_dpop_proof')
    await expectGood(tokens)
  })

  it('is worthless with a proof that names the right key and is signed with another', async () => {
    const changes = { header: { jwk: key.jwk } }
    expectChallenge(await thief.call(tokens.access_token, 'whoami', changes), 'invalid_dpop_proof')
  })
})

describe('P2 RFC 9449 §4.3 a proof that is not of this request', () => {
  const now = () => Math.floor(Date.now() / 1000)

  it.each<[string, () => Record<string, unknown>]>([
    ['another method', () => ({ htm: 'GET' })],
    ['the method in another case', () => ({ htm: 'post' })],
    ['no method', () => ({ htm: undefined })],
    ['another host', () => ({ htu: 'https://other.test/mcp' })],
    ['another path', () => ({ htu: `${ORIGIN}/token` })],
    ['a path that begins alike', () => ({ htu: `${MCP_URL}/` })],
    ['another scheme', () => ({ htu: 'http://gatehouse.test/mcp' })],
    ['another port', () => ({ htu: 'https://gatehouse.test:8443/mcp' })],
    ['a user in the address', () => ({ htu: 'https://a@gatehouse.test/mcp' })],
    ['an address that is none', () => ({ htu: '/mcp' })],
    ['no address', () => ({ htu: undefined })],
    ['another access token', () => ({ ath: 'x'.repeat(43) })],
    ['no access token', () => ({ ath: undefined })],
    ['a time three minutes ago', () => ({ iat: now() - 180 })],
    ['a time in three minutes', () => ({ iat: now() + 180 })],
    ['a time that is a text', () => ({ iat: String(now()) })],
    ['no time', () => ({ iat: undefined })],
    ['no id', () => ({ jti: undefined })],
    ['an empty id', () => ({ jti: '' })],
    ['an id that is a number', () => ({ jti: 1 })],
    ['an id without end', () => ({ jti: 'x'.repeat(300) })],
  ])('is refused with %s', async (_what, claims) => {
    const changes = { claims: claims() }
    expectChallenge(await key.call(tokens.access_token, 'whoami', changes), 'invalid_dpop_proof')
    expect((await key.call(tokens.access_token)).status).toBe(200)
  })

  it.each<[string, () => Promise<Record<string, unknown>>]>([
    ['another type', async () => ({ typ: 'JWT' })],
    ['no type', async () => ({ typ: undefined })],
    ['no key', async () => ({ jwk: undefined })],
    ['its private key', async () => ({ jwk: await key.privateJwk() })],
    ['a symmetric key', async () => ({ jwk: { kty: 'oct', k: 'AAAA' } })],
    ['another key', async () => ({ jwk: thief.jwk })],
  ])('is refused with %s', async (_what, header) => {
    const changes = { header: await header() }
    expectChallenge(await key.call(tokens.access_token, 'whoami', changes), 'invalid_dpop_proof')
  })

  it('is refused unsigned, symmetric, twice in one request, and too long', async () => {
    const headers = await key.forCall(tokens.access_token)
    const [, payload, signature] = headers.DPoP?.split('.') ?? []
    const encoded = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
    const none = `${encoded({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })}.${payload}.`
    const secret = new TextEncoder().encode('x'.repeat(32))
    const hs256 = await new SignJWT({ htm: 'POST', htu: MCP_URL, jti: '1' })
      .setIssuedAt()
      .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: key.jwk })
      .sign(secret)
    const more = { claims: { more: 'x'.repeat(5_000) } }
    const { DPoP: long = '' } = await key.forCall(tokens.access_token, more)
    for (const DPoP of [none, hs256, `${headers.DPoP}, ${headers.DPoP}`, long, '', 'x', `..${signature}`])
      expectChallenge(await callWith({ ...headers, DPoP }), 'invalid_dpop_proof')
    expect((await callWith(headers)).status).toBe(200)
  })

  it('is refused at the token endpoint, and the code stays good', async () => {
    const redemption = await app.authorize()
    const proofs = [
      await key.proof('POST', MCP_URL),
      await key.proof('GET', `${ORIGIN}/token`),
      await key.proof('POST', 'https://other.test/token'),
      await key.proof('POST', `${ORIGIN}/token`, { claims: { iat: now() - 180 } }),
      'x',
    ]
    for (const DPoP of proofs)
      await expectRefusal(await app.token(redemption, { DPoP }), 'invalid_dpop_proof')
    expect((await tokensOf(app.token(redemption, await key.forToken()))).access_token).toBeDefined()
  })
})

describe('P3 a proof that is used again', () => {
  it('counts once in an isolate, at the resource', async () => {
    const headers = await key.forCall(tokens.access_token)
    expect((await callWith(headers)).status).toBe(200)
    expectChallenge(await callWith(headers), 'invalid_dpop_proof')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        index === 0 ? key.forCall(tokens.access_token) : undefined,
      ),
    ).then(([first = {}]) => Promise.all(Array.from({ length: 20 }, () => callWith(first))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('counts once in an isolate, at the token endpoint', async () => {
    const headers = await key.forToken()
    const next = await tokensOf(refresh(tokens.refresh_token, headers))
    await expectRefusal(await refresh(next.refresh_token, headers), 'invalid_dpop_proof')
  })

  it('with the id of another key’s proof is another proof', async () => {
    const jti = crypto.randomUUID()
    const other = await boundTokens(thief)
    expect((await key.call(tokens.access_token, 'whoami', { claims: { jti } })).status).toBe(200)
    expect((await thief.call(other.access_token, 'whoami', { claims: { jti } })).status).toBe(200)
  })
})

describe('P4 a stolen refresh token that is bound to a key', () => {
  it('is worthless without a proof, and with one of another key, and leaves the grant as it was', async () => {
    await expectRefusal(await refresh(tokens.refresh_token), 'invalid_grant')
    await expectRefusal(await refresh(tokens.refresh_token, await thief.forToken()), 'invalid_grant')
    await expectGood(tokens)
  })

  it('cannot be made into one of another key, or of none', async () => {
    const [grant, secret] = tokens.refresh_token.split('.')
    const [unbound, rebound] = [`${grant}.${secret}`, `${grant}.${secret}.${thief.jkt}`]
    await expectRefusal(await refresh(unbound), 'invalid_grant')
    await expectRefusal(await refresh(unbound, await thief.forToken()), 'invalid_grant')
    await expectRefusal(await refresh(rebound, await thief.forToken()), 'invalid_grant')
    await expectGood(tokens)
  })

  it('is bound after each rotation, when an answer was lost, and 20 times at once', async () => {
    const second = await tokensOf(refresh(tokens.refresh_token, await key.forToken()))
    const again = await tokensOf(refresh(tokens.refresh_token, await key.forToken()))
    expect(again.refresh_token).toBe(second.refresh_token)
    const many = await Promise.all(
      Array.from({ length: 20 }, async () => refresh(second.refresh_token, await key.forToken())),
    )
    const thirds = new Set(await Promise.all(many.map(async (one) => (await tokensOf(one)).refresh_token)))
    expect(thirds.size).toBe(1)
    const [third = ''] = thirds
    await expectRefusal(await refresh(third), 'invalid_grant')
    await expectRefusal(await refresh(third, await thief.forToken()), 'invalid_grant')
    pass(200)
    await key.call((await tokensOf(refresh(third, await key.forToken()))).access_token)
    // A thief who has the key as well is found out by its rotation.
    pass(200)
    await expectRefusal(await refresh(tokens.refresh_token, await key.forToken()), 'invalid_grant')
    await expectRefusal(await refresh(third, await key.forToken()), 'invalid_grant')
  })

  it('is revoked without a proof: RFC 7009 asks for none', async () => {
    expect((await app.revoke(tokens.refresh_token)).status).toBe(200)
    await expectRefusal(await refresh(tokens.refresh_token, await key.forToken()), 'invalid_grant')
    pass(120)
    expectChallenge(await key.call(tokens.access_token), 'invalid_token')
  })

  it('of a client that proves no key stays a bearer token, and so does its access token', async () => {
    const plain = await app.connect()
    const next = await expectLive(app, plain.refresh_token)
    // A proof binds the access token that it comes for.
    const later = await tokensOf(refresh(next.refresh_token, await key.forToken()))
    expectInvalidToken(await callTool(later.access_token, 'whoami'))
    expect((await key.call(later.access_token)).status).toBe(200)
    await expectLive(app, later.refresh_token)
  })
})

describe('P5 a bearer token that comes as one that is bound', () => {
  it('is refused, with a proof and without', async () => {
    const { access_token } = await app.connect()
    expectChallenge(await key.call(access_token), 'invalid_token')
    expectChallenge(await callWith({ Authorization: `DPoP ${access_token}` }), 'invalid_token')
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    const person = await Visitor.as(crypto.randomUUID())
    const made = await person.post('/account/tokens/make', { name: 'x', days: '30' })
    const [personal = ''] = /gatehouse_pat_[\w-]{92}/.exec(await made.text()) ?? []
    expect((await callTool(personal, 'whoami')).status).toBe(200)
    expectChallenge(await key.call(personal), 'invalid_token')
  })
})

describe('P6 RFC 9449 §8 proofs that were made in advance', () => {
  it('are refused where the setting asks for a nonce, at both endpoints', async () => {
    configure({ DPOP_NONCE: 'true' })
    const redemption = await app.authorize()
    const refused = await app.token(redemption, await key.forToken())
    await expectRefusal(refused.clone(), 'use_dpop_nonce')
    const nonce = refused.headers.get('DPoP-Nonce')
    const bound = await tokensOf(app.token(redemption, await key.forToken({ claims: { nonce } })))
    const without = await key.call(bound.access_token)
    expectChallenge(without, 'use_dpop_nonce')
    const fresh = without.headers.get('DPoP-Nonce')
    expect((await key.call(bound.access_token, 'whoami', { claims: { nonce: fresh } })).status).toBe(200)
    pass(299)
    expect((await key.call(bound.access_token, 'whoami', { claims: { nonce: fresh } })).status).toBe(200)
    pass(1)
    expectChallenge(
      await key.call(bound.access_token, 'whoami', { claims: { nonce: fresh } }),
      'use_dpop_nonce',
    )
  })

  it('are refused with a nonce that is forged, of another kind or of another hostname', async () => {
    configure({ DPOP_NONCE: 'true' })
    const nonceAt = async (origin: string) => {
      const client = await OAuthClient.registered({}, origin)
      const DPoP = await key.proof('POST', `${origin}/token`)
      const fields = { grant_type: 'refresh_token', refresh_token: 'x' }
      return (await client.token(fields, { DPoP })).headers.get('DPoP-Nonce') as string
    }
    const own = await nonceAt(ORIGIN)
    const { seal } = await (await Visitor.signedIn()).openConsent((await app.authorizationRequest()).url)
    const wrong = [`${own}x`, own.split('.')[0], '', 1, seal, await nonceAt('https://other.test')]
    for (const nonce of wrong)
      expectChallenge(await key.call(tokens.access_token, 'whoami', { claims: { nonce } }), 'use_dpop_nonce')
    expect((await key.call(tokens.access_token, 'whoami', { claims: { nonce: own } })).status).toBe(200)
  })

  it('are accepted without one where it does not', async () => {
    expect((await key.call(tokens.access_token)).headers.get('DPoP-Nonce')).toBeNull()
  })
})

describe('P7 a session or stream of the initialize era that began with a key', () => {
  async function begin(headers: Record<string, string>): Promise<string> {
    const answer = await sendWith(headers, 'POST', initialize())
    await answer.text()
    return answer.headers.get('Mcp-Session-Id') as string
  }
  const whoami = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }

  it('takes a proof with each request, and none of another key or of none', async () => {
    const id = await begin(await key.forCall(tokens.access_token))
    const session = { 'Mcp-Session-Id': id }
    const headers = async () => ({ ...(await key.forCall(tokens.access_token)), ...session })
    const answer = await sendWith(await headers(), 'POST', whoami)
    expect(await answer.text()).toContain('You act for Owner')
    expect(
      (await sendWith({ Authorization: `DPoP ${tokens.access_token}`, ...session }, 'POST', whoami)).status,
    ).toBe(401)
    // Of the same user and client, but of another key, or of none.
    const others = await boundTokens(thief)
    const other = { ...(await thief.forCall(others.access_token)), ...session }
    expect((await sendWith(other, 'POST', whoami)).status).toBe(404)
    const plain = { Authorization: `Bearer ${(await app.connect()).access_token}`, ...session }
    expect((await sendWith(plain, 'POST', whoami)).status).toBe(404)
    expect((await sendWith(await headers(), 'POST', whoami)).status).toBe(200)
  })

  it('has a stream with a proof for GET alone', async () => {
    const id = await begin(await key.forCall(tokens.access_token))
    const session = { 'Mcp-Session-Id': id }
    const ofPost = { ...(await key.forCall(tokens.access_token)), ...session }
    expect((await sendWith(ofPost, 'GET')).status).toBe(401)
    const ofGet = { ...(await key.forCall(tokens.access_token, { claims: { htm: 'GET' } })), ...session }
    const stream = await sendWith(ofGet, 'GET')
    expect(stream.status).toBe(200)
    await stream.body?.cancel()
  })

  it('has a stream that lasts as long as its grant, although its proof is old by then', async () => {
    const id = await begin(await key.forCall(tokens.access_token))
    vi.useRealTimers()
    const clock = Clock.install()
    const proof = await key.forCall(tokens.access_token, { claims: { htm: 'GET' } })
    const stream = new EventStream(await sendWith({ ...proof, 'Mcp-Session-Id': id }, 'GET'))
    const state = { ended: false }
    void stream.rest().then(() => {
      state.ended = true
    })
    for (let minutes = 0; minutes < 5; minutes++) await clock.pass(60)
    expect(state).toEqual({ ended: false })
    await app.revoke(tokens.refresh_token)
    await clock.pass(61)
    await vi.waitFor(() => expect(state).toEqual({ ended: true }), 10_000)
  })
})

describe('P8 a bound token at another resource server', () => {
  it('is introspected with its key, so that the server can ask for the proof', async () => {
    const client = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
    const { access_token } = await boundTokens(key, client)
    const introspect = (token: string) =>
      send('/introspect', {
        method: 'POST',
        body: form({ token, client_id: client.id, client_secret: client.secret }),
      })
    const answer = await (await introspect(access_token)).json()
    expect(answer).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
    const plain = await (await introspect((await client.connect()).access_token)).json()
    expect(plain).toMatchObject({ active: true, token_type: 'Bearer' })
    expect(plain).not.toHaveProperty('cnf')
  })
})
