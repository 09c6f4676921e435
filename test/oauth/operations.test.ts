// What each step costs in storage, counted on the real bindings. The free plan allows 1,000 KV writes a day.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AccountObject } from '../../src/account/object.ts'
import { ClientObject, GrantObject, LegacySession, Notebook, SeenObject } from '../../src/index.ts'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, send } from '../support/worker.ts'

const NOTHING = {
  kvReads: 0,
  kvWrites: 0,
  grantCalls: 0,
  clientCalls: 0,
  accountCalls: 0,
  otherCalls: 0,
  /** Requests to somebody else. */
  fetches: 0,
}
const counts = { ...NOTHING }

function count(target: object, methods: readonly string[], name: keyof typeof counts): void {
  for (const method of methods) {
    const original = Reflect.get(target, method) as (...args: unknown[]) => unknown
    vi.spyOn(target as Record<string, typeof original>, method).mockImplementation(function (
      this: unknown,
      ...args
    ) {
      counts[name]++
      return original.apply(this, args)
    })
  }
}

/** Whatever can be asked of an object. */
function methodsOf(prototype: object): string[] {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(prototype))
  return properties.flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' ? [name] : [],
  )
}

beforeEach(() => {
  const kv = Object.getPrototypeOf(env.RECORDS)
  count(kv, ['get', 'getWithMetadata', 'list'], 'kvReads')
  count(kv, ['put', 'delete'], 'kvWrites')
  count(GrantObject.prototype, methodsOf(GrantObject.prototype), 'grantCalls')
  count(ClientObject.prototype, methodsOf(ClientObject.prototype), 'clientCalls')
  count(AccountObject.prototype, methodsOf(AccountObject.prototype), 'accountCalls')
  for (const { prototype } of [SeenObject, Notebook, Object.getPrototypeOf(LegacySession)]) {
    count(prototype, methodsOf(prototype), 'otherCalls')
  }
  count(globalThis, ['fetch'], 'fetches')
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** What one step costs. */
async function cost(step: () => Promise<unknown>): Promise<typeof counts> {
  const before = { ...counts }
  await step()
  return Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [name, value - before[name as keyof typeof counts]]),
  ) as typeof counts
}

describe('storage operations', () => {
  it('sign-in writes KV twice the first time that a client is approved, then once', async () => {
    const app = await OAuthClient.registered()
    const person = new Visitor()
    expect(await cost(() => app.authorize(person))).toMatchObject({ kvWrites: 2, kvReads: 0 })
    expect(await cost(() => app.authorize(person))).toMatchObject({ kvWrites: 1, kvReads: 0 })
  })

  it('a redemption and a refresh write nothing to KV, read at most the client, and ask the grant once', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const once = { ...NOTHING, kvReads: 1, grantCalls: 1 }
    let refreshToken = ''
    const redeem = async () => {
      refreshToken = ((await (await app.token(redemption)).json()) as { refresh_token: string }).refresh_token
    }
    expect(await cost(redeem)).toEqual(once)
    expect(await cost(() => app.refresh(refreshToken))).toEqual(once)
  })

  it('a tool call costs nothing in steady state', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect()
    const call = () => callTool(access_token, 'whoami')
    // The first call in an isolate looks for a revocation and tells the grant that its token arrived.
    const before = counts.grantCalls
    expect(await cost(call)).toMatchObject({ kvReads: 1, kvWrites: 0 })
    await vi.waitFor(() => expect(counts.grantCalls).toBe(before + 1))
    expect(await cost(async () => [await call(), await call(), await call()])).toEqual(NOTHING)
  })

  it('anonymous requests write nothing to KV', async () => {
    const { client_id } = (await (await register()).json()) as { client_id: string }
    const anonymous = async () => {
      for (const path of ['/', '/login', '/account', '/jwks', `/authorize?client_id=${client_id}`])
        await send(path)
      await register()
      await callTool(undefined, 'whoami')
      await new Visitor().signIn('/account', 'wrong')
      await (await OAuthClient.registered()).token({ grant_type: 'refresh_token', refresh_token: 'made up' })
    }
    expect(await cost(anonymous)).toMatchObject({ kvWrites: 0 })
  })
})

describe('docs/enterprise.md', () => {
  const issuer = 'https://login.gatehouse-tests.dev'
  const jwks_uri = `${issuer}/jwks`
  const everything = {
    AUTHORIZATION_SERVERS: [{ issuer }],
    KEEP_OWN_AUTHORIZATION_SERVER: 'true',
    IDENTITY_ASSERTION_ISSUERS: [{ issuer, jwks_uri }],
    WORKLOADS: [{ name: 'CI', issuer, jwks_uri, subject: 'job', scopes: ['notes:read'] }],
  }

  afterEach(() => {
    configure()
  })

  it.each<[string, object | undefined]>([
    ['uses none of it', undefined],
    ['uses all of it', everything],
  ])('costs people and their apps nothing, where the deployment %s', async (_what, settings) => {
    configure(settings)
    const app = await OAuthClient.registered()
    const person = new Visitor()
    let redemption = {}
    let tokens = { access_token: '', refresh_token: '' }
    const authorize = async () => {
      redemption = await app.authorize(person)
    }
    const redeem = async () => {
      tokens = await (await app.token(redemption)).json()
    }
    const refresh = async () => {
      tokens = await (await app.refresh(tokens.refresh_token)).json()
    }
    const call = () => callTool(tokens.access_token, 'whoami')
    // The first call with a token of a rotation tells the grant that it arrived, after it was answered.
    const arrive = async () => {
      const before = counts.grantCalls
      await call()
      await vi.waitFor(() => expect(counts.grantCalls).toBe(before + 1))
    }
    const steps: [() => Promise<unknown>, Partial<typeof counts>][] = [
      [authorize, { kvWrites: 2, grantCalls: 1, clientCalls: 5, accountCalls: 5 }],
      [authorize, { kvWrites: 1, grantCalls: 1, clientCalls: 3, accountCalls: 3 }],
      [redeem, { kvReads: 1, grantCalls: 1 }],
      [arrive, { kvReads: 1, grantCalls: 1 }],
      [call, {}],
      [refresh, { kvReads: 1, grantCalls: 1 }],
      [arrive, { grantCalls: 1 }],
      [call, {}],
    ]
    for (const [step, expected] of steps) expect(await cost(step)).toEqual({ ...NOTHING, ...expected })
  })
})
