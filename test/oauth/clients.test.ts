// Clients: RFC 7591 registration as it should go, and RFC 6749 §2.3 authentication.
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import { form, ORIGIN, send } from '../support/worker.ts'

describe('RFC 7591 registration', () => {
  it('answers 201 with what was granted, and omits what is absent', async () => {
    const response = await register({ client_name: 'An app', client_uri: 'https://client.example' })
    expect(response.status).toBe(201)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual({
      client_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
      registration_client_uri: expect.stringContaining(`${ORIGIN}/register/`),
      client_name: 'An app',
      client_uri: 'https://client.example/',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
  })

  it('gives a client that names no authentication method a secret that does not expire', async () => {
    const registered = await (await register({ token_endpoint_auth_method: undefined })).json()
    expect(registered).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
    })
  })
})

describe('RFC 6749 §2.3 client authentication', () => {
  it.each(['client_secret_basic', 'client_secret_post'])('lets a client in by %s', async (method) => {
    const app = await OAuthClient.registered({ token_endpoint_auth_method: method })
    const redemption = await app.authorize()
    const secret = app.secret as string
    // oauth4webapi form-encodes the parts of Basic, as RFC 6749 has it and many clients do not.
    const authenticate =
      method === 'client_secret_basic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret)
    const body = form(redemption)
    const headers = new Headers()
    await authenticate(app.server, { client_id: app.id }, body, headers)
    const response = await send('/token', { method: 'POST', body, headers })
    expect(response.status).toBe(200)
  })

  it('takes Basic that is not form-encoded', async () => {
    const app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_basic' })
    const body = form(await app.authorize())
    const headers = { Authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` }
    expect((await send('/token', { method: 'POST', body, headers })).status).toBe(200)
  })

  it('answers a wrong secret in Basic with a Basic challenge', async () => {
    const app = await OAuthClient.registered({ token_endpoint_auth_method: 'client_secret_basic' })
    const body = form(await app.authorize())
    const headers = { Authorization: `Basic ${btoa(`${app.id}:${'x'.repeat(43)}`)}` }
    const response = await send('/token', { method: 'POST', body, headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toMatch(/^Basic /)
    expect(await response.json()).toMatchObject({ error: 'invalid_client' })
  })
})

describe('a client without the refresh_token grant type', () => {
  it('gets no refresh token, and its grant ends with the access token', async () => {
    const app = await OAuthClient.registered({ grant_types: ['authorization_code'] })
    const tokens = await app.connect()
    expect(tokens.refresh_token).toBeUndefined()
    const refused = await app.refresh('anything')
    expect(await refused.json()).toMatchObject({ error: 'unauthorized_client' })
  })
})
