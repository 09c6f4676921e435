// Attacks on authorization codes: rows T1 to T6.
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callTool, OAuthClient, REDIRECT_URI, type Tokens } from '../support/oauth-client.ts'
import {
  expectLive,
  expectOver,
  expectRefusal,
  grantIdOf,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, ORIGIN } from '../support/worker.ts'

type Fields = Record<string, string | readonly string[] | undefined>

const OTHER_VERIFIER = 'another-verifier-of-the-right-length-and-letters'

let app: OAuthClient
let other: OAuthClient

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  app = await OAuthClient.registered()
  other = await OAuthClient.registered()
  await other.connect()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A new user each time, because one user can approve only a limited number a day (S11). */
const newPerson = () => Visitor.as(crypto.randomUUID())

describe('T1 RFC 6749 §4.1.2 fifty redemptions of one code at once', () => {
  it('lets one of them win, and its tokens keep working', async () => {
    const redemption = await app.authorize(await newPerson())
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.token(redemption)))
    const [winner, ...others] = answers.filter((answer) => answer.status === 200)
    expect(others).toEqual([])
    const losers = answers.filter((answer) => answer !== winner)
    for (const loser of losers) await expectRefusal(loser, 'invalid_grant')
    const tokens = await tokensOf(winner as Response)
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    await expectLive(app, tokens.refresh_token)
  })
})

describe('T2 RFC 6749 §4.1.2 a code used twice', () => {
  it('is refused and logged within ten seconds, as a double submit', async () => {
    const redemption = await app.authorize(await newPerson())
    const tokens = await tokensOf(app.token(redemption))
    const log = listenToLog()
    pass(10)
    await expectRefusal(await app.token(redemption), 'invalid_grant')
    expect(log()).toContainEqual(
      expect.objectContaining({ event: 'code.replayed', grant: grantIdOf(redemption.code) }),
    )
    expect(log().map(({ event }) => event)).not.toContain('grant.revoked')
    await expectLive(app, tokens.refresh_token)
  })

  const afterSeconds = (seconds: number) => async (tokens: Tokens) => {
    pass(seconds)
    return tokens
  }

  it.each([
    ['after ten seconds', afterSeconds(11)],
    ['after its refresh token was used', (tokens: Tokens) => tokensOf(app.refresh(tokens.refresh_token))],
    ['after the code has expired', afterSeconds(61)],
  ])('revokes the grant %s', async (_when, happens) => {
    const redemption = await app.authorize(await newPerson())
    const tokens = await happens(await tokensOf(app.token(redemption)))
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    const log = listenToLog()
    await expectRefusal(await app.token(redemption), 'invalid_grant')
    expect(log()).toContainEqual(
      expect.objectContaining({
        event: 'grant.revoked',
        grant: grantIdOf(redemption.code),
        reason: 'code_replayed',
      }),
    )
    await expectOver(app, tokens)
  })
})

const PARTLY_WRONG: [string, () => Fields, string][] = [
  ['another verifier', () => ({ code_verifier: OTHER_VERIFIER }), 'invalid_grant'],
  ['no verifier', () => ({ code_verifier: undefined }), 'invalid_grant'],
  ['a verifier that is too short', () => ({ code_verifier: 'short' }), 'invalid_grant'],
  ['another redirect_uri', () => ({ redirect_uri: `${REDIRECT_URI}/` }), 'invalid_grant'],
  ["another client's id", () => ({ client_id: other.id }), 'invalid_grant'],
  ['another resource', () => ({ resource: 'https://other.example/mcp' }), 'invalid_target'],
]

describe('T3 RFC 6749 §4.1.2 a used code that comes again, but not right in every way', () => {
  it.each(PARTLY_WRONG)('is refused with %s, and the grant lives', async (_what, change, error) => {
    const redemption = await app.authorize(await newPerson())
    const tokens = await tokensOf(app.token(redemption))
    pass(11)
    await expectRefusal(await app.token({ ...redemption, ...change() }), error)
    await expectLive(app, tokens.refresh_token)
  })
})

describe('T4 RFC 7636 §4.6, RFC 6749 §4.1.3 a code without what belongs to it', () => {
  it.each(PARTLY_WRONG)(
    'is refused with %s, and its owner can still redeem it',
    async (_what, change, error) => {
      const redemption = await app.authorize(await newPerson())
      await expectRefusal(await app.token({ ...redemption, ...change() }), error)
      await tokensOf(app.token(redemption))
    },
  )

  it('is refused when the challenge itself comes as the verifier', async () => {
    const visitor = new Visitor()
    const { url, verifier } = await app.authorizationRequest()
    const answer = await (await visitor.openConsent(url)).allow()
    const redemption = {
      grant_type: 'authorization_code',
      code: answer.searchParams.get('code') as string,
      code_verifier: verifier,
    }
    const challenge = url.searchParams.get('code_challenge') as string
    await expectRefusal(await app.token({ ...redemption, code_verifier: challenge }), 'invalid_grant')
    await tokensOf(app.token(redemption))
  })

  it('is never issued without a challenge, so that no verifier can come without one', async () => {
    const visitor = new Visitor()
    await visitor.signIn()
    const { url } = await app.authorizationRequest({
      code_challenge: undefined,
      code_challenge_method: undefined,
    })
    const answer = new URL((await visitor.get(url)).headers.get('Location') as string)
    expect(answer.searchParams.get('error')).toBe('invalid_request')
    expect(answer.searchParams.has('code')).toBe(false)
  })

  it('is refused on another loopback port than the one it was sent to', async () => {
    const native = await OAuthClient.registered({ redirect_uris: ['http://127.0.0.1/callback'] })
    const redemption = await native.authorize(new Visitor(), {
      redirect_uri: 'http://127.0.0.1:5001/callback',
    })
    const elsewhere = { ...redemption, redirect_uri: 'http://127.0.0.1:5002/callback' }
    await expectRefusal(await native.token(elsewhere), 'invalid_grant')
    await tokensOf(native.token(redemption))
  })

  it('is refused after a minute', async () => {
    const redemption = await app.authorize(await newPerson())
    pass(60)
    await expectRefusal(await app.token(redemption), 'invalid_grant')
  })
})

describe('T5 RFC 8707 §2.2 a code for another resource than the one authorized', () => {
  it.each([
    ['another server', 'https://other.example/mcp'],
    ['another path', `${MCP_URL}2`],
    ['plain http', 'http://gatehouse.test/mcp'],
    ['a host that begins like ours', `${ORIGIN}.evil.test/mcp`],
    ['ours with a fragment', `${MCP_URL}#x`],
    ['no URI at all', 'mcp'],
    ['ours and another', [MCP_URL, 'https://other.example/mcp']],
  ])('is refused with invalid_target: %s; its owner can still redeem it', async (_what, resource) => {
    const redemption = await app.authorize(await newPerson())
    await expectRefusal(await app.token({ ...redemption, resource }), 'invalid_target')
    await tokensOf(app.token(redemption))
  })
})

/** One of each kind of secret that this server gives out, all of them genuine. */
async function everyKind() {
  const visitor = new Visitor()
  const tokens = await app.connect(visitor)
  const { url } = await app.authorizationRequest()
  const consent = await visitor.openConsent(url)
  const redemption = await app.authorize(visitor)
  const assertion = await new SignJWT({ iss: app.id, sub: app.id, aud: ORIGIN })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode('a secret of at least 32 characters'))
  return {
    redemption,
    tokens,
    values: {
      'a refresh token': tokens.refresh_token,
      'an access token': tokens.access_token,
      'a code': redemption.code,
      'the seal of a consent page': consent.seal,
      'a session cookie': visitor.cookies.get('__Host-session') as string,
      'a state': url.searchParams.get('state') as string,
      'an assertion': assertion,
      'a grant id alone': grantIdOf(tokens.refresh_token),
    },
  }
}

type Kind = keyof Awaited<ReturnType<typeof everyKind>>['values']

describe('T6 RFC 6749 §5.2 one kind of token in place of another', () => {
  it.each<Kind>([
    'a refresh token',
    'an access token',
    'the seal of a consent page',
    'a session cookie',
    'a state',
    'an assertion',
    'a grant id alone',
  ])('%s is no code', async (kind) => {
    const { redemption, tokens, values } = await everyKind()
    await expectRefusal(await app.token({ ...redemption, code: values[kind] }), 'invalid_grant')
    await tokensOf(app.token(redemption))
    await expectLive(app, tokens.refresh_token)
  })

  it.each<Kind>([
    'a code',
    'an access token',
    'the seal of a consent page',
    'a session cookie',
    'a state',
    'an assertion',
    'a grant id alone',
  ])('%s is no refresh token', async (kind) => {
    const { redemption, tokens, values } = await everyKind()
    await expectRefusal(await app.refresh(values[kind]), 'invalid_grant')
    await tokensOf(app.token(redemption))
    await expectLive(app, tokens.refresh_token)
  })

  it('the code that a grant began with is no refresh token of it', async () => {
    const redemption = await app.authorize(await newPerson())
    const tokens = await tokensOf(app.token(redemption))
    pass(11)
    await expectRefusal(await app.refresh(redemption.code), 'invalid_grant')
    await expectLive(app, tokens.refresh_token)
  })

  it('the refresh token that a code brought is no code of that grant', async () => {
    const redemption = await app.authorize(await newPerson())
    const tokens = await tokensOf(app.token(redemption))
    pass(11)
    await expectRefusal(await app.token({ ...redemption, code: tokens.refresh_token }), 'invalid_grant')
    await expectLive(app, tokens.refresh_token)
  })
})
