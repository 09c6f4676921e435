// Apps that the owner has registered for people (`npm run client -- add --redirect-uri`): usable where no app can
// introduce itself, approved by people, held to what was registered, and ended with all that people gave them.
import { env } from 'cloudflare:workers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownedKey, revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { callTool, OAuthClient, register, type Tokens } from '../support/oauth-client.ts'
import {
  expectInvalidToken,
  expectLive,
  expectRefusal,
  expectUnavailable,
  pass,
  tokensOf,
} from '../support/outcome.ts'
import { Machine, ownedApp } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, ORIGIN, send } from '../support/worker.ts'

beforeEach(() => {
  configure({ REGISTRATION: 'off', CLIENT_DOCUMENT_HOSTS: '' })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
})

afterEach(() => {
  configure()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const SECRET = { token_endpoint_auth_method: 'client_secret_basic' } as const

/** As `npm run client -- remove` does it. */
async function remove(app: OAuthClient): Promise<void> {
  await env.RECORDS.put(revokedClientKey(app.id), 'removed')
  await env.RECORDS.delete(ownedKey(app.id))
}

describe('an app that the owner has registered for people', () => {
  it.each([
    ['public', () => ownedApp()],
    ['with a secret', () => ownedApp(SECRET)],
  ])('is approved, refreshed and revoked, where no app can register: %s', async (_, add) => {
    await expectRefusal(await register(), 'access_denied', 403)
    const app = await add()
    const person = new Visitor()
    const tokens = await app.connect(person)
    expect((await callTool(tokens.access_token, 'add_note', { text: 'Mine' })).status).toBe(200)
    const { refresh_token } = await expectLive(app, tokens.refresh_token)
    expect(await person.hasConnected(app.id)).toBe(true)
    await person.post('/account/revoke', { client_id: app.id })
    await expectRefusal(await app.refresh(refresh_token), 'invalid_grant')
    // It is a client still: the person can allow it again.
    await expectLive(app, (await app.connect(person)).refresh_token)
  })

  it('proves itself with its key, where it has one', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const keys = [{ ...(await exportJWK(publicKey)), alg: 'ES256' }]
    const app = await ownedApp({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } })
    const redeem = async (key: CryptoKey | undefined) => {
      const proof =
        key &&
        (await new SignJWT({ jti: crypto.randomUUID() })
          .setProtectedHeader({ alg: 'ES256' })
          .setIssuer(app.id)
          .setSubject(app.id)
          .setAudience(ORIGIN)
          .setIssuedAt()
          .setExpirationTime('1m')
          .sign(key))
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      return app.token({
        ...(await app.authorize()),
        ...(proof && { client_assertion: proof, client_assertion_type: type }),
      })
    }
    const tokens = await tokensOf(redeem(privateKey))
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    await expectRefusal(await redeem((await generateKeyPair('ES256')).privateKey), 'invalid_client', 401)
    await expectRefusal(await redeem(undefined), 'invalid_client', 401)
  })

  it.each([
    ['no secret', SECRET, { client_secret: undefined }],
    ['a wrong secret', SECRET, { client_secret: 'wrong' }],
    ['a secret, where it has none', undefined, { client_secret: 'a secret' }],
  ])('is not authenticated with %s, and its code is still good', async (_, proof, changes) => {
    const app = await ownedApp(proof)
    const request = await app.authorize()
    await expectRefusal(await app.token({ ...request, ...changes }), 'invalid_client', 401)
    await tokensOf(app.token(request))
  })

  it('is held to its redirect URIs', async () => {
    const app = await ownedApp()
    const visitor = await Visitor.signedIn()
    for (const redirect_uri of [
      'https://evil.test/callback',
      'https://client.example/callback/',
      'http://127.0.0.1/',
    ]) {
      const { url } = await app.authorizationRequest({ redirect_uri })
      const page = await visitor.get(url)
      expect([page.status, page.headers.get('Location')]).toEqual([400, null])
    }
  })

  it.each(['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])(
    'never acts for itself: %s',
    async (grant_type) => {
      const app = await ownedApp(SECRET)
      const fields = { grant_type, assertion: 'x.y.z', scope: 'notes:read' }
      await expectRefusal(await app.token(fields), 'unauthorized_client')
    },
  )

  it('is another than a machine, which no person can allow', async () => {
    const machine = await Machine.owned()
    const app = await OAuthClient.owned(machine.id, machine.secret)
    const { url } = await app.authorizationRequest()
    const page = await (await Visitor.signedIn()).get(url)
    expect([page.status, page.headers.get('Location')]).toEqual([400, null])
  })

  it('is not refused for good while storage does not answer', async () => {
    const app = await ownedApp()
    const { refresh_token } = await app.connect()
    const down = vi
      .spyOn(Object.getPrototypeOf(env.RECORDS), 'get')
      .mockRejectedValue(new Error('storage is down'))
    await expectUnavailable(await app.refresh(refresh_token))
    down.mockRestore()
    await expectLive(app, refresh_token)
  })
})

describe('an app that the owner has removed', () => {
  async function connected(): Promise<{ app: OAuthClient; tokens: Tokens; code: Record<string, string> }> {
    const app = await ownedApp(SECRET)
    const tokens = await app.connect()
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    return { app, tokens, code: await app.authorize() }
  }

  it('loses everything that people gave it within two minutes, and gets nothing more', async () => {
    const { app, tokens, code } = await connected()
    const other = await connected()
    await remove(app)
    await expectRefusal(await app.refresh(tokens.refresh_token), 'invalid_client', 401)
    await expectRefusal(await app.token(code), 'invalid_client', 401)
    expect((await (await Visitor.signedIn()).get((await app.authorizationRequest()).url)).status).toBe(400)
    pass(120)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
    expect((await callTool(other.tokens.access_token, 'whoami')).status).toBe(200)
  })

  it('is asked about at each call, where revocation is immediate', async () => {
    const { app, tokens } = await connected()
    configure({ REGISTRATION: 'off', IMMEDIATE_REVOCATION: 'true' })
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(200)
    await remove(app)
    pass(1)
    expectInvalidToken(await callTool(tokens.access_token, 'whoami'))
  })

  it('is told of by introspection at once', async () => {
    const { app, tokens } = await connected()
    const server = await Machine.owned({ introspects: true })
    const ask = async () => {
      const credentials = { client_id: server.id, client_secret: server.secret }
      const body = form({ token: tokens.access_token, ...credentials })
      return (await send('/introspect', { method: 'POST', body })).json()
    }
    expect(await ask()).toMatchObject({ active: true, client_id: app.id })
    await remove(app)
    expect(await ask()).toEqual({ active: false })
  })

  it('is neither served nor refused for good while nobody can tell', async () => {
    const { tokens } = await connected()
    pass(120)
    vi.spyOn(Object.getPrototypeOf(env.RECORDS), 'get').mockRejectedValue(new Error('storage is down'))
    expect((await callTool(tokens.access_token, 'whoami')).status).toBe(503)
  })
})
