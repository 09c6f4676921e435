// Machines that act for themselves (RFC 6749 §4.4): what the rows M2, T6, T11, R1 mean for them.
import { env } from 'cloudflare:workers'
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ownedKey, revokedClientKey } from '../../src/oauth/clients/owned-store.ts'
import { callTool, OAuthClient, register, structured, type Tokens } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectRefusal,
  expectUnavailable,
  listenToLog,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, ORIGIN, send } from '../support/worker.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('RFC 6749 §4.4 client_credentials', () => {
  it('gives a client of the owner an access token for itself, and no refresh token', async () => {
    const machine = await Machine.owned()
    const answer = await tokensOf(machine.token())
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'notes:read',
    })
    expect(decodeJwt(answer.access_token)).toMatchObject({
      iss: ORIGIN,
      aud: MCP_URL,
      sub: machine.id,
      client_id: machine.id,
    })
    const who = await structured<object>(callTool(answer.access_token, 'whoami'))
    expect(who).toEqual({
      userId: machine.id,
      name: 'Nightly build',
      clientId: machine.id,
      scopes: ['notes:read'],
    })
  })

  it('takes the secret as Basic, too', async () => {
    const machine = await Machine.owned()
    const Authorization = `Basic ${btoa(`${machine.id}:${machine.secret}`)}`
    await tokensOf(machine.token({ client_id: undefined, client_secret: undefined }, { Authorization }))
  })

  it('gives less where less is asked for, never more than the owner has said', async () => {
    const machine = await Machine.owned({ scopes: ['notes:read', 'notes:write'] })
    expect((await tokensOf(machine.token())).scope).toBe('notes:read notes:write')
    expect((await tokensOf(machine.token({ scope: 'notes:write' }))).scope).toBe('notes:write')
    const small = await Machine.owned()
    expect((await tokensOf(small.token({ scope: 'notes:read notes:write' }))).scope).toBe('notes:read')
    await expectRefusal(await small.token({ scope: 'notes:write' }), 'invalid_scope')
    await expectRefusal(await (await Machine.owned({ scopes: [] })).token(), 'invalid_scope')
  })

  it('checks the scope of a tool', async () => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    expect((await callTool(access_token, 'list_notes')).status).toBe(200)
    expect((await callTool(access_token, 'add_note', { text: 'No' })).status).toBe(403)
  })

  it('keeps the notes of machines and people apart', async () => {
    const scopes = ['notes:read', 'notes:write']
    const [one, other] = [await Machine.owned({ scopes }), await Machine.owned({ scopes })]
    const { access_token } = await tokensOf(one.token())
    await callTool(access_token, 'add_note', { text: 'Mine' })
    const person = await (await OAuthClient.registered()).connect(new Visitor())
    for (const { access_token: foreign } of [await tokensOf(other.token()), person]) {
      const { notes } = await structured<{ notes: object[] }>(callTool(foreign, 'list_notes'))
      expect(notes).toEqual([])
    }
  })
})

describe('T11 a machine that cannot be known', () => {
  it.each<[string, Record<string, string | undefined>, string, number]>([
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client', 401],
    ['no secret', { client_secret: undefined }, 'invalid_client', 401],
    ['another id', { client_id: `owned_${'A'.repeat(22)}` }, 'invalid_client', 401],
    ['a longer id', { client_id: `owned_${'A'.repeat(500)}` }, 'invalid_client', 401],
    ['a key of KV for an id', { client_id: 'owned_../grant:x' }, 'invalid_client', 401],
    ['another resource', { resource: 'https://elsewhere.example' }, 'invalid_target', 400],
    [
      'a grant type that it does not have',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      'unauthorized_client',
      400,
    ],
  ])('is refused with %s', async (_, changes, code, status) => {
    await expectRefusal(await (await Machine.owned()).token(changes), code, status)
  })

  it('is refused without a secret or key, even if the owner made it so', async () => {
    const { metadata } =
      (await env.RECORDS.get<{ metadata: object }>(ownedKey((await Machine.owned()).id), 'json')) ?? {}
    const metadataOfAll = { ...metadata, token_endpoint_auth_method: 'none' } as never
    const machine = await Machine.owned({ metadata: metadataOfAll, secretHash: undefined as never })
    await expectRefusal(await machine.token({ client_secret: undefined }), 'unauthorized_client')
  })

  it('is not refused for good when storage does not answer', async () => {
    const machine = await Machine.owned()
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('storage is down'))
    await expectUnavailable(await machine.token())
  })
})

describe('R1 RFC 7591 the right to act for itself', () => {
  it('is nothing that a client can give itself', async () => {
    const answer = await register({
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    await expectRefusal(answer, 'invalid_client_metadata')
    const app = await OAuthClient.registered({
      grant_types: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'notes:read',
      scopes: ['notes:read'],
    })
    await expectRefusal(await app.token({ grant_type: 'client_credentials' }), 'unauthorized_client')
  })
})

describe('T6 M2 the token of a machine', () => {
  it('is no refresh token, no code, and no session', async () => {
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    const app = await OAuthClient.registered()
    await expectRefusal(await app.refresh(access_token), 'invalid_grant')
    await expectRefusal(
      await app.token({ grant_type: 'authorization_code', code: access_token }),
      'invalid_grant',
    )
    const page = await send('/account', { headers: { Cookie: `__Host-session=${access_token}` } })
    expect(page.status).toBe(303)
  })

  it('is left alone by another client that revokes it, and by its own: it is over within the hour', async () => {
    const { access_token } = await tokensOf((await Machine.owned()).token())
    expect((await (await OAuthClient.registered()).revoke(access_token)).status).toBe(200)
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
  })

  it('is refused within two minutes once the owner has removed the client, and no other is issued', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const machine = await Machine.owned()
    const { access_token } = (await tokensOf(machine.token())) as Tokens
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await env.RECORDS.delete(ownedKey(machine.id))
    await env.RECORDS.put(revokedClientKey(machine.id), 'removed')
    await expectRefusal(await machine.token(), 'invalid_client', 401)
    pass(120)
    expectInvalidToken(await callTool(access_token, 'whoami'))
  })

  it('is neither taken nor refused for good while nobody can tell', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const { access_token } = await tokensOf((await Machine.owned()).token())
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('storage is down'))
    expect((await callTool(access_token, 'whoami')).status).toBe(503)
  })

  it('leaves a line in the log, without a secret', async () => {
    const lines = listenToLog()
    const machine = await Machine.owned()
    await tokensOf(machine.token())
    expect(lines()).toContainEqual({
      event: 'token.issued',
      client: machine.id,
      grant_type: 'client_credentials',
      scope: ['notes:read'],
    })
  })
})
