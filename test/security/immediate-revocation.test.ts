// M6 with IMMEDIATE_REVOCATION: each call asks the grant.
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import worker from '#worker'
import { OAuthClient } from '../support/oauth-client.ts'
import { MCP_URL } from '../support/worker.ts'

const immediate = { ...env, IMMEDIATE_REVOCATION: 'true' }

function call(token: string): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const request = new Request(MCP_URL, { method: 'POST', headers, body })
  return Promise.resolve(worker.fetch(request, immediate, createExecutionContext()))
}

describe('M6 a revoked grant, with the immediate setting', () => {
  it('is over at the very next call', async () => {
    const app = await OAuthClient.registered()
    const { access_token, refresh_token } = await app.connect()
    expect((await call(access_token)).status).toBe(200)
    await app.revoke(refresh_token)
    const refused = await call(access_token)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
  })
})
