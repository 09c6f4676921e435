// Attacks on the token endpoint itself: rows T11, T13, T14, T18.
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClientObject, GrantObject } from '#worker'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import {
  expectLive,
  expectOver,
  expectRefusal,
  expectUnavailable,
  grantIdOf,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { form, MCP_URL, send } from '../support/worker.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const basic = (id: string, secret: string) => ({ Authorization: `Basic ${btoa(`${id}:${secret}`)}` })

describe('T11 RFC 6749 §2.3 client authentication', () => {
  let app: OAuthClient
  let other: OAuthClient
  let refresh_token: string

  beforeEach(async () => {
    app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_basic' })
    other = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_basic' })
    refresh_token = (await app.connect()).refresh_token
  })

  /** A refresh that is right in every way: credentials in the header alone. */
  const refresh = (fields: Record<string, string> = {}, headers = basic(app.id, app.secret as string)) =>
    send('/token', {
      method: 'POST',
      body: form({ grant_type: 'refresh_token', refresh_token, ...fields }),
      headers,
    })

  it('takes a secret in the Authorization header', async () => {
    await tokensOf(refresh())
  })

  it('is refused when header and body name two clients', async () => {
    await expectRefusal(await refresh({ client_id: other.id }), 'invalid_client', 401)
    await expectLive(app, refresh_token)
  })

  it('is refused when the secret comes in the header and in the body', async () => {
    const twice = { client_id: app.id, client_secret: app.secret as string }
    await expectRefusal(await refresh(twice), 'invalid_request')
    await expectLive(app, refresh_token)
  })

  it.each<[string, () => string]>([
    ["with another client's secret", () => basic(app.id, other.secret as string).Authorization],
    ['with an empty secret', () => basic(app.id, '').Authorization],
    ['with a secret and more', () => basic(app.id, `${app.secret}:more`).Authorization],
    ['without a colon', () => `Basic ${btoa(app.id)}`],
    ['that is not base64', () => 'Basic !'],
    ['of another scheme', () => `Bearer ${app.secret}`],
  ])('is refused with a challenge for a header %s', async (_what, authorization) => {
    const refused = await refresh({}, { Authorization: authorization() })
    expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Basic realm="/)
    await expectRefusal(refused, 'invalid_client', 401)
    await expectLive(app, refresh_token)
  })

  it.each([
    ['in the body', (id: string) => [{ client_id: id, client_secret: 'x'.repeat(43) }, {}] as const],
    ['in the header', (id: string) => [{ client_id: undefined }, basic(id, 'x'.repeat(43))] as const],
  ])('is refused for a public client that presents a secret %s', async (_where, credentials) => {
    const open = await OAuthClient.registered()
    const tokens = await open.connect()
    const [fields, headers] = credentials(open.id)
    const request = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...fields }
    await expectRefusal(await open.token(request, headers), 'invalid_client', 401)
    await expectLive(open, tokens.refresh_token)
  })

  it('gives no refresh token to a client that did not register for one, and takes none from it', async () => {
    const codeOnly = await OAuthClient.registered({ grant_types: ['authorization_code'] })
    expect(await codeOnly.connect()).not.toHaveProperty('refresh_token')
    await expectRefusal(await codeOnly.refresh(refresh_token), 'unauthorized_client')
    await expectLive(app, refresh_token)
  })

  it.each(['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])(
    'is refused for the grant type %s, for which it did not register',
    async (grant_type) => {
      await expectRefusal(await refresh({ grant_type }), 'unauthorized_client')
      await expectLive(app, refresh_token)
    },
  )

  it.each(['password', 'implicit', '__proto__', 'constructor', 'REFRESH_TOKEN'])(
    'is refused for the grant type %s',
    async (grant_type) => {
      await expectRefusal(await refresh({ grant_type }), 'unsupported_grant_type')
      await expectLive(app, refresh_token)
    },
  )
})

describe('T13 RFC 6749 §3.2 the form of a token request', () => {
  let app: OAuthClient
  let redemption: Awaited<ReturnType<OAuthClient['authorize']>> & { client_id: string }
  const FORM = 'application/x-www-form-urlencoded'

  beforeEach(async () => {
    app = await OAuthClient.registered()
    redemption = { client_id: app.id, ...(await app.authorize()) }
  })

  const post = (body: RequestInit['body'], type = FORM) =>
    send('/token', { method: 'POST', body: body ?? null, headers: { 'Content-Type': type } })
  const valid = () => form(redemption).toString()
  const bytes = (...parts: (string | number[])[]) =>
    new Uint8Array(
      parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)),
    )

  it('is right as these tests send it, also with a charset', async () => {
    await tokensOf(post(valid(), `${FORM}; charset=UTF-8`))
  })

  it.each<[string, number, () => Promise<Response>]>([
    ['JSON', 415, () => post(JSON.stringify(redemption), 'application/json')],
    ['a form that says it is JSON', 415, () => post(valid(), 'application/json')],
    ['a form that says it is text', 415, () => post(valid(), 'text/plain')],
    ['a multipart form', 415, () => post(valid(), 'multipart/form-data; boundary=x')],
    ['a body of 1 MB', 413, () => post(`${valid()}&filler=${'x'.repeat(1024 * 1024)}`)],
    ['a NUL byte', 400, () => post(`${valid()}&filler=\0`)],
    ['an escaped NUL byte', 400, () => post(`${valid()}&filler=%00`)],
    ['an escaped NUL byte in a name', 400, () => post(`${valid()}&fil%00ler=x`)],
    ['bytes that are not UTF-8', 400, () => post(bytes(valid(), '&filler=', [0xff, 0xfe]))],
    ['an overlong UTF-8 sequence', 400, () => post(bytes(valid(), '&filler=', [0xc0, 0xaf]))],
    ['escaped bytes that are not UTF-8', 400, () => post(`${valid()}&filler=%FF%FE`)],
    ['no body', 400, () => post('')],
  ])('is refused for %s with %i', async (_what, status, request) => {
    await expectRefusal(await request(), 'invalid_request', status)
    await tokensOf(post(valid()))
  })

  it.each(['grant_type', 'client_id', 'code', 'code_verifier', 'redirect_uri'] as const)(
    'is refused when %s is there twice, even with the same value',
    async (name) => {
      await expectRefusal(await post(`${valid()}&${form({ [name]: redemption[name] })}`), 'invalid_request')
      await tokensOf(post(valid()))
    },
  )

  it.each(['grant_type', 'client_id', 'code'] as const)('is refused without %s', async (name) => {
    await expectRefusal(await post(form({ ...redemption, [name]: undefined }).toString()), 'invalid_request')
    await tokensOf(post(valid()))
  })

  it('may name its resource twice (RFC 8707 §2)', async () => {
    await tokensOf(post(`${valid()}&${form({ resource: MCP_URL })}`))
  })
})

describe('T14 RFC 6749 §5.2 a client id that does not exist', () => {
  it.each<[string, (id: string) => string]>([
    ['made up', () => 'a-client'],
    ['empty of meaning but of the right form', () => '0'.repeat(64)],
    ['of a client, with one digit changed', (id) => (id.startsWith('0') ? '1' : '0') + id.slice(1)],
    ['of another kind of object', () => env.GRANTS.newUniqueId().toString()],
    ['of a client that never registered', () => env.CLIENTS.newUniqueId().toString()],
    ['in capitals', (id) => id.toUpperCase()],
    ['as long as a body may be', () => 'x'.repeat(60_000)],
  ])('is 401 invalid_client when it is %s', async (_what, change) => {
    const app = await OAuthClient.registered()
    const { refresh_token } = await app.connect()
    await expectRefusal(
      await app.refresh(refresh_token, { client_id: change(app.id) }),
      'invalid_client',
      401,
    )
    await expectLive(app, refresh_token)
  })
})

describe('T18 RFC 6749 §5.2 storage that does not answer at /token', () => {
  const broken = async () => {
    throw new Error('storage is down')
  }
  const kv = Object.getPrototypeOf(env.RECORDS) as KVNamespace
  let app: OAuthClient

  beforeEach(async () => {
    app = await OAuthClient.registered()
  })

  it.each(['redeem', 'refresh'] as const)(
    'is 503 when the grant fails to %s, and later it works',
    async (method) => {
      const { refresh_token } = await app.connect()
      const redemption = await app.authorize()
      const request = method === 'redeem' ? () => app.token(redemption) : () => app.refresh(refresh_token)
      const spy = vi.spyOn(GrantObject.prototype, method).mockImplementation(broken)
      await expectUnavailable(await request())
      expect(spy).toHaveBeenCalledOnce()
      spy.mockRestore()
      await tokensOf(request())
    },
  )

  it('gives the same successor to a client whose refresh was done but answered with 503', async () => {
    const { refresh_token } = await app.connect()
    const done = GrantObject.prototype.refresh
    let successors = 0
    const spy = vi.spyOn(GrantObject.prototype, 'refresh').mockImplementation(async function (
      this: GrantObject,
      event,
    ) {
      successors += (await done.call(this, event)).kind === 'rotated' ? 1 : 0
      return broken()
    })
    await expectUnavailable(await app.refresh(refresh_token))
    spy.mockRestore()
    pass(3 * 3600)
    const repeated = await tokensOf(app.refresh(refresh_token))
    expect(successors).toBe(1)
    await expectLive(app, repeated.refresh_token)
  })

  it.each<[string, () => unknown]>([
    ['fails', () => vi.spyOn(kv, 'get').mockImplementation(broken as never)],
    ['does not have it yet', () => vi.spyOn(kv, 'get').mockImplementation((async () => null) as never)],
  ])('is no matter when KV %s, since the client itself answers', async (_how, breakKv) => {
    const { refresh_token } = await app.connect()
    breakKv()
    await tokensOf(app.refresh(refresh_token))
  })

  it.each<[string, () => unknown]>([
    ['fails', () => vi.spyOn(kv, 'get').mockImplementation(broken as never)],
    ['does not have it yet', () => vi.spyOn(kv, 'get').mockImplementation((async () => null) as never)],
  ])('is 503 when KV %s and the client itself fails', async (_how, breakKv) => {
    const { refresh_token } = await app.connect()
    breakKv()
    vi.spyOn(ClientObject.prototype, 'read').mockImplementation(broken as never)
    await expectUnavailable(await app.refresh(refresh_token))
    vi.restoreAllMocks()
    await expectLive(app, refresh_token)
  })

  it.each(['put', 'delete'] as const)(
    'refuses a thief when KV cannot %s, and updates KV later',
    async (method) => {
      const first = await app.connect()
      const second = await tokensOf(app.refresh(first.refresh_token))
      const third = await tokensOf(app.refresh(second.refresh_token))
      pass(121)
      const spy = vi.spyOn(kv, method).mockImplementation(broken as never)
      await expectRefusal(await app.refresh(first.refresh_token), 'invalid_grant')
      await expectRefusal(await app.refresh(third.refresh_token), 'invalid_grant')
      expect(spy).toHaveBeenCalled()
      spy.mockRestore()
      pass(30)
      const grant = env.GRANTS.get(env.GRANTS.idFromString(grantIdOf(first.refresh_token)))
      expect(await runDurableObjectAlarm(grant)).toBe(true)
      expect(await env.RECORDS.get(`grant:${grant.id}`)).toBeNull()
      await expectOver(app, third)
    },
  )

  it('needs no KV write', async () => {
    const { refresh_token } = await app.connect()
    const redemption = await app.authorize()
    const spies = (['put', 'delete'] as const).map((method) =>
      vi.spyOn(kv, method).mockImplementation(broken as never),
    )
    await tokensOf(app.token(redemption))
    const { access_token } = await tokensOf(app.refresh(refresh_token))
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })
})
