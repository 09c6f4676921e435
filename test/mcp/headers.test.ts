// RFC 9110 §5.3: a header of one value that arrives twice, and media types in any letter case.
import { beforeAll, describe, expect, it } from 'vitest'
import { modernCall, toolCall } from '../support/mcp-request.ts'
import { EventStream, expectSessionNotFound, McpSession, sendLegacy } from '../support/mcp-session.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { expectErrorJson } from '../support/refusals.ts'
import { MCP_URL, send } from '../support/worker.ts'
import '../support/session-tools.ts'

let token: string
let session: McpSession

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
  session = await McpSession.open(token)
})

/** A valid call, except that one header has two lines, which arrive as one value with a comma. */
function twice(name: string, second?: string, separator = ', '): Promise<Response> {
  const request = modernCall(token, 'whoami')
  if (name === 'Origin') request.headers.set('Origin', 'https://page.example')
  const first = request.headers.get(name) as string
  request.headers.set(name, `${first}${separator}${second ?? first}`)
  return send(MCP_URL, request)
}

const IN_A_CALL = {
  Authorization: 'Bearer another',
  'Content-Type': 'text/plain',
  'MCP-Protocol-Version': '2025-06-18',
  'Mcp-Method': 'tools/list',
  'Mcp-Name': 'add_note',
  Origin: 'https://other.example',
}

describe('a header of one value that arrives twice', () => {
  it.each(Object.keys(IN_A_CALL))('alike counts as one: %s', async (name) => {
    expect((await twice(name)).status).toBe(200)
    expect((await twice(name, undefined, ',')).status).toBe(200)
  })

  it.each(Object.entries(IN_A_CALL))('otherwise is 400: %s', async (name, second) => {
    const refused = await twice(name, second)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toHaveProperty('error')
  })

  it.each(['Mcp-Session-Id', 'MCP-Protocol-Version', 'Last-Event-ID'])('in a session: %s', async (name) => {
    const own = { 'Mcp-Session-Id': session.id, 'MCP-Protocol-Version': '2025-11-25', 'Last-Event-ID': '' }
    const value = name === 'Last-Event-ID' ? 'an-event' : own[name as keyof typeof own]
    const sendWith = (changed: string) =>
      sendLegacy({ token, method: 'GET', headers: { ...own, 'Last-Event-ID': 'an-event', [name]: changed } })
    const once = await sendWith(value)
    const alike = await sendWith(`${value}, ${value}`)
    expect([alike.status, await alike.text()]).toEqual([once.status, await once.text()])
    await expectErrorJson(await sendWith(`${value}, another`), 400, 'invalid_request')
  })

  it('is no way to a session of which one id is right', async () => {
    const other = `${session.id}, ${'0'.repeat(64)}`
    const refused = await session.send({ message: toolCall('whoami'), headers: { 'Mcp-Session-Id': other } })
    await expectErrorJson(refused, 400, 'invalid_request')
    await expectSessionNotFound(
      await session.send({ message: toolCall('whoami'), headers: { 'Mcp-Session-Id': '0'.repeat(64) } }),
    )
  })

  it('is still no token when it is none', async () => {
    const request = modernCall(token, 'whoami', {}, { headers: { Authorization: 'Basic eDp5, Basic eDp5' } })
    expect((await send(MCP_URL, request)).status).toBe(401)
  })
})

describe('RFC 9110 §8.3.1 the letter case of media types means nothing', () => {
  const BOTH = 'application/json, text/event-stream'

  it.each(['Application/JSON', 'application/json; charset=UTF-8', 'APPLICATION/JSON, application/json'])(
    'Content-Type: %s',
    async (type) => {
      const headers = { 'Content-Type': type }
      expect((await send(MCP_URL, modernCall(token, 'whoami', {}, { headers }))).status).toBe(200)
      expect((await session.send({ message: toolCall('whoami'), headers })).status).toBe(200)
    },
  )

  it.each([
    BOTH,
    'Application/JSON, Text/Event-Stream',
    'text/event-stream;q=0.5,application/json;q=0.9',
    'application/json;charset=utf-8,TEXT/EVENT-STREAM',
    '*/*',
    'application/*, text/*',
    'Application/*, text/event-stream',
  ])('Accept of a call: %s', async (Accept) => {
    expect((await session.send({ message: toolCall('whoami'), headers: { Accept } })).status).toBe(200)
  })

  it.each([
    'application/json',
    'text/event-stream',
    'text/html',
    `${BOTH.toUpperCase()};q=0`,
    'application/json, */*;q=0',
  ])('refuses a call that accepts less: %s', async (Accept) => {
    expect((await session.send({ message: toolCall('whoami'), headers: { Accept } })).status).toBe(406)
  })

  it.each(['text/event-stream', 'Text/Event-Stream', 'APPLICATION/JSON, TEXT/EVENT-STREAM;q=0.1'])(
    'Accept of a stream: %s',
    async (Accept) => {
      const own = await McpSession.open(token)
      const stream = new EventStream(await own.send({ method: 'GET', headers: { Accept } }))
      await own.end()
      expect(await stream.rest()).toEqual([])
    },
  )

  it('refuses another media type', async () => {
    const request = modernCall(token, 'whoami', {}, { headers: { 'Content-Type': 'application/jsonx' } })
    expect((await send(MCP_URL, request)).status).toBe(415)
  })
})
