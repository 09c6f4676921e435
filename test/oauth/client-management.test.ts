// RFC 7592: a client that reads, changes or ends its own registration.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Client } from '#engine/oauth/clients/client.ts'
import { approveClient } from '#engine/oauth/clients/registration-store.ts'
import { ClientObject } from '#worker'
import { callTool, OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectLive,
  expectRefusal,
  expectUnavailable,
  pass,
  tokensOf,
} from '../support/outcome.ts'
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

function copyOf({ client_id }: Registration): Promise<unknown> {
  return env.RECORDS.get(`client:${client_id}`, 'json')
}

async function expectCopy(client: Registration, client_name: string): Promise<void> {
  await vi.waitFor(
    async () => expect(await copyOf(client)).toMatchObject({ metadata: { client_name } }),
    10_000,
  )
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

  it('lists nothing for a client that no user has approved', async () => {
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

  it('is soon in KV again as it is by then, where the owner sees it', async () => {
    const client = await registered()
    const app = await OAuthClient.described(client.client_id)
    const { refresh_token } = await app.connect()
    expect((await manage(client, 'PUT', replacement(client))).status).toBe(200)
    expect(await copyOf(client)).toBeNull()
    await expectLive(app, refresh_token)
    await expectCopy(client, 'Another name')
  })

  it('spends no deletion of KV on a client that no user has approved', async () => {
    const client = await registered()
    const remove = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'delete')
    expect((await manage(client, 'PUT', replacement(client))).status).toBe(200)
    expect((await manage(client, 'DELETE')).status).toBe(204)
    expect(remove).not.toHaveBeenCalled()
  })

  it('is slowed when it is asked too often', async () => {
    const client = await registered()
    const answers = await Promise.all(Array.from({ length: 60 }, () => manage(client, 'GET')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
  })

  it('ends more than one request can end by being asked again, and is there until then', async () => {
    const client = await registered()
    await (await OAuthClient.described(client.client_id)).connect()
    const object = env.CLIENTS.get(env.CLIENTS.idFromString(client.client_id))
    const endsAt = Date.now() + 3_600_000
    for (let n = 0; n < 101; n++) await object.approve(endsAt, env.GRANTS.newUniqueId().toString())
    await expectUnavailable(await manage(client, 'DELETE'))
    expect((await manage(client, 'GET')).status).toBe(200)
    expect((await manage(client, 'DELETE')).status).toBe(204)
  })
})

describe('R10 a change of a client', () => {
  const objectOf = ({ client_id }: Registration) => env.CLIENTS.get(env.CLIENTS.idFromString(client_id))
  const later = () => Date.now() + 24 * 60 * 60 * 1000
  const approve = async (client: Registration, as?: Client) =>
    approveClient(env, as ?? ((await objectOf(client).read()) as Client), later(), crypto.randomUUID())

  /** The next write of KV waits for this. */
  function beforeTheCopy(act: () => Promise<unknown>): void {
    const prototype = Object.getPrototypeOf(env.RECORDS)
    const put = prototype.put
    vi.spyOn(prototype, 'put').mockImplementationOnce(async function (this: KVNamespace, ...args: unknown[]) {
      await act()
      return put.apply(this, args)
    })
  }

  it('that began before the client was removed does not bring it back', async () => {
    const client = await registered()
    const asked = vi.spyOn(ClientObject.prototype, 'managedBy')
    const { readable, writable } = new TransformStream()
    const writer = writable.getWriter()
    const change = send(client.registration_client_uri, {
      method: 'PUT',
      headers: {
        Authorization: `Bearer ${client.registration_access_token}`,
        'Content-Type': 'application/json',
      },
      body: readable,
    })
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    await objectOf(client).remove()
    await writer.write(new TextEncoder().encode(JSON.stringify(replacement(client))))
    await writer.close()
    await expectRefusal(await change, 'invalid_token', 401)
    expect(await objectOf(client).read()).toBeUndefined()
  })

  it('is what an approval writes that began before it', async () => {
    const client = await registered()
    const before = (await objectOf(client).read()) as Client
    expect((await manage(client, 'PUT', replacement(client))).status).toBe(200)
    await approve(client, before)
    await expectCopy(client, 'Another name')
  })

  it('in the middle of an approval is in KV in the end', async () => {
    const client = await registered()
    beforeTheCopy(() => manage(client, 'PUT', replacement(client)))
    await approve(client)
    await expectCopy(client, 'Another name')
  })

  it.each<[string, (client: Registration) => Promise<unknown>]>([
    ['that ends it', (client) => manage(client, 'DELETE')],
    ['by which the owner removes it', (client) => objectOf(client).remove()],
  ])('%s in the middle of an approval leaves no copy of before', async (_, change) => {
    const client = await registered()
    beforeTheCopy(() => change(client))
    await approve(client)
    await vi.waitFor(async () => expect(await copyOf(client)).toBeNull(), 10_000)
  })

  it.each([
    ['PUT', 200],
    ['DELETE', 204],
  ])('is made, whatever an approval does in its middle: %s', async (method, status) => {
    const client = await registered()
    await approve(client)
    const before = await copyOf(client)
    const prototype = Object.getPrototypeOf(env.RECORDS)
    const remove = prototype.delete
    vi.spyOn(prototype, 'delete').mockImplementationOnce(async function (
      this: KVNamespace,
      ...args: unknown[]
    ) {
      await remove.apply(this, args)
      await env.RECORDS.put(`client:${client.client_id}`, JSON.stringify(before))
      await objectOf(client).published({ revision: 0, until: later() })
    })
    const body = method === 'PUT' ? replacement(client) : undefined
    expect((await manage(client, method, body)).status).toBe(status)
    expect(await copyOf(client)).toBeNull()
  })

  it('is made in the second of an approval, in which KV takes no other write of its copy', async () => {
    const client = await registered()
    await approve(client)
    const tooFast = new Error('KV DELETE failed: 429 Too Many Requests')
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'delete').mockRejectedValueOnce(tooFast)
    expect((await manage(client, 'PUT', replacement(client))).status).toBe(200)
  })

  it('is refused to a person who allows a client that is gone', async () => {
    const client = await registered()
    const before = (await objectOf(client).read()) as Client
    expect((await manage(client, 'DELETE')).status).toBe(204)
    await expect(approve(client, before)).rejects.toMatchObject({ code: 'access_denied' })
  })

  it('that KV does not hear of is not made', async () => {
    const client = await registered()
    await approve(client)
    const failure = new Error('storage is down')
    const remove = vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'delete').mockRejectedValue(failure)
    const post = replacement(client, { token_endpoint_auth_method: 'client_secret_post' })
    await expectUnavailable(await manage(client, 'PUT', post))
    remove.mockRestore()
    // Nothing is lost: the server did not change the secret that it could not deliver.
    expect(await (await manage(client, 'PUT', post)).json()).toHaveProperty('client_secret')
  })
})
