// The mark that ends access tokens whose grant is over, or whose client is gone.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { LIFETIME } from '#config'
import { revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { expectInvalidToken, grantIdOf, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { configure } from '../support/worker.ts'

afterEach(() => {
  configure()
})

describe('M6 a revoked grant, with the immediate setting', () => {
  it('is over at the very next call', async () => {
    configure({ IMMEDIATE_REVOCATION: 'true' })
    const app = await OAuthClient.registered()
    const { access_token, refresh_token } = await app.connect()
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await app.revoke(refresh_token)
    expectInvalidToken(await callTool(access_token, 'whoami'))
  })
})

describe('M6 the mark of a revoked grant', () => {
  it('lasts longer than any access token of it', async () => {
    const app = await OAuthClient.registered()
    const { access_token, refresh_token } = await app.connect()
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await app.revoke(refresh_token)
    const { keys } = await env.RECORDS.list({ prefix: `revoked:${grantIdOf(refresh_token)}` })
    expect(keys).toHaveLength(1)
    expect(keys[0]?.expiration).toBeGreaterThan(Date.now() / 1000 + LIFETIME.accessToken)
  })
})

describe('M6 a client that acts for itself and was removed', () => {
  it.each([
    ['at the very next call, with the immediate setting', 'true', 401],
    ['within a minute, without it', 'false', 200],
  ])('is out %s', async (_, IMMEDIATE_REVOCATION, status) => {
    configure({ IMMEDIATE_REVOCATION })
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    expect((await callTool(access_token, 'whoami')).status).toBe(200)
    await env.RECORDS.put(revokedClientKey(machine.id), 'revoked')
    expect((await callTool(access_token, 'whoami')).status).toBe(status)
  })
})
