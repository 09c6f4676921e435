// Attacks on private_key_jwt: row T20, and what T11 and R8 mean for it.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { OAuthClient, REDIRECT_URI, register } from '../support/oauth-client.ts'
import { expectRefusal, tokensOf } from '../support/outcome.ts'
import { ORIGIN } from '../support/worker.ts'

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

interface Pair {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: object
}

const pairs = new Map<string, Pair>()
let stranger: Pair

beforeAll(async () => {
  for (const alg of ALGORITHMS) pairs.set(alg, await newPair(alg))
  stranger = await newPair('ES256')
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

async function newPair(alg: string, kid = crypto.randomUUID()): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

const pairOf = (alg: string) => pairs.get(alg) as Pair

function clientWith(keys: object): Promise<OAuthClient> {
  return OAuthClient.registered({ token_endpoint_auth_method: 'private_key_jwt', ...keys })
}

interface Changes {
  readonly claims?: Record<string, unknown>
  readonly header?: object
  readonly pair?: Pair
}

/** A valid assertion of a client, with the changes. */
function assertion(client: OAuthClient, { claims = {}, header = {}, pair = pairOf('ES256') }: Changes = {}) {
  const now = Math.floor(Date.now() / 1000)
  const valid = {
    iss: client.id,
    sub: client.id,
    aud: ORIGIN,
    iat: now,
    exp: now + 300,
    jti: crypto.randomUUID(),
  }
  return new SignJWT({ ...valid, ...claims })
    .setProtectedHeader({ alg: pair.alg, kid: pair.kid, typ: 'JWT', ...header })
    .sign(pair.privateKey)
}

async function redeem(client: OAuthClient, signed: string | undefined, fields: Record<string, string> = {}) {
  const request = await client.authorize()
  return client.token({
    ...request,
    client_id: undefined,
    ...(signed !== undefined && { client_assertion_type: TYPE, client_assertion: signed }),
    ...fields,
  })
}

describe('RFC 7523 private_key_jwt', () => {
  it.each(ALGORITHMS)('authenticates a client that signs with %s', async (alg) => {
    const client = await clientWith({ jwks: { keys: [pairOf(alg).jwk] } })
    expect(client.secret).toBeUndefined()
    const { refresh_token } = await tokensOf(redeem(client, await assertion(client, { pair: pairOf(alg) })))
    const again = await assertion(client, { pair: pairOf(alg) })
    const refresh = {
      grant_type: 'refresh_token',
      refresh_token,
      client_assertion_type: TYPE,
      client_assertion: again,
    }
    await tokensOf(client.token({ ...refresh, client_id: undefined }))
  })

  it('fetches keys from jwks_uri, and again when a client has a new one', async () => {
    const pair = await newPair('ES256')
    const next = await newPair('ES256')
    const jwks_uri = `https://keys-${crypto.randomUUID()}.gatehouse-tests.dev/jwks`
    let keys = [pair.jwk]
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const { url, redirect } = new Request(input, init)
      expect({ url, redirect }).toEqual({ url: jwks_uri, redirect: 'manual' })
      return Response.json({ keys })
    })
    const client = await clientWith({ jwks_uri })
    await tokensOf(redeem(client, await assertion(client, { pair })))
    await tokensOf(redeem(client, await assertion(client, { pair })))
    expect(fetched).toHaveBeenCalledTimes(1)
    keys = [pair.jwk, next.jwk]
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
    await tokensOf(redeem(client, await assertion(client, { pair: next })))
    expect(fetched).toHaveBeenCalledTimes(2)
  })

  it.each([
    ['does not answer', () => Promise.reject(new TypeError('down'))],
    ['answers 500', async () => new Response('', { status: 500 })],
    ['leads elsewhere', async () => Response.redirect('https://evil.gatehouse-tests.dev/jwks')],
    ['is no key set', async () => new Response('<html>')],
    ['is very large', async () => Response.json({ keys: [], more: 'x'.repeat(70_000) })],
  ])('says 503, and not that the client is wrong, when its jwks_uri %s', async (_, answer) => {
    const client = await clientWith({
      jwks_uri: `https://keys-${crypto.randomUUID()}.gatehouse-tests.dev/jwks`,
    })
    vi.spyOn(globalThis, 'fetch').mockImplementation(answer)
    await expectRefusal(await redeem(client, await assertion(client)), 'temporarily_unavailable', 503)
  })
})

describe('T20 RFC 7523 §3 an assertion that is wrong in one way', () => {
  const now = () => Math.floor(Date.now() / 1000)

  it.each<[string, (client: OAuthClient) => Changes]>([
    ['is signed by another key', () => ({ pair: { ...stranger, kid: pairOf('ES256').kid } })],
    ['names a key that the client does not have', () => ({ pair: stranger })],
    ['is for another server', () => ({ claims: { aud: 'https://elsewhere.example' } })],
    ['is for the token endpoint of another', () => ({ claims: { aud: 'https://elsewhere.example/token' } })],
    ['is for this server and others', () => ({ claims: { aud: [ORIGIN, 'https://elsewhere.example'] } })],
    ['is for this server, in a list', () => ({ claims: { aud: [ORIGIN] } })],
    ['has no audience', () => ({ claims: { aud: undefined } })],
    ['is issued by another', () => ({ claims: { iss: 'another' } })],
    ['has no issuer', () => ({ claims: { iss: undefined } })],
    ['has no id', () => ({ claims: { jti: undefined } })],
    ['has an empty id', () => ({ claims: { jti: '' } })],
    ['never ends', () => ({ claims: { exp: undefined } })],
    ['is over', () => ({ claims: { exp: now() - 120 } })],
    ['ends in twelve minutes', () => ({ claims: { exp: now() + 12 * 60 } })],
    ['ends in a day', () => ({ claims: { exp: now() + 24 * 3600 } })],
    ['begins later', () => ({ claims: { nbf: now() + 300 } })],
    ['was made later', () => ({ claims: { iat: now() + 300 } })],
  ])('is refused as invalid_client when it %s', async (_, changes) => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    await expectRefusal(await redeem(client, await assertion(client, changes(client))), 'invalid_client', 401)
  })

  it.each([
    ['nothing', {}],
    ['its id alone', { client_id: 'its own' }],
    ['a secret', { client_id: 'its own', client_secret: 'guessed' }],
  ])('is not made up for by %s', async (_, fields) => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    const own = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value === 'its own' ? client.id : value]),
    )
    const answer = await redeem(client, undefined, own)
    await (Object.keys(own).length === 0
      ? expectRefusal(answer, 'invalid_request')
      : expectRefusal(answer, 'invalid_client', 401))
  })

  it.each([
    ['alg none', (signed: string) => `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${signed.split('.')[1]}.`],
    ['no JWT', () => 'not.a'],
    ['no JWT of three parts', () => 'a.b.c'],
    ['a JWT of another size', (signed: string) => signed + 'x'.repeat(20_000)],
    [
      'a changed claim',
      (signed: string) => signed.replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`),
    ],
  ])('is refused as invalid_client when it is %s', async (_, change) => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    await expectRefusal(await redeem(client, change(await assertion(client))), 'invalid_client', 401)
  })

  it('counts once, also of fifty at the same time', async () => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    const signed = await assertion(client)
    const { refresh_token } = await tokensOf(redeem(client, signed))
    await expectRefusal(await redeem(client, signed), 'invalid_client', 401)
    const fields = {
      grant_type: 'refresh_token',
      refresh_token,
      client_id: undefined,
      client_assertion_type: TYPE,
      client_assertion: await assertion(client),
    } as never
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.token(fields)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49)
  })

  it('counts for the client that made it, not for another with the same id of an assertion', async () => {
    const [one, other] = [
      await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } }),
      await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } }),
    ]
    const jti = crypto.randomUUID()
    await tokensOf(redeem(one, await assertion(one, { claims: { jti } })))
    await tokensOf(redeem(other, await assertion(other, { claims: { jti } })))
  })
})

describe('T11 RFC 6749 §2.3 two ways at once', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['an assertion and a secret', { client_secret: 'secret' }, 'invalid_request', 400],
    ['an assertion of another type', { client_assertion_type: 'urn:other' }, 'invalid_request', 400],
    ['another client beside it', { client_id: 'other' }, 'invalid_client', 401],
  ])('refuses %s', async (_, fields, code, status) => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    await expectRefusal(await redeem(client, await assertion(client), fields), code, status)
  })

  it('refuses an assertion beside Basic', async () => {
    const client = await clientWith({ jwks: { keys: [pairOf('ES256').jwk] } })
    const fields = {
      ...(await client.authorize()),
      client_assertion_type: TYPE,
      client_assertion: await assertion(client),
    }
    const Authorization = `Basic ${btoa(`${client.id}:x`)}`
    await expectRefusal(
      await client.token({ ...fields, client_id: undefined }, { Authorization }),
      'invalid_request',
    )
  })

  it('refuses an assertion of a client that registered a secret, or nothing', async () => {
    for (const token_endpoint_auth_method of ['client_secret_post', 'none']) {
      const client = await OAuthClient.registered({ token_endpoint_auth_method })
      const request = await client.authorize()
      const fields = { client_assertion_type: TYPE, client_assertion: await assertion(client) }
      const answer = await client.token({
        ...request,
        ...fields,
        client_id: undefined,
        client_secret: undefined,
      })
      await expectRefusal(answer, 'invalid_client', 401)
    }
  })
})

describe('R1 RFC 7591 §2 registering keys', () => {
  const keys = async () => ({ keys: [pairOf('ES256').jwk] })

  it.each<[string, () => Promise<object>]>([
    ['none', async () => ({})],
    ['both kinds', async () => ({ jwks: await keys(), jwks_uri: 'https://keys.gatehouse-tests.dev/jwks' })],
    ['a private key', async () => ({ jwks: { keys: [await exportJWK(pairOf('ES256').privateKey)] } })],
    ['a symmetric key', async () => ({ jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } })],
    ['an empty set', async () => ({ jwks: { keys: [] } })],
    ['what is no set', async () => ({ jwks: 'https://keys.gatehouse-tests.dev/jwks' })],
    ['eleven keys', async () => ({ jwks: { keys: Array(11).fill(pairOf('ES256').jwk) } })],
    ['keys over http', async () => ({ jwks_uri: 'http://keys.gatehouse-tests.dev/jwks' })],
    ['keys on this computer', async () => ({ jwks_uri: 'https://localhost/jwks' })],
    ['keys inside the network', async () => ({ jwks_uri: 'https://169.254.169.254/jwks' })],
  ])('is refused with %s', async (_, metadata) => {
    const answer = await register({
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'private_key_jwt',
      ...(await metadata()),
    })
    await expectRefusal(answer, 'invalid_client_metadata')
  })
})
