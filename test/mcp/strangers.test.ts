// A server with something public: what someone without a token may do, and that everything else is as it was.
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { prompts, resources, tools } from '../fixture/src/server/index.ts'
import { parameters } from '../support/chatgpt.ts'
import { initialize, McpSession, sendLegacy } from '../support/mcp-session.ts'
import { askLegacy, askModern, messageOf, resultOf } from '../support/mcp-ways.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { expectInvalidToken, listenToLog } from '../support/outcome.ts'
import { configure, MCP_URL, ORIGIN, randomAddress, send } from '../support/worker.ts'

const description = 'A fixture.'
const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const handler = vi.fn((_input: object, context: object) => `Given: ${Object.keys(context).sort()}`)
const secret = vi.fn(() => 'Not for strangers.')

tools.push(
  defineTool({
    name: 'hours',
    title: 'Opening hours',
    description,
    access: 'public',
    input: z.object({}),
    annotations,
    handler,
  }),
  defineTool({
    name: 'for_members',
    title: 'For members',
    description,
    input: z.object({}),
    annotations,
    visible: () => true,
    handler: secret,
  }),
)
resources.push(
  defineResource({
    name: 'menu',
    title: 'Menu',
    description,
    uri: 'menu://{day}',
    access: 'public',
    list: () => [{ variables: { day: 'monday' }, title: 'Monday' }],
    complete: { day: () => ['monday'] },
    handler: ({ day }) => `Soup on ${day}.`,
  }),
  defineResource({
    name: 'diary',
    title: 'Diary',
    description,
    uri: 'diary://{day}',
    list: () => [{ variables: { day: 'secret day' }, title: 'Secret' }],
    complete: { day: () => ['secret day'] },
    handler: secret,
  }),
  defineResource({ name: 'plan', title: 'Plan', description, uri: 'plan://all', handler: secret }),
)
prompts.push(
  definePrompt({
    name: 'greet',
    title: 'Greet',
    description,
    access: 'public',
    input: z.object({ name: z.string() }),
    complete: { name: () => ['World'] },
    handler: ({ name }) => `Hello, ${name}.`,
  }),
  definePrompt({
    name: 'confess',
    title: 'Confess',
    description,
    input: z.object({ sin: z.string() }),
    complete: { sin: () => ['secret sin'] },
    handler: secret,
  }),
)

let token: string

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
})

afterEach(() => {
  configure()
  vi.restoreAllMocks()
  secret.mockClear()
})

const ref = (type: 'prompt' | 'resource', name: string) =>
  type === 'prompt' ? { type: 'ref/prompt', name } : { type: 'ref/resource', uri: name }
const completion = (type: 'prompt' | 'resource', name: string, argument: string) => ({
  ref: ref(type, name),
  argument: { name: argument, value: '' },
})

const ERAS = [
  ['in the 2026-07-28 protocol', askModern],
  ['in the initialize era', askLegacy],
] as const

describe.each(ERAS)('someone without a token %s', (_era, ask) => {
  it('reads every list, which holds no data of a user', async () => {
    const names = async (method: string, key: string) =>
      (await resultOf<Record<string, { name: string }[]>>(ask(undefined, method)))[key]?.map(
        ({ name }) => name,
      )
    // An app has to know what there is to sign in for.
    expect(await names('tools/list', 'tools')).toEqual(
      tools.map(({ name }) => name).filter((name) => name !== 'for_members'),
    )
    expect(await names('prompts/list', 'prompts')).toEqual(['greet', 'confess'])
    expect(await names('resources/list', 'resources')).toEqual(['menu', 'plan'])
    expect(await names('resources/templates/list', 'resourceTemplates')).toEqual(['menu', 'diary'])
  })

  it('calls, reads, gets and completes what is public', async () => {
    const called = ask(undefined, 'tools/call', { name: 'hours', arguments: {} })
    expect(await resultOf(called)).toMatchObject({ content: [{ text: 'Given: env,mcp' }] })
    const read = ask(undefined, 'resources/read', { uri: 'menu://monday' })
    expect(await resultOf(read)).toMatchObject({ contents: [{ text: 'Soup on monday.' }] })
    const got = ask(undefined, 'prompts/get', { name: 'greet', arguments: { name: 'Ada' } })
    expect(JSON.stringify(await resultOf(got))).toContain('Hello, Ada.')
    for (const [params, values] of [
      [completion('prompt', 'greet', 'name'), ['World']],
      [completion('resource', 'menu://{day}', 'day'), ['monday']],
    ] as const) {
      expect(await resultOf(ask(undefined, 'completion/complete', params))).toMatchObject({
        completion: { values },
      })
    }
  })

  it.each<[string, object]>([
    ['tools/call', { name: 'whoami', arguments: {} }],
    ['tools/call', { name: 'list_notes', arguments: {} }],
    ['tools/call', { name: 'no_such_tool', arguments: {} }],
    ['resources/read', { uri: 'diary://monday' }],
    ['resources/read', { uri: 'plan://all' }],
    ['resources/read', { uri: 'nothing://all' }],
    ['resources/read', { uri: 'not an address' }],
    ['prompts/get', { name: 'confess', arguments: { sin: 'x' } }],
    ['completion/complete', completion('prompt', 'confess', 'sin')],
    ['completion/complete', completion('resource', 'diary://{day}', 'day')],
    ['resources/subscribe', { uri: 'menu://monday' }],
    ['subscriptions/listen', {}],
    ['logging/setLevel', { level: 'debug' }],
    ['no/such/method', {}],
  ])('M14 is 401 with resource_metadata for everything else: %s %j', async (method, params) => {
    const response = await ask(undefined, method, params)
    expect(response.status).toBe(401)
    expect(parameters(response.headers.get('WWW-Authenticate') as string)).toEqual({
      resource_metadata: `${ORIGIN}/.well-known/oauth-protected-resource/mcp`,
      scope: 'notes:read',
    })
    expect(secret).not.toHaveBeenCalled()
  })

  it('M14 in the form for ChatGPT where a tool needs a token', async () => {
    const headers = { 'User-Agent': 'openai-mcp/1.0.0' }
    const params = { name: 'whoami', arguments: {} }
    const { isError, _meta } = await resultOf<{ isError: boolean; _meta: Record<string, [string]> }>(
      ask(undefined, 'tools/call', params, headers),
    )
    expect(isError).toBe(true)
    expect(_meta['mcp/www_authenticate']?.[0]).toContain('error="invalid_token"')
    expect((await ask(undefined, 'prompts/get', { name: 'confess' }, headers)).status).toBe(401)
  })

  it('M14 is no one else for a dead token: that is 401 even where no token is needed', async () => {
    for (const [method, params] of [
      ['tools/list', {}],
      ['tools/call', { name: 'hours', arguments: {} }],
    ] as const) {
      expectInvalidToken(await ask('dead', method, params))
      for (const Authorization of ['Basic dTpw', 'Bearer', 'Bearer a b']) {
        expect((await ask(undefined, method, params, { Authorization })).status).toBe(401)
      }
    }
  })

  it('M14 is the same to a public handler with a token and without', async () => {
    const params = { name: 'hours', arguments: {} }
    const given = (who?: string) => resultOf(ask(who, 'tools/call', params))
    expect(await given(token)).toMatchObject({ content: [{ text: 'Given: env,mcp' }] })
  })

  it('writes nothing and wakes no object', async () => {
    const kv = Object.getPrototypeOf(env.RECORDS)
    const namespaces = [
      env.GRANTS,
      env.CLIENTS,
      env.ACCOUNTS,
      env.SEEN,
      env.SESSIONS,
      env.NOTEBOOKS,
      env.AUDIT,
    ]
    const watched = [
      ...(['get', 'getWithMetadata', 'list', 'put', 'delete'] as const).map((name) => vi.spyOn(kv, name)),
      ...namespaces.flatMap((one) => [vi.spyOn(one, 'get'), vi.spyOn(one, 'getByName')]),
    ]
    await ask(undefined, 'tools/call', { name: 'hours', arguments: {} })
    await ask(undefined, 'tools/call', { name: 'whoami', arguments: {} })
    await sendLegacy({ token: '', message: initialize(), headers: { Authorization: undefined } })
    expect(watched.flatMap(({ mock }) => mock.calls)).toEqual([])
  })
})

describe('the initialize era without a token', () => {
  const anonymous = { Authorization: undefined }

  it('begins without a session, and goes on', async () => {
    const begun = await sendLegacy({ token: '', message: initialize(), headers: anonymous })
    expect(begun.headers.get('Mcp-Session-Id')).toBeNull()
    expect(await resultOf(begun)).toMatchObject({ capabilities: { tools: {}, resources: {}, prompts: {} } })
    const message = { jsonrpc: '2.0', method: 'notifications/initialized' }
    expect((await sendLegacy({ token: '', message, headers: anonymous })).status).toBe(202)
  })

  it('M14 opens no stream, and uses no session of a user', async () => {
    const session = await McpSession.open(token)
    const headers = { ...anonymous, 'Mcp-Session-Id': session.id }
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await sendLegacy({ token: '', message: list, headers })).status).toBe(401)
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await sendLegacy({ token: '', method, headers })).status).toBe(401)
      expect((await sendLegacy({ token: '', method, headers: anonymous })).status).toBe(401)
    }
    expect(await session.read('whoami')).toContain('You act for')
  })
})

describe('what shows itself to some', () => {
  it('M14 shows itself to no one without a token', async () => {
    const names = async (who?: string) => JSON.stringify(await resultOf(askModern(who, 'tools/list')))
    expect(await names(token)).toContain('for_members')
    expect(await names()).not.toContain('for_members')
  })
})

describe('what a stranger sends', () => {
  it('M14 is counted per address, and no one who has a token pays for it', async () => {
    const keys: string[] = []
    const limit = async ({ key }: { key: string }) => {
      keys.push(key)
      return { success: !key.includes('10.0.0.9') }
    }
    configure({ TOKEN_LIMIT: { limit } as unknown as RateLimit })
    const from = (address: string) => askModern(undefined, 'tools/list', {}, { 'CF-Connecting-IP': address })
    expect((await from('10.0.0.8')).status).toBe(200)
    const refused = await from('10.0.0.9')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    const mine = await askModern(token, 'tools/list', {}, { 'CF-Connecting-IP': '10.0.0.9' })
    expect(mine.status).toBe(200)
    expect(keys).toEqual(['stranger at 10.0.0.8', 'stranger at 10.0.0.9'])
  })

  it('is judged as any message is', async () => {
    const headers = { 'Content-Type': 'application/json', 'CF-Connecting-IP': randomAddress() }
    for (const body of ['', '[]', '{', '7']) {
      expect((await send(MCP_URL, { method: 'POST', headers, body })).status).toBe(400)
    }
  })

  it('M14 is no larger than a call is', async () => {
    const params = { name: 'hours', arguments: { text: 'x'.repeat(512 * 1024) } }
    expect((await askModern(undefined, 'tools/call', params)).status).toBe(413)
    expect((await askModern(token, 'tools/call', params)).status).toBe(200)
  })

  it('is logged without a name', async () => {
    const lines = listenToLog()
    await askModern(undefined, 'tools/call', { name: 'hours', arguments: {} })
    expect(lines()).toEqual([
      { event: 'tool.called', tool: 'hours', outcome: 'ok', ms: expect.any(Number) },
      expect.objectContaining({ event: 'mcp.request', operation: 'tools/call', tool: 'hours', status: 200 }),
    ])
    expect(lines().some((line) => 'user' in line || 'client' in line)).toBe(false)
  })

  it('cannot reach a tool by a header that names a public one', async () => {
    const answer = await askModern(undefined, 'tools/call', { name: 'whoami' }, { 'Mcp-Name': 'hours' })
    expect(answer.status).toBe(401)
    const other = await messageOf(
      askModern(undefined, 'tools/call', { name: 'hours' }, { 'Mcp-Name': 'whoami' }),
    )
    expect(other.error).toBeDefined()
  })
})

describe('securitySchemes', () => {
  it('say which tools need no token', async () => {
    const { tools: listed } = await resultOf<{
      tools: { name: string; _meta: { securitySchemes: { type: string }[] } }[]
    }>(askModern(undefined, 'tools/list'))
    const schemes = (wanted: string) =>
      listed.find(({ name }) => name === wanted)?._meta.securitySchemes.map(({ type }) => type)
    expect(schemes('hours')).toEqual(['noauth', 'oauth2'])
    expect(schemes('whoami')).toEqual(['oauth2'])
    expect((await callTool(token, 'whoami')).status).toBe(200)
  })
})

describe('what is public', () => {
  it('has no user in its type, and takes no scope', () => {
    const tool = { name: 'x', title: 'X', description, input: z.object({}), annotations }
    // @ts-expect-error
    defineTool({ ...tool, access: 'public', handler: (_input, { user }) => user.id })
    // @ts-expect-error
    defineTool({ ...tool, access: 'public', scope: 'notes:read', handler: () => '' })
    defineTool({ ...tool, scope: 'notes:read', handler: (_input, { user }) => user.id })
  })
})
