// What each step costs in storage, counted on the real bindings. The free plan allows 1,000 KV writes a day.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callTool, OAuthClient, register } from '../support/oauth-client.ts'
import { OperationCounter, type Operations } from '../support/operations.ts'
import { tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, send } from '../support/worker.ts'

let counter: OperationCounter

beforeEach(async () => {
  counter = await OperationCounter.install()
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** What is asked of others, beside the Worker. */
type Asked = Omit<Operations, 'requests' | 'rowsWritten' | 'byBinding'>

const NOTHING: Asked = { kvReads: 0, kvWrites: 0, kvDeletes: 0, kvLists: 0, objectRequests: 0, fetches: 0 }

/** What one step asks of others, with what goes on after its answers. */
async function cost(step: () => Promise<unknown>): Promise<Asked> {
  const { requests: _, rowsWritten: __, byBinding: ___, ...asked } = (await counter.count(step)).cost
  return asked
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
    let redemption = {}
    const authorize = async () => {
      redemption = await app.authorize()
    }
    await cost(authorize)
    const once = { ...NOTHING, kvReads: 1, objectRequests: 1 }
    let refreshToken = ''
    const redeem = async () => {
      refreshToken = (await tokensOf(app.token(redemption))).refresh_token
    }
    expect(await cost(redeem)).toEqual(once)
    expect(await cost(() => app.refresh(refreshToken))).toEqual(once)
  })

  it('a tool call costs nothing in steady state', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect()
    const call = () => callTool(access_token, 'whoami')
    // The first call in an isolate looks for a revocation and tells the grant that its token arrived.
    expect(await cost(call)).toEqual({ ...NOTHING, kvReads: 1, objectRequests: 1 })
    expect(await cost(async () => [await call(), await call(), await call()])).toEqual(NOTHING)
  })

  it('an uptime check costs nothing, says nothing of the server, and fails with its settings', async () => {
    const check = async () => {
      const answer = await send('/healthz')
      expect([answer.status, await answer.text()]).toEqual([200, '{"status":"ok"}'])
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
    }
    expect(await cost(check)).toEqual(NOTHING)
    configure({ SCOPE_CEILINGS: 'no rule' })
    const lines = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect((await send('/healthz')).status).toBe(500)
    expect(lines).toHaveBeenCalled()
    configure()
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
      tokens = await tokensOf(app.token(redemption))
    }
    const refresh = async () => {
      tokens = await tokensOf(app.refresh(tokens.refresh_token))
    }
    const call = () => callTool(tokens.access_token, 'whoami')
    // The first call with a token of a rotation tells the grant that it arrived, after it was answered.
    const steps: [() => Promise<unknown>, Partial<Asked>][] = [
      // The requests to the directory and the audit object follow the answers.
      [authorize, { kvWrites: 2, objectRequests: 14 }],
      // One more than the first time: to the grant that the person gave before.
      [authorize, { kvWrites: 1, objectRequests: 9 }],
      [redeem, { kvReads: 1, objectRequests: 1 }],
      [call, { kvReads: 1, objectRequests: 1 }],
      [call, {}],
      [refresh, { kvReads: 1, objectRequests: 1 }],
      [call, { objectRequests: 1 }],
      [call, {}],
    ]
    for (const [step, expected] of steps) expect(await cost(step)).toEqual({ ...NOTHING, ...expected })
  })
})
