// Attacks on, and after, revocation: rows T19 and M6.
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GrantObject } from '#worker'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectLive,
  expectOver,
  expectRefusal,
  expectUnavailable,
  grantIdOf,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { form, send } from '../support/worker.ts'

const broken = async () => {
  throw new Error('storage is down')
}
const kv = Object.getPrototypeOf(env.RECORDS) as KVNamespace

let app: OAuthClient
let visitor: Visitor
let tokens: Tokens

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
  visitor = new Visitor()
  tokens = await app.connect(visitor)
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A revocation request that is right in every way, with `changes`. */
const revoke = (changes: Record<string, string | undefined> = {}) =>
  send('/revoke', {
    method: 'POST',
    body: form({ client_id: app.id, client_secret: app.secret, token: tokens.refresh_token, ...changes }),
  })

/** RFC 7009 §2.2: no content that anyone needs. */
async function expectAccepted(response: Response): Promise<void> {
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
}

describe('T19 RFC 7009 §2.1 revocation by a client', () => {
  it.each<[string, (tokens: Tokens) => string]>([
    ['the refresh token', ({ refresh_token }) => refresh_token],
    ['an access token', ({ access_token }) => access_token],
  ])('ends the grant when %s is given back, and logs it', async (_what, token) => {
    const log = listenToLog()
    await expectAccepted(await revoke({ token: token(tokens) }))
    const grant = grantIdOf(tokens.refresh_token)
    expect(log()).toContainEqual(
      expect.objectContaining({ event: 'grant.revoked', grant, reason: 'revoked_by_client' }),
    )
    await expectOver(app, tokens)
  })

  it.each([
    ['a moment', 1],
    ['three hours', 3 * 3600],
  ])(
    'ends the grant when a refresh token comes that was superseded twice, %s ago',
    async (_when, seconds) => {
      const second = await tokensOf(app.refresh(tokens.refresh_token))
      const third = await tokensOf(app.refresh(second.refresh_token))
      pass(seconds)
      await expectAccepted(await revoke())
      await expectOver(app, third)
    },
  )

  it('ends the grant whatever token_type_hint says', async () => {
    await expectAccepted(await revoke({ token_type_hint: 'access_token' }))
    await expectOver(app, tokens)
  })

  it('answers a second time as it did the first', async () => {
    await expectAccepted(await revoke())
    await expectAccepted(await revoke())
  })

  it.each<[string, () => string]>([
    ['of no form', () => 'a token'],
    ['with a wrong secret', () => `${grantIdOf(tokens.refresh_token)}.${'x'.repeat(43)}`],
    ['of a grant that never was', () => `${env.GRANTS.newUniqueId()}.${'x'.repeat(43)}`],
    ['that is an access token with a changed signature', () => changeLetter(tokens.access_token)],
  ])('answers 200 to an unknown token %s, and the grant is untouched', async (_what, token) => {
    await expectAccepted(await revoke({ token: token() }))
    await expectLive(app, tokens.refresh_token)
  })

  it.each<[string, (tokens: Tokens) => string]>([
    ['refresh token', ({ refresh_token }) => refresh_token],
    ['access token', ({ access_token }) => access_token],
  ])("refuses another client's %s, and the grant is untouched", async (_what, token) => {
    const thief = await OAuthClient.registered()
    await expectRefusal(await thief.revoke(token(tokens)), 'invalid_request')
    await expectLive(app, tokens.refresh_token)
  })

  it("refuses another client's superseded refresh token, and the grant is untouched", async () => {
    const thief = await OAuthClient.registered()
    const current = await tokensOf(app.refresh(tokens.refresh_token))
    await expectRefusal(await thief.revoke(tokens.refresh_token), 'invalid_request')
    await expectLive(app, current.refresh_token)
  })

  it.each([
    ['no secret', undefined],
    ['a wrong secret', 'x'.repeat(43)],
  ])('refuses a client with %s, and the grant is untouched', async (_what, client_secret) => {
    await expectRefusal(await revoke({ client_secret }), 'invalid_client', 401)
    await expectLive(app, tokens.refresh_token)
  })

  it('refuses a request without a token', async () => {
    await expectRefusal(await revoke({ token: undefined }), 'invalid_request')
  })

  it.each([
    ['giveBack', 'refresh_token'],
    ['revoke', 'access_token'],
  ] as const)('is 503 when the grant fails at %s, so that the client tries again', async (method, kind) => {
    const spy = vi.spyOn(GrantObject.prototype, method).mockImplementation(broken as never)
    await expectUnavailable(await revoke({ token: tokens[kind] }))
    spy.mockRestore()
    await expectAccepted(await revoke({ token: tokens[kind] }))
    await expectOver(app, tokens)
  })
})

const ENDINGS: [string, () => Promise<unknown>][] = [
  ['its owner revoked it', () => visitor.post('/account/revoke', { client_id: app.id })],
  ['its client revoked it', () => revoke()],
  [
    'a code was used twice',
    async () => {
      const redemption = await app.authorize(visitor)
      tokens = await tokensOf(app.token(redemption))
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
      pass(11)
      await app.token(redemption)
    },
  ],
  [
    'a refresh token was stolen',
    async () => {
      const stolen = tokens.refresh_token
      tokens = await tokensOf(app.refresh(stolen))
      expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
      pass(121)
      await app.refresh(stolen)
    },
  ],
]

describe('M6 RFC 7009 §2.1 the access token of a grant that is over', () => {
  beforeEach(async () => {
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  })

  it.each(ENDINGS)('is refused within two minutes: %s', async (_how, end) => {
    await end()
    pass(120)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })

  it('is refused to the end of its life', async () => {
    await revoke()
    for (let minutes = 2; minutes < 60; minutes += 10) {
      pass(600)
      expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
    }
  })

  it('leaves the tokens of other grants alone', async () => {
    const others = await (await OAuthClient.registered()).connect(visitor)
    await revoke()
    pass(120)
    expect((await callTool(others.access_token, 'whoami')).status).toBe(200)
  })

  it('is refused when KV does not answer, since the grant itself does', async () => {
    await revoke()
    pass(120)
    vi.spyOn(kv, 'get').mockImplementation(broken as never)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })

  it('gets 503, not 200 or 401, when storage does not answer', async () => {
    vi.spyOn(kv, 'get').mockImplementation(broken as never)
    vi.spyOn(GrantObject.prototype, 'describe').mockImplementation(broken as never)
    pass(61)
    const unavailable = await callTool(tokens.access_token, 'whoami')
    expect(unavailable.status).toBe(503)
    expect(Number(unavailable.headers.get('Retry-After'))).toBeGreaterThan(0)
    vi.restoreAllMocks()
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
  })

  it('is refused once KV has the mark, after a first write failed', async () => {
    const spy = vi.spyOn(kv, 'put').mockImplementation(broken as never)
    await expectAccepted(await revoke())
    await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
    spy.mockRestore()
    pass(30)
    const grant = env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(tokens.refresh_token)))
    expect(await runDurableObjectAlarm(grant)).toBe(true)
    pass(61)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })

  it('stays refused after the grant itself has said so, although KV was never told', async () => {
    const unseen = await tokensOf(app.refresh(tokens.refresh_token))
    vi.spyOn(kv, 'put').mockImplementation(broken as never)
    await revoke()
    // Not refused yet: KV knows nothing, and the grant is asked behind the answer.
    await callTool(unseen.access_token, 'whoami')
    await env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(tokens.refresh_token))).describe()
    expectInvalidToken(await callTool(unseen.access_token, 'whoami'))
    pass(61)
    expectInvalidToken(await callTool(unseen.access_token, 'whoami'))
  })
})

/** Another letter in the middle, where every bit of it counts. */
function changeLetter(token: string): string {
  const at = token.length - 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
