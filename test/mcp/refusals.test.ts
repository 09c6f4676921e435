// One refusal, in the form that each host understands: HTTP 401 and 403, or the result of a tool. And what its challenge
// names, so that an app can ask the person for what is missing.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { tools } from '../fixture/src/server/index.ts'
import { parameters } from '../support/chatgpt.ts'
import { DocumentHost } from '../support/document-host.ts'
import { legacyCall, type McpRequest, modernCall, toolCall } from '../support/mcp-request.ts'
import { initialize, McpSession, sendLegacy } from '../support/mcp-session.ts'
import { OAuthClient, type Tokens } from '../support/oauth-client.ts'
import { listenToLog } from '../support/outcome.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, send } from '../support/worker.ts'

const CHATGPT = 'openai-mcp/1.0.0'
const handler = vi.fn(() => 'done')

// Its name is more than a header can carry.
tools.push(
  defineTool({
    name: 'grüß"gott',
    title: 'Greet',
    description: 'A fixture.',
    input: z.object({}),
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
    scope: ['notes:read', 'notes:write'],
    handler,
  }),
)

interface Answer {
  readonly id: number
  readonly result: {
    readonly content: [{ readonly type: string; readonly text: string }]
    readonly isError: boolean
    readonly resultType?: string
    readonly _meta: { readonly 'mcp/www_authenticate': [string] }
  }
}

let app: OAuthClient
let person: Visitor
let narrow: Tokens

beforeAll(async () => {
  app = await OAuthClient.registered()
  person = await Visitor.signedIn()
  narrow = await app.connect(person, { scope: 'notes:read' })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const from = (userAgent: string | undefined) => ({ headers: { 'User-Agent': userAgent } })

/** The same call from a host that reads HTTP and from ChatGPT. */
async function both(make: (changes: ReturnType<typeof from>) => McpRequest) {
  const [http, result] = await Promise.all([
    send(MCP_URL, make(from('test/1'))),
    send(MCP_URL, make(from(CHATGPT))),
  ])
  return {
    http,
    result: { status: result.status, headers: result.headers, ...(await result.json<Answer>()) },
  }
}

const ERAS = [
  ['in the 2026-07-28 protocol', modernCall],
  ['in the initialize era', legacyCall],
] as const

describe('a refusal in the form that its host understands', () => {
  it.each(ERAS)('names a missing scope %s, and the tool does not run', async (_era, call) => {
    const text = crypto.randomUUID()
    const { http, result } = await both((changes) => call(narrow.access_token, 'add_note', { text }, changes))
    expect(http.status).toBe(403)
    expect(result).toMatchObject({ status: 200, id: 1, result: { isError: true } })
    expect(result.result._meta['mcp/www_authenticate']).toEqual([http.headers.get('WWW-Authenticate')])
    const { error_description } = await http.json<{ error_description: string }>()
    expect(result.result.content).toEqual([{ type: 'text', text: error_description }])
    expect(result.result.resultType).toBe(call === modernCall ? 'complete' : undefined)
    expect(result.headers.get('Cache-Control')).toBe('no-store')
    const notes = await send(MCP_URL, modernCall(narrow.access_token, 'list_notes', { limit: 100 }))
    expect(await notes.text()).not.toContain(text)
  })

  it.each(ERAS)('tells of a dead token %s', async (_era, call) => {
    const { http, result } = await both((changes) => call('dead', 'whoami', {}, changes))
    expect(http.status).toBe(401)
    expect(result).toMatchObject({ status: 200, id: 1, result: { isError: true } })
    expect(result.result._meta['mcp/www_authenticate']).toEqual([http.headers.get('WWW-Authenticate')])
    expect(parameters(result.result._meta['mcp/www_authenticate'][0])).toMatchObject({
      error: 'invalid_token',
    })
  })

  it.each(ERAS)('tells of no token %s, with the error that RFC 6750 leaves out', async (_era, call) => {
    const none = ({ headers }: ReturnType<typeof from>) =>
      call('', 'whoami', {}, { headers: { ...headers, Authorization: undefined } })
    const { http, result } = await both(none)
    expect(http.status).toBe(401)
    const challenge = parameters(http.headers.get('WWW-Authenticate') as string)
    expect(challenge.error).toBeUndefined()
    expect(parameters(result.result._meta['mcp/www_authenticate'][0])).toEqual({
      ...challenge,
      error: 'invalid_token',
      error_description: result.result.content[0].text,
    })
  })

  it('in a session, where the token became too little and then dead', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const tokens = await app.connect(person, { scope: 'notes:read' })
    const session = await McpSession.open(tokens.access_token)
    const call = () => session.post(toolCall('add_note', { text: 'Bread' }), { 'User-Agent': CHATGPT })
    expect(await (await call()).json()).toMatchObject({ result: { isError: true } })
    await app.revoke(tokens.refresh_token)
    vi.setSystemTime(Date.now() + 120_000)
    const { result } = await (await call()).json<Answer>()
    expect(result._meta['mcp/www_authenticate'][0]).toContain('error="invalid_token"')
  })

  it('is HTTP for requests that no tool answers, for every client', async () => {
    const headers = { 'User-Agent': CHATGPT }
    const { id: _, ...notification } = toolCall('whoami')
    for (const message of [initialize(), { jsonrpc: '2.0', id: 1, method: 'tools/list' }, notification]) {
      expect((await sendLegacy({ token: 'dead', message, headers })).status).toBe(401)
    }
    const odd = { ...toolCall('whoami'), id: { an: 'object' } }
    expect((await sendLegacy({ token: 'dead', message: odd, headers })).status).toBe(401)
    expect((await sendLegacy({ token: 'dead', method: 'GET', headers })).status).toBe(401)
    const unreadable = { ...legacyCall('dead', 'whoami'), body: '[{}]' }
    unreadable.headers.set('User-Agent', CHATGPT)
    expect((await send(MCP_URL, unreadable)).status).toBe(401)
  })

  it('S25 is HTTP for a message of more than 64 KiB, which is not read for a stranger', async () => {
    const call = (length: number) =>
      send(MCP_URL, legacyCall('dead', 'add_note', { text: 'x'.repeat(length) }, from(CHATGPT)))
    expect((await call(60 * 1024)).status).toBe(200)
    expect((await call(64 * 1024)).status).toBe(401)
  })

  it('is logged as the refusal that it is', async () => {
    const lines = listenToLog()
    await send(MCP_URL, modernCall(narrow.access_token, 'add_note', { text: 'x' }, from(CHATGPT)))
    expect(lines()).toMatchObject([{ event: 'scope.refused', status: 403, tool: 'add_note' }])
  })

  it.each<[string, string | undefined, number]>([
    ['openai-mcp', 'openai-mcp', 200],
    ['with its version', CHATGPT, 200],
    ['with a comment', 'openai-mcp/1.0.0 (ChatGPT)', 200],
    ['after another product', 'Mozilla/5.0 openai-mcp/2', 200],
    ['no User-Agent', undefined, 403],
    ['another', 'claude-user', 403],
    ['one that begins alike', 'openai-mcp-inspector/1', 403],
    ['one that ends alike', 'not-openai-mcp/1', 403],
  ])('is chosen by the product of the User-Agent: %s', async (_what, userAgent, status) => {
    const request = modernCall(narrow.access_token, 'add_note', { text: 'x' }, from(userAgent))
    expect((await send(MCP_URL, request)).status).toBe(status)
  })

  it.each<[string, string, number]>([
    ['of ChatGPT', 'https://chatgpt.com/oauth/client.json', 200],
    ['of one of its apps', `https://chatgpt.com/oauth/app-${crypto.randomUUID()}/client.json`, 200],
    ['of Codex, which reads HTTP', 'https://chatgpt.com/oauth/codex/client.json', 403],
    ['of a host with a similar name', 'https://chatgpt.com.gatehouse-tests.dev/oauth/client.json', 403],
  ])('is chosen by the document of the client, too: %s', async (_whose, url, status) => {
    DocumentHost.install().serve(url)
    const client = await OAuthClient.described(url)
    const { access_token } = await client.connect(person, { scope: 'notes:read' })
    expect((await send(MCP_URL, modernCall(access_token, 'add_note', { text: 'x' }))).status).toBe(status)
  })
})

describe('MCP authorization, "Scope Challenge Handling": what a challenge names', () => {
  const challengeOf = async (request: McpRequest) =>
    parameters((await send(MCP_URL, request)).headers.get('WWW-Authenticate') as string)

  it('in the 2026-07-28 protocol: what the tool needs', async () => {
    expect((await challengeOf(modernCall(narrow.access_token, 'add_note'))).scope).toBe('notes:write')
  })

  it('in the initialize era: what the app holds, too, since it asks for nothing but what is named', async () => {
    expect((await challengeOf(legacyCall(narrow.access_token, 'add_note'))).scope).toBe(
      'notes:read notes:write',
    )
    const session = await McpSession.open(narrow.access_token)
    const challenge = (await session.call('add_note')).headers.get('WWW-Authenticate')
    expect(parameters(challenge as string).scope).toBe('notes:read notes:write')
  })

  it('never what only the authorization server knows', async () => {
    const tokens = await app.connect(person, { scope: 'notes:read offline_access' })
    expect(tokens.scope).toBe('notes:read offline_access')
    expect((await challengeOf(legacyCall(tokens.access_token, 'add_note'))).scope).toBe(
      'notes:read notes:write',
    )
  })

  it.each(ERAS)('and its description the tool, the scope and what to do, %s', async (_era, call) => {
    expect((await challengeOf(call(narrow.access_token, 'add_note'))).error_description).toBe(
      'The tool add_note needs the scope notes:write. Sign in again from the app, and allow notes:write when you are asked.',
    )
  })

  it('and no more of the name of a tool than a header can carry (RFC 6750 §3)', async () => {
    const message = JSON.stringify(toolCall('grüß"gott'))
    const { error_description } = await challengeOf({ ...legacyCall(narrow.access_token, ''), body: message })
    expect(error_description).toMatch(/^The tool gr\?\?\?gott needs the scope notes:write\. /)
    expect(handler).not.toHaveBeenCalled()
  })
})
