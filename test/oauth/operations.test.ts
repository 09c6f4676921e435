// What each step costs in storage, counted on the real bindings. The free plan allows 1,000 KV writes a day.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AccountObject, ClientObject, GrantObject } from '../../src/index.ts'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'
import { send } from '../support/worker.ts'

const counts = { kvReads: 0, kvWrites: 0, grantCalls: 0, clientCalls: 0, accountCalls: 0 }

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

beforeEach(() => {
  const kv = Object.getPrototypeOf(env.RECORDS)
  count(kv, ['get', 'getWithMetadata', 'list'], 'kvReads')
  count(kv, ['put', 'delete'], 'kvWrites')
  count(
    GrantObject.prototype,
    ['open', 'redeem', 'refresh', 'confirm', 'revoke', 'clientOf', 'describe'],
    'grantCalls',
  )
  count(
    ClientObject.prototype,
    ['register', 'read', 'approve', 'published', 'manages', 'update', 'remove'],
    'clientCalls',
  )
  count(
    AccountObject.prototype,
    ['signIn', 'addGrant', 'forgetGrant', 'grantIds', 'activity', 'epoch', 'signOutEverywhere'],
    'accountCalls',
  )
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
    const once = { kvWrites: 0, kvReads: 1, grantCalls: 1, clientCalls: 0, accountCalls: 0 }
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
    const nothing = { kvReads: 0, kvWrites: 0, grantCalls: 0, clientCalls: 0, accountCalls: 0 }
    expect(await cost(async () => [await call(), await call(), await call()])).toEqual(nothing)
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
