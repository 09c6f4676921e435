// S8, S9: a fetch that a stranger causes counts for that stranger, and costs no other requester anything.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DocumentHost } from '../support/document-host.ts'
import { Issuer } from '../support/issuer.ts'
import { OAuthClient, register } from '../support/oauth-client.ts'
import { expectRefusal, pass, tokensOf } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, form, ORIGIN, randomAddress, send } from '../support/worker.ts'

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** By the clock's minute, so that one run can meet two of them. */
const MOST = 2 * 30

let host: DocumentHost
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  host = DocumentHost.install()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  configure()
})

type Fields = Record<string, string>

function postFrom(address: string, path: string, fields: Fields): Promise<Response> {
  return send(path, { method: 'POST', body: form(fields), headers: { 'CF-Connecting-IP': address } })
}

/** A client that says where its keys are. */
async function clientAt(jwks_uri: string): Promise<string> {
  const answer = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
  return (await answer.json<{ client_id: string }>()).client_id
}

async function assertionOf(id: string, signer: Issuer): Promise<Fields> {
  const client_assertion = await signer.sign({ iss: id, sub: id, aud: ORIGIN })
  return { client_assertion, client_assertion_type: TYPE }
}

const newAddress = () => `https://keys-${crypto.randomUUID()}.gatehouse-tests.dev/jwks`
const made = (path: string) => host.fetched.filter((url) => url.includes(path)).length

describe.each(['/token', '/revoke', '/introspect'])('S8 at %s', (path) => {
  const request = { grant_type: 'refresh_token', refresh_token: 'x', token: 'x' }

  it('one address causes only so many fetches of documents; another address goes on', async () => {
    const ask = (address: string) => {
      const client_id = `https://d${crypto.randomUUID()}.gatehouse-tests.dev/document`
      host.serve(client_id)
      return postFrom(address, path, { ...request, client_id })
    }
    const stranger = randomAddress()
    let last = await ask(stranger)
    for (let n = 0; n < 64; n++) last = await ask(stranger)
    await expectRefusal(last, 'temporarily_unavailable', 429)
    expect(made('/document')).toBeLessThanOrEqual(MOST)
    expect((await ask(randomAddress())).status).not.toBe(429)
  })

  it('one address causes only so many fetches of keys; another address goes on', async () => {
    const signer = new Issuer('stranger')
    const ask = async (address: string) => {
      const jwks_uri = newAddress()
      host.answer(jwks_uri, () => Response.json({ keys: [] }))
      const id = await clientAt(jwks_uri)
      return postFrom(address, path, { ...request, ...(await assertionOf(id, signer)) })
    }
    const stranger = randomAddress()
    let last = await ask(stranger)
    for (let n = 0; n < 64; n++) last = await ask(stranger)
    await expectRefusal(last, 'temporarily_unavailable', 429)
    expect(made('/jwks')).toBeLessThanOrEqual(MOST)
    await expectRefusal(await ask(randomAddress()), 'invalid_client', 401)
  })

  it.each<[string, () => Response]>([
    ['no keys', () => new Response('<html>not keys</html>')],
    ['500', () => new Response('', { status: 500 })],
  ])('an address of keys that answers with %s is not asked again for half a minute', async (_, answer) => {
    const jwks_uri = newAddress()
    host.answer(jwks_uri, answer)
    const id = await clientAt(jwks_uri)
    const signer = new Issuer('stranger')
    const ask = async () =>
      postFrom(randomAddress(), path, { ...request, ...(await assertionOf(id, signer)) })
    for (let n = 0; n < 5; n++) await expectRefusal(await ask(), 'temporarily_unavailable', 503)
    expect(made(jwks_uri)).toBe(1)
    pass(30)
    await ask()
    expect(made(jwks_uri)).toBe(2)
  })

  it('a document that is none is not asked for again for half a minute', async () => {
    const client_id = `https://d${crypto.randomUUID()}.gatehouse-tests.dev/none`
    host.answer(client_id, () => new Response(null, { status: 404 }))
    const ask = () => postFrom(randomAddress(), path, { ...request, client_id })
    for (let n = 0; n < 5; n++) await expectRefusal(await ask(), 'invalid_client', 401)
    expect(made(client_id)).toBe(1)
    pass(30)
    await ask()
    expect(made(client_id)).toBe(2)
  })
})

describe('S8 keys on a host', () => {
  it('that documents are not accepted from are not fetched, and a client cannot register with them', async () => {
    const signer = new Issuer(`keys-${crypto.randomUUID()}`)
    const id = await clientAt(signer.jwksUri)
    host.answer(signer.jwksUri, () => Response.json({ keys: signer.keys }))
    const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
    const ask = async () =>
      postFrom(randomAddress(), '/token', { ...refresh, ...(await assertionOf(id, signer)) })
    await expectRefusal(await ask(), 'invalid_grant')
    const before = host.fetched.length
    pass(601)
    configure({ CLIENT_DOCUMENT_HOSTS: 'claude.ai' } as Partial<Env>)
    await expectRefusal(await ask(), 'invalid_client', 401)
    expect(host.fetched).toHaveLength(before)
    const refused = await register({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: signer.jwksUri,
    })
    await expectRefusal(refused, 'invalid_client_metadata')
    configure({ CLIENT_DOCUMENT_HOSTS: new URL(signer.url).host } as Partial<Env>)
    await expectRefusal(await ask(), 'invalid_grant')
  })

  it('that is this server itself are refused', async () => {
    const origin = 'https://mcp.gatehouse-tests.dev'
    const keys = (jwks_uri: string) =>
      register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri }, origin)
    await expectRefusal(await keys(`${origin}/jwks`), 'invalid_client_metadata')
    expect((await keys('https://mcp2.gatehouse-tests.dev/jwks')).status).toBe(201)
  })
})

describe('S8 the issuers that the operator configured', () => {
  it('are never evicted by what strangers name, and count for no requester', async () => {
    const platform = new Issuer(`ci-${crypto.randomUUID()}`)
    const keys = vi.fn(() => Response.json({ keys: platform.keys }))
    host.answer(platform.jwksUri, keys)
    const rule = { issuer: platform.url, jwks_uri: platform.jwksUri, subject: 'job', scopes: ['notes:read'] }
    configure({ WORKLOADS: [{ ...rule, name: 'CI' }] } as unknown as Partial<Env>)
    const address = randomAddress()
    const bring = async () => {
      const assertion = await platform.sign({ sub: 'job', aud: ORIGIN })
      return postFrom(address, '/token', { grant_type: JWT_BEARER, assertion, resource: `${ORIGIN}/mcp` })
    }
    await tokensOf(bring())
    const signer = new Issuer('stranger')
    for (let n = 0; n < 101; n++) {
      const jwks_uri = newAddress()
      host.answer(jwks_uri, () => Response.json({ keys: [] }))
      const fields = { token: 'x', ...(await assertionOf(await clientAt(jwks_uri), signer)) }
      await postFrom(randomAddress(), '/revoke', fields)
      await postFrom(address, '/revoke', fields)
    }
    await tokensOf(bring())
    expect(keys).toHaveBeenCalledTimes(1)
  })
})

describe('S9 a popular host of client documents', () => {
  it('serves everybody else while a stranger makes up paths on it', async () => {
    const origin = `https://chatapp-${crypto.randomUUID()}.gatehouse-tests.dev`
    host.serve(`${origin}/oauth/client.json`)
    const app = await OAuthClient.described(`${origin}/oauth/client.json`)
    const { refresh_token } = await app.connect(await Visitor.signedIn())
    pass(9 * 24 * 60 * 60)
    const stranger = randomAddress()
    const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
    for (let n = 0; n < 64; n++)
      await postFrom(stranger, '/token', { ...refresh, client_id: `${origin}/no-${n}` })
    const newcomer = await Visitor.signedIn()
    expect((await newcomer.get((await app.authorizationRequest()).url)).status).toBe(200)
    await tokensOf(app.refresh(refresh_token))
  })

  it('is spoken for by what is known of it, where the asking address may cause no more fetches', async () => {
    const address = randomAddress()
    const url = `https://known-${crypto.randomUUID()}.gatehouse-tests.dev/client.json`
    host.serve(url)
    const app = await OAuthClient.described(url)
    const { refresh_token } = await app.connect(await Visitor.signedIn())
    pass(301)
    for (let n = 0; n < 64; n++)
      await postFrom(address, '/revoke', { token: 'x', client_id: `https://n${n}.gatehouse-tests.dev/x` })
    const before = host.fetched.length
    await tokensOf(
      postFrom(address, '/token', { grant_type: 'refresh_token', refresh_token, client_id: url }),
    )
    expect(host.fetched).toHaveLength(before)
  })

  it('has its keys used on, where the asking address may cause no more fetches', async () => {
    const address = randomAddress()
    const signer = new Issuer(`keys-${crypto.randomUUID()}`)
    host.answer(signer.jwksUri, () => Response.json({ keys: signer.keys }))
    const id = await clientAt(signer.jwksUri)
    const ask = async () => postFrom(address, '/revoke', { token: 'x', ...(await assertionOf(id, signer)) })
    expect((await ask()).status).toBe(200)
    pass(601)
    for (let n = 0; n < 64; n++)
      await postFrom(address, '/revoke', { token: 'x', client_id: `https://m${n}.gatehouse-tests.dev/x` })
    const before = host.fetched.length
    expect((await ask()).status).toBe(200)
    expect(host.fetched).toHaveLength(before)
  })
})
