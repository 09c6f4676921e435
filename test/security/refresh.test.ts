// Attacks on refresh tokens: rows T7 to T10, T12, T15 to T17.
import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { base64url, decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GrantObject } from '#worker'
import { callTool, OAuthClient, type Tokens } from '../support/oauth-client.ts'
import {
  expectLive,
  expectOver,
  expectRefusal,
  grantIdOf,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'

type Fields = Record<string, string | readonly string[] | undefined>

const GRACE_SECONDS = 120
const HOUR = 3600

let app: OAuthClient
let tokens: Tokens

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  app = await OAuthClient.registered()
  tokens = await app.connect()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const grantOf = (handle: string) => env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(handle)))

/**
 * Uses an access token. The confirmation is sent behind the answer; since calls to one object keep their order, it
 * has arrived once the next call is answered.
 */
async function useAtMcp({ access_token, refresh_token }: Tokens): Promise<void> {
  expect((await callTool(access_token, 'whoami')).status).toBe(200)
  await grantOf(refresh_token).describe()
}

const rotate = () => tokensOf(app.refresh(tokens.refresh_token))

/** The two ways in which a client shows that it holds the answer to a refresh. Each returns its newest tokens. */
const CONFIRMATIONS: [string, (successor: Tokens) => Promise<Tokens>][] = [
  ['was presented at /token', (successor) => tokensOf(app.refresh(successor.refresh_token))],
  [
    'came with an access token that /mcp accepted',
    async (successor) => {
      await useAtMcp(successor)
      return successor
    },
  ],
]

async function expectTheft(stolen: Tokens, current: Tokens, fields: Fields = {}): Promise<void> {
  const log = listenToLog()
  await expectRefusal(await app.refresh(stolen.refresh_token, fields), 'invalid_grant')
  const grant = grantIdOf(current.refresh_token)
  expect(log()).toContainEqual(expect.objectContaining({ event: 'token.replayed', grant }))
  expect(log()).toContainEqual(
    expect.objectContaining({ event: 'grant.revoked', grant, reason: 'token_replayed' }),
  )
  await expectOver(app, current)
}

describe('T7 RFC 6749 §6 fifty refreshes with one token at once', () => {
  it('get one and the same successor, access tokens that all work, and a next refresh that works for all', async () => {
    const refreshFifty = async (token: string) => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => app.refresh(token)))
      return Promise.all(answers.map(tokensOf))
    }
    const first = await refreshFifty(tokens.refresh_token)
    const [successor, ...others] = new Set(first.map(({ refresh_token }) => refresh_token))
    expect(others).toEqual([])
    const calls = await Promise.all(first.map(({ access_token }) => callTool(access_token, 'whoami')))
    expect(calls.map(({ status }) => status)).toEqual(first.map(() => 200))
    const next = await refreshFifty(successor as string)
    expect(new Set(next.map(({ refresh_token }) => refresh_token)).size).toBe(1)
    await expectLive(app, next[0]?.refresh_token as string)
  })
})

describe('T8 RFC 9700 §4.14.2 a superseded refresh token whose successor is confirmed', () => {
  it.each(CONFIRMATIONS)(
    'is answered with the current token for two minutes: the successor %s',
    async (_how, confirm) => {
      const successor = await rotate()
      const current = await confirm(successor)
      pass(GRACE_SECONDS)
      expect((await rotate()).refresh_token).toBe(current.refresh_token)
      await expectLive(app, current.refresh_token)
    },
  )

  it.each(CONFIRMATIONS)('revokes the grant after that: the successor %s', async (_how, confirm) => {
    const current = await confirm(await rotate())
    pass(GRACE_SECONDS + 1)
    await expectTheft(tokens, current)
  })

  it('revokes the grant however long ago it was superseded', async () => {
    const current = await tokensOf(app.refresh((await rotate()).refresh_token))
    pass(20 * 24 * HOUR)
    const newest = await tokensOf(app.refresh(current.refresh_token))
    pass(20 * 24 * HOUR)
    await expectTheft(tokens, newest)
  })

  it('confirms at the next call when the grant did not answer at the first', async () => {
    const successor = await rotate()
    vi.spyOn(GrantObject.prototype, 'confirm').mockImplementationOnce(() => {
      throw new Error('overloaded')
    })
    await useAtMcp(successor)
    await useAtMcp(successor)
    pass(GRACE_SECONDS + 1)
    await expectTheft(tokens, successor)
  })
})

describe('T9 RFC 9700 §4.14.2 the same with the grant taken out of memory between any two steps', () => {
  describe.each([
    ['evicted', (handle: string) => evictDurableObject(grantOf(handle))],
    ['aborted', () => abortAllDurableObjects()],
  ])('%s', (_how, forget) => {
    it('still knows theft of a refresh token', async () => {
      await forget(tokens.refresh_token)
      const successor = await rotate()
      await forget(tokens.refresh_token)
      const current = await tokensOf(app.refresh(successor.refresh_token))
      await forget(tokens.refresh_token)
      pass(GRACE_SECONDS + 1)
      await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
      await forget(tokens.refresh_token)
      await expectOver(app, current)
    })

    it('still knows a token whose time to be forgiven was over before', async () => {
      const successor = await tokensOf(app.refresh((await rotate()).refresh_token))
      pass(GRACE_SECONDS + 1)
      const current = await tokensOf(app.refresh(successor.refresh_token))
      await forget(tokens.refresh_token)
      await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
      await forget(tokens.refresh_token)
      await expectOver(app, current)
    })

    it('still knows an access token that confirmed a rotation', async () => {
      const successor = await rotate()
      await useAtMcp(successor)
      await forget(tokens.refresh_token)
      pass(GRACE_SECONDS + 1)
      await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_grant')
      await forget(tokens.refresh_token)
      await expectOver(app, successor)
    })

    it('still repeats a lost answer', async () => {
      const lost = await rotate()
      await forget(tokens.refresh_token)
      expect((await rotate()).refresh_token).toBe(lost.refresh_token)
    })

    it('still redeems a code once', async () => {
      const redemption = await app.authorize()
      await forget(redemption.code)
      const redeemed = await tokensOf(app.token(redemption))
      await forget(redemption.code)
      pass(11)
      await expectRefusal(await app.token(redemption), 'invalid_grant')
      await forget(redemption.code)
      await expectOver(app, redeemed)
    })
  })
})

describe('T10 RFC 6749 §6 a refresh token in the hands of another client', () => {
  it('is refused with invalid_grant, and the grant is untouched', async () => {
    const thief = await OAuthClient.registered()
    await expectRefusal(await thief.refresh(tokens.refresh_token), 'invalid_grant')
    await expectLive(app, tokens.refresh_token)
  })

  it('is refused when it is a superseded one, and the grant is untouched', async () => {
    const thief = await OAuthClient.registered()
    const current = await tokensOf(app.refresh((await rotate()).refresh_token))
    pass(GRACE_SECONDS + 1)
    await expectRefusal(await thief.refresh(tokens.refresh_token), 'invalid_grant')
    await expectLive(app, current.refresh_token)
  })

  it.each([
    ['no secret', undefined],
    ['a wrong secret', 'x'.repeat(43)],
    ['an empty secret', ''],
  ])(
    'is refused with invalid_client when its client presents %s, and the grant is untouched',
    async (_what, client_secret) => {
      const confidential = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })
      const { refresh_token } = await confidential.connect()
      await expectRefusal(await confidential.refresh(refresh_token, { client_secret }), 'invalid_client', 401)
      await expectLive(confidential, refresh_token)
    },
  )
})

describe('T12 RFC 6749 §6 the scope of a refresh', () => {
  it.each([
    ['that exists but was not granted', 'notes:read notes:write'],
    ['that does not exist', 'notes:read root:everything'],
  ])(
    'is refused with invalid_scope when it names one %s, and the grant is untouched',
    async (_what, scope) => {
      const narrow = await app.connect(undefined, { scope: 'notes:read' })
      await expectRefusal(await app.refresh(narrow.refresh_token, { scope }), 'invalid_scope')
      expect(await expectLive(app, narrow.refresh_token)).toMatchObject({ scope: 'notes:read' })
    },
  )

  it('may be narrower, for that access token alone', async () => {
    const narrow = await tokensOf(app.refresh(tokens.refresh_token, { scope: 'notes:read' }))
    expect(narrow.scope).toBe('notes:read')
    expect((await callTool(narrow.access_token, 'list_notes')).status).toBe(200)
    expect((await callTool(narrow.access_token, 'add_note', { text: 'a note' })).status).toBe(403)
    const wide = await tokensOf(app.refresh(narrow.refresh_token))
    expect(wide.scope).toBe('notes:read notes:write')
    expect((await callTool(wide.access_token, 'add_note', { text: 'a note' })).status).toBe(200)
  })
})

describe('T15 RFC 9700 §4.14.2 a refresh whose answer was lost', () => {
  it('is answered with the same successor three hours later', async () => {
    const lost = await rotate()
    pass(3 * HOUR)
    const repeated = await rotate()
    expect(repeated.refresh_token).toBe(lost.refresh_token)
    await expectLive(app, repeated.refresh_token)
  })

  it('is answered so although the access token from before it is still in use', async () => {
    const lost = await rotate()
    await useAtMcp(tokens)
    pass(3 * HOUR)
    expect((await rotate()).refresh_token).toBe(lost.refresh_token)
  })

  it('is theft once the successor has been seen after all', async () => {
    await rotate()
    pass(3 * HOUR)
    const current = await tokensOf(app.refresh((await rotate()).refresh_token))
    await expectTheft(tokens, current)
  })
})

describe('T16 RFC 9700 §4.14.2 a stolen, superseded token with a request that is wrong in another way, too', () => {
  it.each<[string, Fields]>([
    ['a scope that was not granted', { scope: 'notes:read root:everything' }],
    ['another resource', { resource: 'https://other.example/mcp' }],
  ])('ends the grant before %s is looked at', async (_what, fields) => {
    const current = await tokensOf(app.refresh((await rotate()).refresh_token))
    pass(GRACE_SECONDS + 1)
    await expectTheft(tokens, current, fields)
  })

  it('and a current token with another resource is refused with invalid_target, the grant untouched', async () => {
    const resource = 'https://other.example/mcp'
    await expectRefusal(await app.refresh(tokens.refresh_token, { resource }), 'invalid_target')
    await expectLive(app, tokens.refresh_token)
  })
})

describe('T17 RFC 6749 §10.10 guessed secrets on the id of a real grant', () => {
  it('are refused a thousand times, from its own client and from others, and the grant is untouched', async () => {
    const others = await Promise.all(Array.from({ length: 9 }, () => OAuthClient.registered()))
    // A hundred each: below the limit of requests for one client and grant.
    for (const guesser of [app, ...others]) {
      const guesses = Array.from(
        { length: 100 },
        () => `${grantIdOf(tokens.refresh_token)}.${randomSecret()}`,
      )
      const answers = await Promise.all(guesses.map((guess) => guesser.refresh(guess)))
      for (const answer of answers) await expectRefusal(answer, 'invalid_grant')
    }
    const { access_token } = await expectLive(app, tokens.refresh_token)
    expect(decodeJwt(access_token)).toMatchObject({ gen: 1 })
  })

  const randomSecret = () => base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
})
