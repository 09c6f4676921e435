// JSON-RPC 2.0 §5.1: parameters of the wrong form are -32602 under the request's own id, in words of ours.

import { listDurableObjectIds } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { modernCall } from '../support/mcp-request.ts'
import { initialize, McpSession, sendLegacy } from '../support/mcp-session.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { MCP_URL, send } from '../support/worker.ts'

let token: string
let session: McpSession

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
  session = await McpSession.open(token)
})

async function expectInvalidParams(response: Response, id: unknown, about = ''): Promise<void> {
  const body = await response.text()
  expect([response.status, JSON.parse(body)]).toEqual([
    400,
    { jsonrpc: '2.0', id, error: { code: -32602, message: expect.stringContaining(about) } },
  ])
  // The validator of the SDK dumps a list of its issues.
  expect(body).not.toMatch(/[\\[]n|expected|"path"|invalid_type/)
}

const { params: valid } = initialize()

const INITIALIZATIONS: [string, unknown, string][] = [
  [
    'flat names',
    { protocolVersion: '2024-11-05', clientName: 'c', clientVersion: '1' },
    'params.capabilities',
  ],
  ['no protocolVersion', { ...valid, protocolVersion: undefined }, 'params.protocolVersion'],
  ['a protocolVersion that is a number', { ...valid, protocolVersion: 2025 }, 'params.protocolVersion'],
  ['no params', undefined, 'params'],
  ['null', null, 'params'],
  ['a list', [], 'params'],
  ['no clientInfo', { ...valid, clientInfo: undefined }, 'params.clientInfo'],
  ['no version of the client', { ...valid, clientInfo: { name: 'c' } }, 'params.clientInfo.version'],
  [
    'a title that is null',
    { ...valid, clientInfo: { ...valid.clientInfo, title: null } },
    'clientInfo.title',
  ],
  ['capabilities that are null', { ...valid, capabilities: null }, 'params.capabilities'],
  ['a capability that is true', { ...valid, capabilities: { sampling: true } }, 'capabilities.sampling'],
]

describe('initialize that is malformed is -32602', () => {
  it.each(INITIALIZATIONS)('in no session: %s', async (_what, params, about) => {
    const before = (await listDurableObjectIds(env.SESSIONS)).length
    await expectInvalidParams(
      await sendLegacy({ token, message: { ...initialize(), params } }),
      'initialize',
      about,
    )
    expect(await listDurableObjectIds(env.SESSIONS)).toHaveLength(before)
  })

  it.each(INITIALIZATIONS)('in a session: %s', async (_what, params, about) => {
    await expectInvalidParams(await session.post({ ...initialize(), params }), 'initialize', about)
    expect(await session.read('whoami')).toContain('You act for')
  })

  it.each([{ id: undefined }, { id: null }, { id: {} }])('with the id %o', async (changes) => {
    await expectInvalidParams(
      await sendLegacy({ token, message: { ...initialize(), ...changes } }),
      null,
      'id',
    )
  })

  it('cuts a name that it repeats', async () => {
    const capabilities = { experimental: { ['x'.repeat(10_000)]: true } }
    const refused = await sendLegacy({
      token,
      message: { ...initialize(), params: { ...valid, capabilities } },
    })
    expect((await refused.text()).length).toBeLessThan(400)
  })

  it('begins a session once it is right', async () => {
    await McpSession.open(token)
  })
})

const MESSAGES: [string, string, unknown, string][] = [
  ['a cursor that is null', 'tools/list', { cursor: null }, 'cursor'],
  ['a cursor that is a number', 'tools/list', { cursor: 7 }, 'cursor'],
  ['params that are null', 'tools/list', null, 'params'],
  ['params that are a list', 'ping', [], 'params'],
  ['_meta that is null', 'tools/list', { _meta: null }, '_meta'],
  ['a progressToken that is null', 'ping', { _meta: { progressToken: null } }, 'progressToken'],
  ['arguments that are null', 'tools/call', { name: 'whoami', arguments: null }, 'arguments'],
  ['arguments that are a text', 'tools/call', { name: 'whoami', arguments: '{}' }, 'arguments'],
  ['arguments that are a number', 'tools/call', { name: 'whoami', arguments: 7 }, 'arguments'],
  ['no name', 'tools/call', { arguments: {} }, 'name'],
]

describe('a request that is malformed is -32602', () => {
  it.each(MESSAGES)('%s, in a session', async (_what, method, params, about) => {
    await expectInvalidParams(await session.post({ jsonrpc: '2.0', id: 'a', method, params }), 'a', about)
  })

  it.each(MESSAGES)('%s, in no session', async (_what, method, params, about) => {
    const message = { jsonrpc: '2.0', id: 0, method, params }
    await expectInvalidParams(await sendLegacy({ token, message }), 0, about)
  })

  it.each(MESSAGES)('%s, in the 2026-07-28 protocol', async (_what, method, params, about) => {
    const { params: own } = JSON.parse(modernCall(token, 'whoami').body)
    const isObject = typeof params === 'object' && params !== null && !Array.isArray(params)
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 'a',
      method,
      params: isObject ? { _meta: own._meta, ...params } : params,
    })
    const headers = { 'Mcp-Method': method }
    const refused = await send(MCP_URL, modernCall(token, 'whoami', {}, { headers, body }))
    await expectInvalidParams(refused, 'a', about)
  })

  it.each([{}, undefined, { cursor: undefined }, { _meta: { progressToken: 0 } }])(
    'and is answered when it is right: %o',
    async (params) => {
      const answer = await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/list', params })
      expect(await answer.text()).toContain('"tools":[')
    },
  )
})
