// RFC 7662 token introspection: what a resource server elsewhere learns, and what everybody else does not.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { expectRefusal, expectUnavailable, pass, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { form, MCP_URL, ORIGIN, send } from '../support/worker.ts'

const INACTIVE = { active: false }

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

interface Caller {
  readonly id: string
  readonly secret: string | undefined
}

function ask({ id, secret }: Caller, token: string | undefined): Promise<Response> {
  return send('/introspect', { method: 'POST', body: form({ client_id: id, client_secret: secret, token }) })
}

async function told(caller: Caller, token: string): Promise<object> {
  const answer = await ask(caller, token)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('Cache-Control')).toBe('no-store')
  return answer.json()
}

const resourceServer = () => Machine.owned({ introspects: true, scopes: [] })
const confidential = () => OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_post' })

describe('RFC 7662 introspection', () => {
  it('tells a resource server what a token is for', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect()
    expect(await told(await resourceServer(), access_token)).toEqual({
      active: true,
      scope: 'notes:read notes:write',
      client_id: app.id,
      username: 'Owner',
      token_type: 'Bearer',
      exp: expect.any(Number),
      sub: expect.stringMatching(/^user_/),
      aud: MCP_URL,
      iss: ORIGIN,
    })
  })

  it('tells a client of its own tokens, and nothing of others', async () => {
    const [app, other] = [await confidential(), await confidential()]
    const { access_token } = await app.connect()
    expect(await told(app, access_token)).toMatchObject({ active: true, client_id: app.id })
    expect(await told(other, access_token)).toEqual(INACTIVE)
    expect(await told(await Machine.owned(), access_token)).toEqual(INACTIVE)
  })

  it('tells of a revocation at once', async () => {
    const app = await confidential()
    const { access_token, refresh_token } = await app.connect()
    const server = await resourceServer()
    expect(await told(server, access_token)).toMatchObject({ active: true })
    await app.revoke(refresh_token)
    expect(await told(server, access_token)).toEqual(INACTIVE)
    expect(await told(app, access_token)).toEqual(INACTIVE)
  })

  it('tells of a machine that the owner has removed', async () => {
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    expect(await told(machine, access_token)).toMatchObject({ active: true, sub: machine.id })
    await env.RECORDS.put(revokedClientKey(machine.id), 'removed')
    expect(await told(await resourceServer(), access_token)).toEqual(INACTIVE)
  })

  it('says of a token that has expired that it is not active', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const { access_token } = await tokensOf((await Machine.owned()).token())
    pass(3601)
    expect(await told(await resourceServer(), access_token)).toEqual(INACTIVE)
  })

  it('says the same of refresh tokens, codes and any other text', async () => {
    const app = await confidential()
    const { code } = await app.authorize()
    const { refresh_token, access_token } = await app.connect()
    const server = await resourceServer()
    for (const token of [refresh_token, code, 'text', `${access_token}x`, 'x'.repeat(10_000)]) {
      expect(await told(server, token)).toEqual(INACTIVE)
      expect(await told(app, token)).toEqual(INACTIVE)
    }
  })

  it('tells nothing to anyone who does not prove who they are', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect()
    await expectRefusal(await ask({ id: app.id, secret: undefined }, access_token), 'unauthorized_client')
    const server = await resourceServer()
    await expectRefusal(await ask({ id: server.id, secret: 'wrong' }, access_token), 'invalid_client', 401)
    await expectRefusal(await ask({ id: server.id, secret: undefined }, access_token), 'invalid_client', 401)
    await expectRefusal(await ask(server, undefined), 'invalid_request')
  })

  it('does not call a token inactive while storage does not answer', async () => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    const server = await resourceServer()
    const kv = Object.getPrototypeOf(env.RECORDS)
    const { get } = kv
    vi.spyOn(kv, 'get').mockImplementation(function (this: unknown, ...args: unknown[]) {
      if (String(args[0]).startsWith('revoked:')) return Promise.reject(new Error('storage is down'))
      return get.apply(this, args)
    })
    await expectUnavailable(await ask(server, access_token))
  })
})
