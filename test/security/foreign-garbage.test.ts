// S10: tokens that strangers make up, where another server has to be asked about each.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DocumentHost } from '../support/document-host.ts'
import { ForeignServer, type Server, serverWith } from '../support/foreign-server.ts'
import { modernCall } from '../support/mcp-request.ts'
import { expectRefusal, pass } from '../support/outcome.ts'
import { MCP_URL, randomAddress } from '../support/worker.ts'

/** Twice what one address may ask in a minute of the clock. */
const MOST = 2 * 120

let asked: number
let server: Server

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const host = DocumentHost.install()
  const foreign = await ForeignServer.start(host)
  asked = 0
  host.answer(foreign.introspectionUrl, ({ body }) => {
    asked++
    const token = new URLSearchParams(String(body)).get('token') ?? ''
    return Response.json(token.startsWith('honest') ? foreign.claims({ active: true }) : { active: false })
  })
  const entry = { issuer: foreign.issuer, introspection: true, client_id: 'g', client_secret_setting: 'S' }
  server = serverWith({ AUTHORIZATION_SERVERS: [entry], S: 'secret' })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function callFrom(address: string, token: string): Promise<Response> {
  return server(MCP_URL, modernCall(token, 'whoami', {}, { headers: { 'CF-Connecting-IP': address } }))
}

describe('S10 opaque tokens that are made up', () => {
  it('are counted for the address that brings them, and honest ones are still answered', async () => {
    const [stranger, user] = [randomAddress(), randomAddress()]
    // Known since before, from the very address of the stranger.
    expect((await callFrom(stranger, 'honest-1')).status).toBe(200)
    const all = await Promise.all(Array.from({ length: 300 }, (_, n) => callFrom(stranger, `made-up-${n}`)))
    const refused = all.find(({ status }) => status === 429) as Response
    await expectRefusal(refused, 'temporarily_unavailable', 429)
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(asked).toBeLessThanOrEqual(1 + MOST)
    expect((await callFrom(user, 'honest-2')).status).toBe(200)
    pass(61)
    expect((await callFrom(stranger, 'honest-1')).status).toBe(200)
  })
})
