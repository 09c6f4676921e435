// Clients and the operator learn which version answers.
import { describe, expect, it, vi } from 'vitest'
import { version } from '../../package.json'
import { legacyCall, type McpRequest, modernCall } from '../support/mcp-request.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { MCP_URL, send } from '../support/worker.ts'

const { access_token } = await (await OAuthClient.registered()).connect()

const opening = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}

/** The same request, for another method than a tool call. */
function asking(method: string, params: object, { headers, body }: McpRequest): McpRequest {
  headers.delete('Mcp-Name')
  if (headers.has('Mcp-Method')) headers.set('Mcp-Method', method)
  const message = JSON.parse(body) as { params: object }
  return {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...message, method, params: { ...message.params, ...params } }),
  }
}

describe('the version in package.json', () => {
  it.each([
    ['server/discover', asking('server/discover', {}, modernCall(access_token, ''))],
    ['initialize', asking('initialize', opening, legacyCall(access_token, ''))],
  ])('is in the answer to %s', async (_method, request) => {
    const answer = await (await send(MCP_URL, request)).text()
    expect(answer).toContain(`"version":"${version}"`)
  })

  it('is in the log with each request', async () => {
    const lines = vi.spyOn(console, 'log')
    await callTool(access_token, 'whoami')
    const logged = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as object)
    lines.mockRestore()
    expect(logged).toContainEqual(expect.objectContaining({ event: 'mcp.request', version }))
  })
})
