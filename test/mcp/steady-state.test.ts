// What a tool call does not do once its isolate is warm: these are budgets, counted, that no change may quietly exceed.
import { env } from 'cloudflare:workers'
import { McpServer } from '@modelcontextprotocol/server'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Notebook } from '#worker'
import { tools } from '../fixture/src/server/index.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'

let token: string

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
  await callTool(token, 'whoami')
  await callTool(token, 'list_notes')
})

afterEach(() => {
  vi.restoreAllMocks()
})

/** Every way out of the isolate, and the cryptography that is worth counting. */
function watch() {
  const namespaces = [
    env.GRANTS,
    env.CLIENTS,
    env.ACCOUNTS,
    env.DIRECTORY,
    env.SEEN,
    env.DEVICES,
    env.SESSIONS,
    env.ALERTS,
    env.NOTEBOOKS,
  ]
  const prototypes = new Set(namespaces.map((one) => Object.getPrototypeOf(one)))
  const objects = [...prototypes].flatMap((one) => [vi.spyOn(one, 'get'), vi.spyOn(one, 'getByName')])
  const kv = Object.getPrototypeOf(env.RECORDS)
  return {
    objects,
    records: (['get', 'getWithMetadata', 'list', 'put', 'delete'] as const).map((name) => vi.spyOn(kv, name)),
    limits: [vi.spyOn(Object.getPrototypeOf(env.TOKEN_LIMIT), 'limit')],
    internet: [vi.spyOn(globalThis, 'fetch')],
    crypto: (['verify', 'sign', 'digest', 'importKey', 'deriveKey', 'deriveBits'] as const).map((name) =>
      vi.spyOn(crypto.subtle, name),
    ),
  }
}

const calls = (watched: ReturnType<typeof watch>) =>
  Object.fromEntries(
    Object.entries(watched).map(([name, spies]) => [
      name,
      (spies as { mock: { calls: unknown[] } }[]).reduce((sum, { mock }) => sum + mock.calls.length, 0),
    ]),
  )

describe('a tool call in steady state', () => {
  it('makes no request, and verifies, signs and hashes nothing', async () => {
    const watched = watch()
    for (let count = 0; count < 3; count++) expect((await callTool(token, 'whoami')).status).toBe(200)
    expect(calls(watched)).toEqual({ objects: 0, records: 0, limits: 0, internet: 0, crypto: 0 })
  })

  it('asks what its tool keeps, and nothing else', async () => {
    const list = vi.spyOn(Notebook.prototype, 'list')
    const watched = watch()
    await structured(callTool(token, 'list_notes'))
    expect(list).toHaveBeenCalledTimes(1)
    expect(calls(watched)).toEqual({ objects: 1, records: 0, limits: 0, internet: 0, crypto: 0 })
  })

  it('registers the tool that it names, and no other', async () => {
    const register = vi.spyOn(McpServer.prototype, 'registerTool')
    await callTool(token, 'whoami')
    expect(register.mock.calls.map(([name]) => name)).toEqual(['whoami'])
    register.mockClear()
    const unknown = (await (await callTool(token, 'no_such_tool')).json()) as { error: { message: string } }
    expect(unknown.error.message).toContain('no_such_tool')
    expect(register).toHaveBeenCalledTimes(tools.length)
  })
})
