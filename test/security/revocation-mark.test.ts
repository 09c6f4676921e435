// The mark that ends access tokens whose grant is over, or whose client is gone.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { LIFETIME } from '#config'
import { revokedClientKey } from '#engine/oauth/clients/owned-store.ts'
import worker from '#worker'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { grantIdOf, tokensOf } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { MCP_URL } from '../support/worker.ts'

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
  function call(token: string, settings: object): Promise<Response> {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const request = new Request(MCP_URL, { method: 'POST', headers, body })
    return Promise.resolve(worker.fetch(request, { ...env, ...settings } as Env, createExecutionContext()))
  }

  it.each([
    ['at the very next call, with the immediate setting', 'true', 401],
    ['within a minute, without it', 'false', 200],
  ])('is out %s', async (_, IMMEDIATE_REVOCATION, status) => {
    const machine = await Machine.owned()
    const { access_token } = await tokensOf(machine.token())
    expect((await call(access_token, { IMMEDIATE_REVOCATION })).status).toBe(200)
    await env.RECORDS.put(revokedClientKey(machine.id), 'revoked')
    expect((await call(access_token, { IMMEDIATE_REVOCATION })).status).toBe(status)
  })
})
