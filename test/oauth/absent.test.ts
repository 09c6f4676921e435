// What is written as null or empty is absent: in a registration, its replacement, a metadata document; in a Basic secret.
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DocumentHost } from '../support/document-host.ts'
import { OAuthClient, register } from '../support/oauth-client.ts'
import { expectRefusal, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { send } from '../support/worker.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const LISTS = ['contacts', 'grant_types', 'response_types']
const TEXTS = [
  ...['client_name', 'client_uri', 'logo_uri', 'scope', 'tos_uri', 'policy_uri', 'jwks_uri', 'jwks'],
  ...['software_id', 'software_version', 'application_type', 'token_endpoint_auth_method', 'client_secret'],
]

/** Each field that is not required, as a serializer writes it that has nothing for it. */
const ABSENT: [string, Record<string, unknown>][] = [
  ['null', Object.fromEntries([...LISTS, ...TEXTS].map((name) => [name, null]))],
  ['empty', Object.fromEntries([...LISTS.map((name) => [name, []]), ...TEXTS.map((name) => [name, ''])])],
]

/** What a registration says, without what is new in each. */
async function registered(metadata: object) {
  const response = await register({ ...metadata })
  const body = await response.json<Record<string, unknown>>()
  expect([response.status, body]).toMatchObject([201, { client_id: expect.any(String) }])
  const { client_id, client_id_issued_at, client_secret, registration_client_uri, ...said } = body
  return { ...said, registration_access_token: '' }
}

describe('RFC 7591 §2 metadata that is written as absent', () => {
  it.each(ABSENT)('as %s, all of it at once', async (_how, fields) => {
    const left = Object.fromEntries(Object.keys(fields).map((name) => [name, undefined]))
    expect(await registered(fields)).toEqual(await registered(left))
  })

  it.each(ABSENT.flatMap(([how, fields]) => Object.entries(fields).map((field) => [how, ...field] as const)))(
    '%s, by itself: %s',
    async (_how, name, value) => {
      expect(await registered({ [name]: value })).toEqual(await registered({ [name]: undefined }))
    },
  )

  it.each([{ jwks: null }, { jwks: '' }])('leaves jwks_uri alone: %o', async (absent) => {
    const method = {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: 'https://keys.example.com/jwks',
    }
    expect(await registered({ ...method, ...absent })).toMatchObject(method)
  })

  it('is absent in a key, too: null', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true })
    const key = { ...(await exportJWK(publicKey)), kid: 'one' }
    const none = { alg: null, use: null, key_ops: null, d: null, n: null }
    const method = { token_endpoint_auth_method: 'private_key_jwt' }
    expect(await registered({ ...method, jwks: { keys: [{ ...key, ...none }] } })).toMatchObject({
      jwks: { keys: [key] },
    })
    const secret = { ...method, jwks: { keys: [{ ...key, d: '' }] } }
    await expectRefusal(await register(secret), 'invalid_client_metadata')
  })

  it.each([null, '', []])(
    'is no way around redirect_uris, which are not optional: %j',
    async (redirect_uris) => {
      await expectRefusal(await register({ redirect_uris }), 'invalid_redirect_uri')
    },
  )

  it.each([[null], [''], [['http://127.0.0.1/cb', null]]])('is not in a list: %j', async (redirect_uris) => {
    await expectRefusal(await register({ redirect_uris: [redirect_uris].flat() }), 'invalid_redirect_uri')
  })

  it.each([
    { client_name: 0 },
    { client_name: false },
    { grant_types: {} },
    { token_endpoint_auth_method: 0 },
  ])('is nothing else: %o', async (changes) => {
    await expectRefusal(await register(changes), 'invalid_client_metadata')
  })

  it.each(ABSENT)('as %s in the replacement of a registration', async (_how, fields) => {
    const response = await register()
    const { client_id, registration_access_token, redirect_uris } =
      await response.json<Record<string, string>>()
    const replace = async (changes: object) => {
      const answer = await send(`/register/${client_id}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${registration_access_token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ client_id, redirect_uris, ...changes }),
      })
      const { client_secret, client_secret_expires_at, ...said } =
        await answer.json<Record<string, unknown>>()
      return [answer.status, said]
    }
    expect(await replace(fields)).toEqual(await replace({}))
  })

  it.each(ABSENT)('as %s in a metadata document', async (_how, { client_name, ...fields }) => {
    const host = DocumentHost.install()
    const app = await OAuthClient.described(host.publish(fields))
    await tokensOf(app.token(await app.authorize()))
  })
})

describe('RFC 6749 §2.3.1 a Basic secret that is empty', () => {
  const basic = (id: string, secret: string) => ({ Authorization: `Basic ${btoa(`${id}:${secret}`)}` })
  const without = { client_id: undefined, client_secret: undefined }

  it.each([{}, { client_secret: '' }])('is none, of a public client: %o', async (more) => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const tokens = await tokensOf(app.token({ ...redemption, ...without, ...more }, basic(app.id, '')))
    await tokensOf(app.refresh(tokens.refresh_token, { client_id: app.id }))
  })

  it('is none, of a public client that names itself in the body, too', async () => {
    const app = await OAuthClient.registered()
    await tokensOf(app.token(await app.authorize(), basic(app.id, '')))
  })

  it('is not a secret that a public client does not have', async () => {
    const app = await OAuthClient.registered()
    const redemption = await app.authorize()
    const refused = await app.token({ ...redemption, ...without }, basic(app.id, 'x'))
    await expectRefusal(refused, 'invalid_client', 401)
    await tokensOf(app.token(redemption))
  })

  it.each(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])(
    'is not the proof of a client that has one: %s',
    async (token_endpoint_auth_method) => {
      const keys = { jwks_uri: 'https://keys.example.com/jwks' }
      const app = await OAuthClient.registered({
        token_endpoint_auth_method,
        ...(token_endpoint_auth_method === 'private_key_jwt' && keys),
      })
      const redemption = await app.authorize(new Visitor())
      const refused = await app.token({ ...redemption, ...without }, basic(app.id, ''))
      await expectRefusal(refused, 'invalid_client', 401)
      if (app.secret) await tokensOf(app.token(redemption))
    },
  )
})
