// Both eras of the protocol over one URL.
import { beforeAll, describe, expect, it } from 'vitest'
import { tools } from '../fixture/src/server/index.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { MCP_URL, send } from '../support/worker.ts'

let token: string

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
})

describe('the initialize era', () => {
  const post = (body: object, headers: Record<string, string> = {}) =>
    send(MCP_URL, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    })

  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('is served in version %s', async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    const response = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    expect(response.status).toBe(200)
    const initialized = await response.text()
    expect(initialized).toContain(`"protocolVersion":"${protocolVersion}"`)
    // Nothing could tell a stateless client that the list has changed.
    expect(initialized).toContain('"tools":{"listChanged":false}')
    const list = await post(
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
      { 'MCP-Protocol-Version': protocolVersion },
    )
    const listed = [...(await list.text()).matchAll(/"name":"(\w+)"/g)].map((match) => match[1])
    expect(listed).toEqual(tools.map(({ name }) => name))
  })
})
