// The documents and keys of another authorization server: how they are found, kept and fetched anew (row M2), and
// what happens when they are not as they should be (row R3).
import { exportJWK } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { callWith, expectInvalid, type Key, newKey, secondsFromNow } from '../support/foreign-server.ts'
import { expectUnavailable, listenToLog, pass } from '../support/outcome.ts'
import { call, foreign, host, meet, server, trust } from '../support/trusting-server.ts'

describe('RFC 8414 §3 discovery', () => {
  it.each<[string, string, (origin: string) => string]>([
    ['a path', '/realms/one', (origin) => `${origin}/.well-known/oauth-authorization-server/realms/one`],
    ['a path and a slash', '/one/', (origin) => `${origin}/.well-known/oauth-authorization-server/one`],
    ['a slash', '/', (origin) => `${origin}/.well-known/oauth-authorization-server`],
  ])('finds the metadata of an issuer with %s', async (_what, path, urlOf) => {
    const origin = `https://a${crypto.randomUUID()}.gatehouse-tests.dev`
    await meet(origin + path)
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect((await call()).status).toBe(200)
    expect(host.fetched).toEqual([urlOf(origin), foreign.jwksUrl])
  })

  it.each(['', '/', '/realms/one', '/realms/one/'])(
    'finds that of an OpenID provider whose issuer ends with "%s"',
    async (path) => {
      const origin = `https://a${crypto.randomUUID()}.gatehouse-tests.dev`
      await meet(origin + path)
      host.answer(foreign.metadataUrl, () => new Response('<h1>Not found</h1>', { status: 404 }))
      const openId = `${origin}${path.replace(/\/$/, '')}/.well-known/openid-configuration`
      host.answer(openId, () => Response.json(foreign.metadata()))
      trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
      expect((await call()).status).toBe(200)
      expect(host.fetched).toEqual([foreign.metadataUrl, openId, foreign.jwksUrl])
    },
  )

  it('compares the issuer letter for letter, and says 503 when the metadata has another', async () => {
    for (const issuer of [
      `${foreign.issuer}/`,
      foreign.issuer.toUpperCase(),
      'https://other.example',
      undefined,
    ]) {
      host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ issuer })))
      await expectUnavailable(await call())
      pass(11)
    }
    trust({ AUTHORIZATION_SERVERS: [{ issuer: `${foreign.issuer}/` }] })
    expectInvalid(await call())
  })
})

const HUGE = 'x'.repeat(65 * 1024)
const html = () =>
  new Response('<!doctype html><h1>Maintenance</h1>', { headers: { 'Content-Type': 'text/html' } })

/** What can be wrong with an answer of another server. */
const BROKEN: [string, () => Response | Promise<Response>][] = [
  ['no answer at all', () => Promise.reject(new TypeError('Network connection lost.'))],
  ['500', () => new Response('oops', { status: 500 })],
  ['429', () => new Response('slower', { status: 429 })],
  ['404', () => new Response('gone', { status: 404 })],
  ['401', () => new Response('who?', { status: 401 })],
  ['204', () => new Response(null, { status: 204 })],
  ['HTML', html],
  ['nothing', () => new Response('')],
  ['a list', () => Response.json([])],
  ['null', () => Response.json(null)],
  ['cut off JSON', () => new Response('{"keys":[')],
]

describe('R3 a server whose documents are not as they should be', () => {
  const redirect = (to: string) => new Response(null, { status: 302, headers: { Location: to } })
  const at = (which: 'metadataUrl' | 'jwksUrl') => foreign[which]

  /** 503, and everything is well again once the server is. */
  async function expectOutage(): Promise<void> {
    const token = await foreign.token()
    const log = listenToLog()
    await expectUnavailable(await callWith(server, token))
    expect(log()).toContainEqual({
      event: 'issuer.unavailable',
      issuer: foreign.issuer,
      reason: expect.any(String),
    })
    host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata()))
    host.answer(foreign.jwksUrl, () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
    pass(11)
    expect((await callWith(server, token)).status).toBe(200)
  }

  describe.each(['metadataUrl', 'jwksUrl'] as const)('at its %s', (which) => {
    it.each(BROKEN)('is 503, never 401 or 500: %s', async (_what, answer) => {
      host.answer(at(which), answer)
      await expectOutage()
    })

    it('is 503: a redirect, which is not followed', async () => {
      const elsewhere = 'https://elsewhere.gatehouse-tests.dev/moved'
      const answer = which === 'jwksUrl' ? { keys: [(foreign.keys[0] as Key).jwk] } : foreign.metadata()
      host.answer(elsewhere, () => Response.json(answer))
      host.answer(at(which), () => redirect(elsewhere))
      await expectOutage()
    })

    it('is 503: more than anyone needs, and the rest is not read', async () => {
      const answer = which === 'jwksUrl' ? { keys: [(foreign.keys[0] as Key).jwk] } : foreign.metadata()
      host.answer(at(which), () => Response.json({ ...answer, padding: HUGE }))
      await expectOutage()
    })

    it.each([200, 500])('is 503: a %s without end, and it is not waited for', async (status) => {
      let cancelled = false
      const endless = () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(8192).fill(32)),
          cancel: () => {
            cancelled = true
          },
        })
      host.answer(at(which), () => new Response(endless(), { status }))
      await expectOutage()
      expect(cancelled).toBe(true)
    })
  })

  it('is given up after five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    expect((await call()).status).toBe(200)
    expect(timeout.mock.calls).toEqual([[5000], [5000]])
    await meet()
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    timeout.mockReturnValue(AbortSignal.abort(new DOMException('The operation timed out.', 'TimeoutError')))
    await expectUnavailable(await call())
  })

  it.each<[string, unknown]>([
    ['none', undefined],
    ['over plain http', 'http://keys.gatehouse-tests.dev/keys'],
    ['on this computer', 'http://localhost:8788/keys'],
    ['a path', '/keys'],
    ['data', 'data:application/json,{"keys":[]}'],
    ['a file', 'file:///etc/keys'],
    ['a list', ['https://keys.gatehouse-tests.dev/keys']],
  ])(
    'is 503 when the address of its keys is not secure, and gets no request: %s',
    async (_what, jwks_uri) => {
      host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ jwks_uri })))
      host.answer(String(jwks_uri), () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
      await expectOutage()
      expect(host.fetched).not.toContain(String(jwks_uri))
    },
  )

  it('may use plain http on this computer, when it is on this computer itself', async () => {
    await meet('http://localhost:8788')
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    expect((await call()).status).toBe(200)
    await meet('http://127.0.0.1:8789')
    trust({ AUTHORIZATION_SERVERS: [{ issuer: foreign.issuer }] })
    const jwks_uri = 'http://keys.gatehouse-tests.dev/keys'
    host.answer(foreign.metadataUrl, () => Response.json(foreign.metadata({ jwks_uri })))
    await expectUnavailable(await call())
  })

  it('is asked again only after ten seconds, however many ask', async () => {
    host.unplug(foreign.metadataUrl)
    for (let n = 0; n < 10; n++) await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(1)
    pass(10)
    await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(2)
  })

  it('is asked again only ten seconds after it has let everybody wait', async () => {
    host.answer(foreign.metadataUrl, () => {
      pass(9)
      return new Response('', { status: 504 })
    })
    await expectUnavailable(await call())
    pass(9)
    await expectUnavailable(await call())
    expect(host.fetched.filter((url) => url === foreign.metadataUrl)).toHaveLength(1)
  })

  it('goes on being believed for a day by what it published before', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(48 * 3600) } })
    expect((await callWith(server, token)).status).toBe(200)
    host.unplug(foreign.metadataUrl)
    host.answer(foreign.jwksUrl, html)
    for (let hours = 0; hours < 23; hours++) {
      pass(3600)
      expect((await callWith(server, token)).status).toBe(200)
    }
    pass(3600)
    await expectUnavailable(await callWith(server, token))
  })

  it('is not waited for, once it is known not to answer', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(3600) } })
    expect((await callWith(server, token)).status).toBe(200)
    host.unplug(foreign.metadataUrl)
    pass(601)
    expect((await callWith(server, token)).status).toBe(200)
    pass(11)
    let recover = (_response: Response) => {}
    host.answer(foreign.metadataUrl, () => new Promise((resolve) => (recover = resolve)))
    const answers = Promise.all([callWith(server, token), callWith(server, token)])
    const late = scheduler.wait(5000).then(() => [])
    expect((await Promise.race([answers, late])).map(({ status }) => status)).toEqual([200, 200])
    recover(Response.json(foreign.metadata()))
    await vi.waitFor(() => expect(foreign.keyFetches).toBe(2))
  })

  it('is not asked for what cannot be right anyway', async () => {
    const { privateKey } = await newKey()
    for (const changes of [
      { header: { alg: 'HS256' }, key: new Uint8Array(32) },
      { claims: { iss: 'https://x.test' } },
    ]) {
      expectInvalid(await call(changes))
    }
    expect(host.fetched).toEqual([])
    expectInvalid(await call({ key: privateKey }))
    expect(host.fetched).toHaveLength(2)
  })
})

describe('M2 OpenID Connect Core §10.1.1 the keys of another server', () => {
  it('are fetched once for all who ask at the same time', async () => {
    const token = await foreign.token()
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(server, token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(host.fetched).toEqual([foreign.metadataUrl, foreign.jwksUrl])
  })

  it('are kept for ten minutes', async () => {
    const token = await foreign.token({ claims: { exp: secondsFromNow(3600) } })
    await callWith(server, token)
    pass(599)
    await callWith(server, token)
    expect(foreign.keyFetches).toBe(1)
    pass(1)
    await callWith(server, token)
    expect(foreign.keyFetches).toBe(2)
  })

  it('are fetched anew for a key that is not known', async () => {
    await call()
    foreign.keys = [await newKey(), ...foreign.keys]
    pass(11)
    const token = await foreign.token()
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(server, token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(foreign.keyFetches).toBe(2)
  })

  it('that were withdrawn are good for ten minutes at most', async () => {
    const claims = { exp: secondsFromNow(3600) }
    const token = await foreign.token({ claims })
    expect((await callWith(server, token)).status).toBe(200)
    foreign.keys = [await newKey()]
    pass(601)
    expectInvalid(await callWith(server, token))
    expect((await call()).status).toBe(200)
  })

  it('are not fetched more than every ten seconds, whatever strangers make up', async () => {
    await call()
    pass(11)
    const madeUp = () => call({ header: { kid: crypto.randomUUID() } })
    for (let n = 0; n < 10; n++) expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(2)
    pass(9)
    expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(2)
    pass(1)
    expectInvalid(await madeUp())
    expect(foreign.keyFetches).toBe(3)
    expect((await call()).status).toBe(200)
  })

  it('leave open whose an unknown key is while they cannot be fetched: 503', async () => {
    await call()
    host.unplug(foreign.jwksUrl)
    const fresh = await newKey()
    const token = await foreign.token({ header: { kid: fresh.jwk.kid }, key: fresh.privateKey })
    pass(11)
    for (let n = 0; n < 3; n++) await expectUnavailable(await callWith(server, token))
    expect((await call()).status).toBe(200)
    foreign.keys.push(fresh)
    host.answer(foreign.jwksUrl, () => Response.json({ keys: foreign.keys.map(({ jwk }) => jwk) }))
    pass(11)
    expect((await callWith(server, token)).status).toBe(200)
  })

  it.each<[string, unknown]>([
    ['no keys', {}],
    ['keys that are no list', { keys: 'all' }],
    ['keys that are no objects', { keys: [1] }],
  ])('that are malformed are as if they could not be fetched: %s', async (_what, jwks) => {
    host.answer(foreign.jwksUrl, () => Response.json(jwks))
    await expectUnavailable(await call())
  })

  it('one of which is unreadable: the others count', async () => {
    const odd = { ...(foreign.keys[0] as Key), jwk: { kty: 'XX', kid: 'odd' } }
    const broken = {
      ...(foreign.keys[0] as Key),
      jwk: { kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'broken' },
    }
    foreign.keys.push(odd, broken)
    expect((await call()).status).toBe(200)
    for (const kid of ['odd', 'broken']) expectInvalid(await call({ header: { kid } }))
  })

  it('are public: one that is private is not used', async () => {
    const [key] = foreign.keys as [Key]
    foreign.keys = [{ ...key, jwk: { ...(await exportJWK(key.privateKey)), kid: 'private', alg: 'ES256' } }]
    expectInvalid(await call())
  })
})
