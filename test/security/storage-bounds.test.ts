// S12: what strangers and apps leave in storage is what is needed, for as long as it is.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { accountOf } from '#engine/people/account-store.ts'
import { initialize, sendLegacy } from '../support/mcp-session.ts'
import { callTool, OAuthClient, register, structured } from '../support/oauth-client.ts'
import { expectRefusal } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'

let key: JWK
beforeAll(async () => {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  key = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
})
afterEach(() => {
  vi.useRealTimers()
})

const registerWith = (...keys: object[]) =>
  register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } })

describe('S12 members of a key', () => {
  it.each<[string, object]>([
    ['60 kB of text', { comment: 'x'.repeat(60_000) }],
    ['a list, nested 5,000 deep', { comment: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) }],
    [
      'certificates, which the server never reads',
      { x5c: ['x'.repeat(30_000)], x5u: 'https://a.example/x5u' },
    ],
  ])('that are unknown are not kept: %s', async (_, members) => {
    const answer = await registerWith({ ...key, ...members })
    expect(answer.status).toBe(201)
    const { client_id, jwks } = await answer.json<{ client_id: string; jwks: object }>()
    expect(jwks).toEqual({ keys: [key] })
    const object = env.CLIENTS.get(env.CLIENTS.idFromString(client_id))
    expect(JSON.stringify(await object.read()).length).toBeLessThan(1000)
  })

  it.each<[string, object]>([
    ['a kid of 8 kB', { kid: 'x'.repeat(8192) }],
    ['an alg that is a list', { alg: ['ES256'] }],
    ['a kid that is nested', { kid: { a: 1 } }],
    ['key_ops that is a text', { key_ops: 'verify' }],
    ['key_ops that holds lists', { key_ops: [['verify']] }],
  ])('that are known are held to their form and to 8 kB in all: %s', async (_, members) => {
    await expectRefusal(await registerWith({ ...key, ...members }), 'invalid_client_metadata')
  })

  it('are kept as far as a signature is verified with them', async () => {
    const answer = await registerWith({ ...key, key_ops: ['verify'] })
    expect(await answer.json()).toMatchObject({ jwks: { keys: [{ ...key, key_ops: ['verify'] }] } })
  })
})

describe('S12 ids that were seen', () => {
  const rowsOf = (seen: DurableObjectStub) =>
    runInDurableObject(seen, (_object, { storage }) =>
      Number(storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM seen').one().n),
    )

  it('are swept under steady use: one a minute for ten hours', async () => {
    const seen = env.SEEN.getByName(`id-jag ${crypto.randomUUID()}`)
    vi.useFakeTimers({ toFake: ['Date'] })
    let most = 0
    let sweeps = 0
    for (let minute = 0; minute < 600; minute++) {
      expect(await seen.isFirst(`jti-${minute}`, Date.now() + 7 * 60_000)).toBe(true)
      expect(await seen.isFirst(`jti-${minute}`, Date.now() + 7 * 60_000)).toBe(false)
      vi.setSystemTime(Date.now() + 60_000)
      const alarm = await runInDurableObject(seen, (_object, { storage }) => storage.getAlarm())
      if (alarm !== null && alarm <= Date.now()) {
        await runDurableObjectAlarm(seen)
        sweeps++
      }
      most = Math.max(most, await rowsOf(seen))
    }
    expect(most).toBeLessThanOrEqual(9)
    expect(sweeps).toBeLessThanOrEqual(600)
    vi.setSystemTime(Date.now() + 10 * 60_000)
    await runDurableObjectAlarm(seen)
    expect(await rowsOf(seen)).toBe(0)
  })

  it('are swept no more than once a minute, however many there are', async () => {
    const seen = env.SEEN.getByName(`id-jag ${crypto.randomUUID()}`)
    vi.useFakeTimers({ toFake: ['Date'] })
    for (let n = 0; n < 100; n++) await seen.isFirst(`jti-${n}`, Date.now() + 120_000 + n * 100)
    vi.setSystemTime(Date.now() + 120_000)
    await runDurableObjectAlarm(seen)
    const alarm = await runInDurableObject(seen, (_object, { storage }) => storage.getAlarm())
    expect(Number(alarm) - Date.now()).toBeGreaterThanOrEqual(60_000)
    vi.setSystemTime(Number(alarm))
    await runDurableObjectAlarm(seen)
    expect(await rowsOf(seen)).toBe(0)
  })
})

describe('S12 an initialize message, which a session stores', () => {
  it('has at most 64 KiB', async () => {
    const { access_token: token } = await (await OAuthClient.registered()).connect()
    const begin = (length: number) =>
      sendLegacy({
        token,
        message: initialize({ capabilities: { experimental: { x: { y: 'x'.repeat(length) } } } }),
      })
    expect((await begin(60 * 1024)).status).toBe(200)
    const refused = await begin(64 * 1024)
    expect(refused.status).toBe(413)
    expect(refused.headers.get('Mcp-Session-Id')).toBeNull()
    expect(await refused.json()).toMatchObject({ error: { code: -32600 } })
  })
})

describe('S12 the activity of a user', () => {
  it('keeps 200 lines of a kind, and none pushes out another kind', async () => {
    const person = await Visitor.as(crypto.randomUUID())
    const { access_token } = await (await OAuthClient.registered()).connect(person)
    const { userId } = await structured<{ userId: string }>(callTool(access_token, 'whoami'))
    const account = accountOf(env, userId)
    for (let n = 0; n < 205; n++) await account.signOutEverywhere()
    const lines = await account.activity(1000)
    const counts = Object.groupBy(lines, ({ kind }) => kind)
    expect(counts.signed_out_everywhere).toHaveLength(200)
    expect(counts.allowed).toHaveLength(1)
  })
})
