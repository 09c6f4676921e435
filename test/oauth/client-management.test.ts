// RFC 7592: a client that reads, changes or ends its own registration.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { callTool, OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import { expectInvalidToken, expectLive, expectRefusal, pass, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { ORIGIN, send } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

interface Registration {
  readonly client_id: string
  readonly client_secret?: string
  readonly registration_access_token: string
  readonly registration_client_uri: string
}

async function registered(metadata: object = {}): Promise<Registration> {
  return (await register({ client_name: 'An app', ...metadata })).json()
}

function manage(
  { registration_client_uri, registration_access_token }: Registration,
  method: string,
  body?: object,
  token = registration_access_token,
): Promise<Response> {
  return send(registration_client_uri, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
}

const replacement = ({ client_id }: Registration, changes: object = {}) => ({
  client_id,
  client_name: 'Another name',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  ...changes,
})

describe('RFC 7592 client configuration', () => {
  it('shows a client what it has registered, without its secret', async () => {
    const client = await registered({ token_endpoint_auth_method: 'client_secret_post' })
    const {
      client_secret: _,
      client_secret_expires_at: __,
      ...known
    } = client as Registration & Record<string, unknown>
    expect(await (await manage(client, 'GET')).json()).toEqual(known)
  })

  it('replaces all of it; what is left out is gone', async () => {
    const client = await registered({ client_uri: 'https://client.example' })
    const changed = await (await manage(client, 'PUT', replacement(client))).json<Record<string, unknown>>()
    expect(changed).toMatchObject({ client_id: client.client_id, client_name: 'Another name' })
    expect(changed).not.toHaveProperty('client_uri')
    expect(await (await manage(client, 'GET')).json()).toEqual(changed)
  })

  it('gives a secret to a client that begins to use one, and takes it from one that stops', async () => {
    const client = await registered()
    const post = replacement(client, { token_endpoint_auth_method: 'client_secret_post' })
    const changed = await (await manage(client, 'PUT', post)).json<Registration>()
    expect(changed.client_secret).toMatch(/^[\w-]{43}$/)
    const again = await (
      await manage(client, 'PUT', { ...post, client_secret: changed.client_secret })
    ).json()
    expect(again).not.toHaveProperty('client_secret')
    const back = await (await manage(client, 'PUT', replacement(client))).json()
    expect(back).not.toHaveProperty('client_secret')
  })

  it('ends a client for good', async () => {
    const client = await registered()
    expect((await manage(client, 'DELETE')).status).toBe(204)
    await expectRefusal(await manage(client, 'GET'), 'invalid_token', 401)
    const request = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client.client_id }
    const answer = await send('/token', { method: 'POST', body: new URLSearchParams(request) })
    await expectRefusal(answer, 'invalid_client', 401)
  })

  it.each<[string, (client: Registration, other: Registration) => Promise<Response>]>([
    ['no token', (client) => send(client.registration_client_uri)],
    ['a wrong token', (client) => manage(client, 'GET', undefined, 'x'.repeat(43))],
    [
      'the token of another client',
      (client, other) => manage(client, 'DELETE', undefined, other.registration_access_token),
    ],
    [
      'a client that is not there',
      (client) =>
        manage({ ...client, registration_client_uri: `${ORIGIN}/register/${'a'.repeat(64)}` }, 'GET'),
    ],
    [
      'an id that is none',
      (client) => manage({ ...client, registration_client_uri: `${ORIGIN}/register/x` }, 'GET'),
    ],
    [
      'the hostname of another server',
      (client) =>
        manage(
          {
            ...client,
            registration_client_uri: client.registration_client_uri.replace(ORIGIN, 'https://other.test'),
          },
          'GET',
        ),
    ],
  ])('is refused with %s', async (_, request) => {
    const client = await registered()
    await expectRefusal(await request(client, await registered()), 'invalid_token', 401)
    expect((await manage(client, 'GET')).status).toBe(200)
  })

  it.each<[string, object]>([
    ['another client_id', { client_id: 'another' }],
    ['no client_id', { client_id: undefined }],
    ['a secret that is not its own', { client_secret: 'guessed' }],
    ['a token of its own choice', { registration_access_token: 'mine' }],
    ['a time of its own choice', { client_id_issued_at: 1 }],
    ['the right to act for itself', { grant_types: ['client_credentials'] }],
  ])('is not replaced with %s', async (_, changes) => {
    const client = await registered()
    await expectRefusal(await manage(client, 'PUT', replacement(client, changes)), 'invalid_client_metadata')
  })

  it('ends what people gave to the client, and to no other', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const client = await registered()
    const other = await OAuthClient.registered()
    const kept = await other.connect()
    const app = await OAuthClient.described(client.client_id)
    const tokens = [await app.connect(), await app.connect(await Visitor.as('Ada'))]
    expect((await manage(client, 'DELETE')).status).toBe(204)
    pass(120)
    for (const { access_token } of tokens) expectInvalidToken(await callTool(access_token, 'whoami'))
    await expectLive(other, kept.refresh_token)
  })

  it('lists nothing for a client that nobody has approved', async () => {
    const client = await registered()
    const list = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'list')
    expect((await manage(client, 'DELETE')).status).toBe(204)
    expect(list).not.toHaveBeenCalled()
  })

  it('reaches the copy that the token endpoint reads', async () => {
    const client = await registered()
    const app = await OAuthClient.described(client.client_id)
    const { refresh_token } = await tokensOf(app.token(await app.authorize()))
    expect((await app.refresh(refresh_token)).status).toBe(200)
    const post = replacement(client, { token_endpoint_auth_method: 'client_secret_post' })
    expect((await manage(client, 'PUT', post)).status).toBe(200)
    await expectRefusal(await app.refresh(refresh_token), 'invalid_client', 401)
  })

  it('reaches a copy of which the object was never told that it is written', async () => {
    const client = await registered()
    const object = env.CLIENTS.get(env.CLIENTS.idFromString(client.client_id))
    await object.approve(Date.now() + 60_000)
    const copy = `client:${client.client_id}`
    await env.RECORDS.put(copy, JSON.stringify(await object.read()))
    expect((await manage(client, 'PUT', replacement(client))).status).toBe(200)
    expect(await env.RECORDS.get(copy, 'json')).toMatchObject({ metadata: { client_name: 'Another name' } })
  })
})
