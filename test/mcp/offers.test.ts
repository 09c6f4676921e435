// Resources, prompts and completions: each way to what one person keeps, by all three ways in which a message comes.
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { NAME, SERVER } from '#config'
import { gatehouse } from '#engine/gatehouse.ts'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { type HandlerContext, ToolError } from '#engine/mcp/handler.ts'
import { homePage } from '#engine/pages/home.tsx'
import { login } from '../fixture/src/login.ts'
import { prompts, resources, tools } from '../fixture/src/server/index.ts'
import { parameters } from '../support/chatgpt.ts'
import { initialize, McpSession, sendLegacy } from '../support/mcp-session.ts'
import { askLegacy, askModern, messageOf, resultOf, WAYS } from '../support/mcp-ways.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { listenToLog } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN } from '../support/worker.ts'

const SECRET = 'db://root:hunter2@10.0.0.1'
const notesOf = ({ env, user }: HandlerContext) => env.NOTEBOOKS.getByName(user.id).list(100)
const idsOf = async (context: HandlerContext) => (await notesOf(context)).map(({ id }) => String(id))
const read = vi.fn(
  async (id: string, context: HandlerContext) =>
    (await notesOf(context)).find((note) => String(note.id) === id)?.text,
)
const description = 'A fixture.'

resources.push(
  defineResource({
    name: 'note',
    title: 'Note',
    description,
    uri: 'note://{id}',
    mimeType: 'text/plain',
    scope: 'notes:read',
    list: async (context) =>
      (await notesOf(context)).map(({ id, text }) => ({ variables: { id: String(id) }, title: text })),
    complete: { id: async (start, context) => (await idsOf(context)).filter((id) => id.startsWith(start)) },
    handler: ({ id }, context) => read(id, context),
  }),
  defineResource({
    name: 'hours',
    title: 'Opening hours',
    description,
    uri: 'fixture://hours',
    handler: (_variables, { user }) => `Open for ${user.name}.`,
  }),
  defineResource({
    name: 'page',
    title: 'Page',
    description,
    uri: 'page://{book}/pages/{page}',
    list: () => [{ variables: { book: 'a/b ü?', page: '7' }, title: 'Seven' }],
    complete: {
      book: () => Array.from({ length: 150 }, (_, n) => `book ${n}`),
      page: () => {
        throw new Error(SECRET)
      },
    },
    handler: ({ book, page }) => {
      if (page === 'refused') throw new ToolError('That page is torn out. Try another.')
      if (page === 'broken') throw new Error(SECRET)
      return JSON.stringify({ book, page })
    },
  }),
  defineResource({
    name: 'broken',
    title: 'Broken',
    description,
    uri: 'broken://{id}',
    list: () => {
      throw new Error(SECRET)
    },
    handler: () => 'Never listed.',
  }),
)

prompts.push(
  definePrompt({
    name: 'summarize',
    title: 'Summarize my notes',
    description,
    scope: 'notes:read',
    input: z.object({ topic: z.string().max(20).optional().describe('What about') }),
    complete: {
      topic: async (start, context) =>
        (await notesOf(context)).map(({ text }) => text).filter((text) => text.startsWith(start)),
    },
    handler: async ({ topic = 'everything' }, context) => `${topic}: ${await idsOf(context)}`,
  }),
  definePrompt({
    name: 'broken',
    title: 'Broken',
    description,
    input: z.object({ how: z.string() }),
    handler: ({ how }) => {
      throw how === 'refused' ? new ToolError('Not today.') : new Error(SECRET)
    },
  }),
)

const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const fixture = { title: 'A fixture', description, input: z.object({}), annotations }
tools.push(
  defineTool({
    ...fixture,
    name: 'for_ada',
    visible: ({ user }) => user.name === 'Ada',
    handler: () => 'Done.',
  }),
  defineTool({
    ...fixture,
    name: 'for_no_one',
    visible: () => {
      throw new Error(SECRET)
    },
    handler: () => 'Done.',
  }),
)

interface Person {
  readonly token: string
  /** May do nothing. */
  readonly narrow: string
  readonly note: { readonly id: number; readonly uri: string; readonly text: string }
}

let ada: Person
let bob: Person

async function person(app: OAuthClient, name: string, notes: readonly string[]): Promise<Person> {
  const visitor = await Visitor.as(name)
  const { access_token: token } = await app.connect(visitor)
  for (const text of notes) await callTool(token, 'add_note', { text })
  const narrow = (await app.connect(visitor, { scope: 'offline_access' })).access_token
  return {
    token,
    narrow,
    note: { id: notes.length, uri: `note://${notes.length}`, text: notes.at(-1) ?? '' },
  }
}

beforeAll(async () => {
  const app = await OAuthClient.registered()
  // As many notes for one as are before the other's, so that no id is both's.
  ada = await person(app, 'Ada', ['Milk'])
  bob = await person(app, 'Bob', ['Sugar', 'Salt'])
})

afterEach(() => {
  configure()
  vi.restoreAllMocks()
  read.mockClear()
})

const complete = (uri: string, name: string, value = '') => ({
  ref: { type: 'ref/resource', uri },
  argument: { name, value },
})
const completePrompt = (name: string, argument: string, value = '') => ({
  ref: { type: 'ref/prompt', name },
  argument: { name: argument, value },
})

describe.each(WAYS)('a resource %s', (_way, open) => {
  it('is announced, listed, described and read', async () => {
    const ask = await open(ada.token)
    const { resources: listed } = await resultOf<{ resources: object[] }>(ask('resources/list'))
    expect(listed).toEqual([
      { uri: 'note://1', name: 'note', title: 'Milk', description, mimeType: 'text/plain' },
      { uri: 'fixture://hours', name: 'hours', title: 'Opening hours', description },
      { uri: 'page://a%2Fb%20%C3%BC%3F/pages/7', name: 'page', title: 'Seven', description },
    ])
    const { resourceTemplates } = await resultOf<{ resourceTemplates: object[] }>(
      ask('resources/templates/list'),
    )
    expect(resourceTemplates).toContainEqual({
      uriTemplate: 'note://{id}',
      name: 'note',
      title: 'Note',
      description,
      mimeType: 'text/plain',
    })
    expect(JSON.stringify(resourceTemplates)).not.toContain('fixture://hours')
    expect(await resultOf(ask('resources/read', { uri: 'note://1' }))).toMatchObject({
      contents: [{ uri: 'note://1', mimeType: 'text/plain', text: 'Milk' }],
    })
    expect(await resultOf(ask('resources/read', { uri: 'fixture://hours' }))).toMatchObject({
      contents: [{ uri: 'fixture://hours', text: 'Open for Ada.' }],
    })
  })

  it('is read under the address that the list has, and its variables are what they were', async () => {
    const ask = await open(ada.token)
    const { contents } = await resultOf<{ contents: [{ text: string }] }>(
      ask('resources/read', { uri: 'page://a%2Fb%20%C3%BC%3F/pages/7' }),
    )
    expect(JSON.parse(contents[0].text)).toEqual({ book: 'a/b ü?', page: '7' })
  })

  it.each([
    'note://4711',
    'note://1?x=1',
    'note://1#x',
    'note://%',
    'note://1/2',
    'nothing://1',
    'page://a/pages/',
  ])('that is not there is not found: %s', async (uri) => {
    const { error } = await messageOf((await open(ada.token))('resources/read', { uri }))
    expect(error?.code).toSatisfy((code) => code === -32602 || code === -32002)
    expect(error?.message).not.toContain('Error')
  })

  it('cannot be subscribed to: nothing of it is ever pushed', async () => {
    const { error } = await messageOf((await open(ada.token))('resources/subscribe', { uri: 'note://1' }))
    expect(error?.code).toBe(-32601)
  })

  it('M12 names the missing scope, and the handler does not run', async () => {
    const ask = await open(ada.token)
    const refused = await ask('resources/read', { uri: 'note://1' }, ada.narrow)
    expect(refused.status).toBe(403)
    expect(parameters(refused.headers.get('WWW-Authenticate') as string)).toMatchObject({
      error: 'insufficient_scope',
      scope: 'notes:read',
      error_description: expect.stringContaining('The resource note needs the scope notes:read.'),
    })
    expect(read).not.toHaveBeenCalled()
    expect(await resultOf(ask('resources/read', { uri: 'note://1' }))).toBeTruthy()
  })

  it('M12 is not listed without the scope, nor completed', async () => {
    const ask = await open(ada.token)
    const listed = await resultOf(ask('resources/list', {}, ada.narrow))
    expect(JSON.stringify(listed)).not.toMatch(/note:|Milk/)
    expect(
      await resultOf(ask('completion/complete', complete('note://{id}', 'id'), ada.narrow)),
    ).toMatchObject({ completion: { values: [], total: 0, hasMore: false } })
  })

  it('M12 of another user is neither listed, nor completed, nor read', async () => {
    const ask = await open(ada.token)
    expect(JSON.stringify(await resultOf(ask('resources/list')))).not.toMatch(/Sugar|Salt|note:\/\/2/)
    expect(await resultOf(ask('completion/complete', complete('note://{id}', 'id')))).toMatchObject({
      completion: { values: ['1'] },
    })
    expect((await messageOf(ask('resources/read', { uri: bob.note.uri }))).error).toBeDefined()
    const hers = await resultOf(ask('resources/read', { uri: 'note://1' }))
    expect(JSON.stringify(hers)).toContain('Milk')
    expect(JSON.stringify(hers)).not.toContain('Sugar')
  })

  it('M12 that fails says nothing of why; one that refuses says what it wants', async () => {
    const ask = await open(ada.token)
    const lines = listenToLog()
    const failed = await messageOf(ask('resources/read', { uri: 'page://a/pages/broken' }))
    expect(failed.error).toEqual({
      code: -32603,
      message: 'The resource failed. The error has been logged on the server.',
    })
    const refused = await messageOf(ask('resources/read', { uri: 'page://a/pages/refused' }))
    expect(refused.error).toEqual({ code: -32603, message: 'That page is torn out. Try another.' })
    const completed = await resultOf(
      ask('completion/complete', complete('page://{book}/pages/{page}', 'page')),
    )
    expect(completed).toMatchObject({ completion: { values: [] } })
    // One list that fails hides no other.
    expect(JSON.stringify(await resultOf(ask('resources/list')))).toContain('Seven')
    expect(JSON.stringify(lines())).not.toContain(SECRET)
    expect(lines().filter(({ event }) => event === 'resource.read')).toMatchObject([
      { resource: 'page', outcome: 'failed' },
      { resource: 'page', outcome: 'refused' },
    ])
    expect(lines().filter(({ event }) => event === 'error')).toMatchObject([
      { resource: 'page' },
      { resource: 'page' },
      { resource: 'broken' },
    ])
  })
})

describe.each(WAYS)('a prompt %s', (_way, open) => {
  it('is listed with its arguments, and made', async () => {
    const ask = await open(ada.token)
    const { prompts: listed } = await resultOf<{ prompts: object[] }>(ask('prompts/list'))
    expect(listed).toContainEqual({
      name: 'summarize',
      title: 'Summarize my notes',
      description,
      arguments: [{ name: 'topic', description: 'What about', required: false }],
    })
    expect(
      await resultOf(ask('prompts/get', { name: 'summarize', arguments: { topic: 'Food' } })),
    ).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: 'Food: 1' } }],
    })
    expect(JSON.stringify(await resultOf(ask('prompts/get', { name: 'summarize' })))).toContain(
      'everything: 1',
    )
  })

  it.each([
    { name: 'no such prompt' },
    { name: 'constructor' },
    { name: 'broken' },
    { name: 'summarize', arguments: { topic: 'x'.repeat(21) } },
  ])('that is not there, or is asked for wrongly, is invalid: %j', async (params) => {
    const { error } = await messageOf((await open(ada.token))('prompts/get', params))
    expect(error?.code).toBe(-32602)
  })

  it('M12 names the missing scope, and completes nothing without it', async () => {
    const ask = await open(ada.token)
    const refused = await ask('prompts/get', { name: 'summarize' }, ada.narrow)
    expect(refused.status).toBe(403)
    expect(refused.headers.get('WWW-Authenticate')).toContain('scope="notes:read"')
    const completed = (token?: string) =>
      resultOf(ask('completion/complete', completePrompt('summarize', 'topic', 'M'), token))
    expect(await completed()).toMatchObject({ completion: { values: ['Milk'], total: 1, hasMore: false } })
    expect(await completed(ada.narrow)).toMatchObject({ completion: { values: [] } })
  })

  it('M12 that fails says nothing of why; one that refuses says what it wants', async () => {
    const ask = await open(ada.token)
    const lines = listenToLog()
    const asked = async (how: string) =>
      (await messageOf(ask('prompts/get', { name: 'broken', arguments: { how } }))).error
    expect(await asked('refused')).toEqual({ code: -32603, message: 'Not today.' })
    expect(await asked('failed')).toEqual({
      code: -32603,
      message: 'The prompt failed. The error has been logged on the server.',
    })
    expect(JSON.stringify(lines())).not.toContain(SECRET)
    expect(lines().filter(({ event }) => event === 'prompt.used')).toMatchObject([
      { prompt: 'broken', outcome: 'refused' },
      { prompt: 'broken', outcome: 'failed' },
    ])
  })
})

describe.each(WAYS)('the lists %s', (_way, open) => {
  const namesFor = async (token: string) => {
    const ask = await open(token)
    const names = async (method: string, key: string) =>
      (await resultOf<Record<string, { name: string }[]>>(ask(method)))[key]?.map(({ name }) => name) ?? []
    return [
      ...(await names('tools/list', 'tools')),
      ...(await names('prompts/list', 'prompts')),
      ...(await names('resources/templates/list', 'resourceTemplates')),
    ]
  }

  it('show what a step-up reaches, and leave no scope out', async () => {
    expect(await namesFor(ada.narrow)).toEqual(await namesFor(ada.token))
    expect(await namesFor(ada.narrow)).toEqual(
      expect.arrayContaining(['whoami', 'list_notes', 'add_note', 'summarize', 'note']),
    )
  })

  it.each([
    ['notes:read', ['list_notes', 'summarize', 'note'], ['add_note', 'delete_notes']],
    ['notes:write', ['add_note', 'delete_notes'], ['list_notes', 'search_notes', 'summarize', 'note']],
  ])('leave out what is above the ceiling of the user: %s', async (most, shown, hidden) => {
    configure({ SCOPE_CEILINGS: `* = ${most}` })
    const names = await namesFor(ada.narrow)
    expect(names).toEqual(expect.arrayContaining(['whoami', ...shown]))
    expect(names.filter((name) => hidden.includes(name))).toEqual([])
  })

  it('leave out what a personal access token has no scope for', async () => {
    const form = { name: 'Script', days: '30', scope: ['notes:read'] }
    const page = await (await (await Visitor.as('Cy')).post('/account/tokens/make', form)).text()
    const names = await namesFor(/gatehouse_pat_[\w-]+/.exec(page)?.[0] ?? '')
    expect(names).toEqual(expect.arrayContaining(['whoami', 'list_notes']))
    expect(names).not.toContain('add_note')
  })

  it('leave out what a machine has no scope for', async () => {
    const machine = await Machine.owned({ scopes: ['notes:read'] })
    const { access_token } = await (await machine.token()).json<{ access_token: string }>()
    const names = await namesFor(access_token)
    expect(names).toEqual(expect.arrayContaining(['whoami', 'list_notes', 'summarize']))
    expect(names).not.toContain('add_note')
  })

  it('show a tool to those who see it, and a call by its name is what it was', async () => {
    expect(await namesFor(ada.token)).toContain('for_ada')
    expect(await namesFor(bob.token)).not.toContain('for_ada')
    expect(await namesFor(ada.token)).not.toContain('for_no_one')
    const ask = await open(bob.token)
    for (const name of ['for_ada', 'for_no_one']) {
      expect(JSON.stringify(await resultOf(ask('tools/call', { name, arguments: {} })))).toContain('Done.')
    }
    configure({ SCOPE_CEILINGS: '* = notes:read' })
    expect((await ask('tools/call', { name: 'add_note', arguments: { text: 'x' } }, bob.narrow)).status).toBe(
      403,
    )
  })
})

describe('the lists', () => {
  it('show what the token holds where the ceiling cannot be read', async () => {
    configure({ SCOPE_CEILINGS: '* = notes:read notes:write' })
    const listed = async () => JSON.stringify(await resultOf(askModern(ada.narrow, 'tools/list')))
    expect(await listed()).toContain('add_note')
    const dead = { describe: () => Promise.reject(new Error('No storage.')) }
    vi.spyOn(Object.getPrototypeOf(env.GRANTS), 'get').mockReturnValue(dead)
    expect(await listed()).not.toContain('add_note')
    expect(await listed()).toContain('whoami')
  })

  it('are kept for five minutes by the app that asked; what users add to is not', async () => {
    for (const method of ['tools/list', 'prompts/list', 'resources/templates/list']) {
      expect(await resultOf(askModern(ada.token, method))).toMatchObject({
        ttlMs: 300_000,
        cacheScope: 'private',
      })
    }
    expect(await resultOf(askModern(ada.token, 'resources/list'))).toMatchObject({
      ttlMs: 0,
      cacheScope: 'private',
    })
  })

  it('ask the grant once where there are ceilings, and no other storage', async () => {
    const get = vi.spyOn(Object.getPrototypeOf(env.GRANTS), 'get')
    await askModern(ada.token, 'tools/list')
    expect(get).not.toHaveBeenCalled()
    configure({ SCOPE_CEILINGS: '* = notes:read' })
    await askModern(ada.token, 'tools/list')
    expect(get).toHaveBeenCalledTimes(1)
    await askModern(ada.token, 'tools/call', { name: 'whoami', arguments: {} })
    expect(get).toHaveBeenCalledTimes(1)
  })
})

describe('completion', () => {
  const ask = (params: object) => askModern(ada.token, 'completion/complete', params)

  it('sends a hundred suggestions at most, and says how many there are', async () => {
    const { completion } = await resultOf<{ completion: { values: string[] } }>(
      ask(complete('page://{book}/pages/{page}', 'book')),
    )
    expect(completion).toMatchObject({ total: 150, hasMore: true })
    expect(completion.values).toHaveLength(100)
  })

  it.each(['constructor', 'toString', 'nothing'])('has nothing for an argument %s', async (name) => {
    const { completion } = await resultOf<{ completion: object }>(ask(complete('note://{id}', name)))
    expect(completion).toEqual({ values: [], total: 0, hasMore: false })
  })

  it('of what is not there is invalid', async () => {
    for (const params of [complete('nothing://{id}', 'id'), completePrompt('constructor', 'x')]) {
      expect((await messageOf(ask(params))).error?.code).toBe(-32602)
    }
  })
})

describe('parameters of the wrong form', () => {
  const long = `note://${'x'.repeat(2048)}`
  const WRONG: [string, object][] = [
    ['resources/read', {}],
    ['resources/read', { uri: 7 }],
    ['resources/read', { uri: long }],
    ['prompts/get', {}],
    ['prompts/get', { name: 'summarize', arguments: [] }],
    ['prompts/get', { name: 'summarize', arguments: { topic: 7 } }],
    ['completion/complete', {}],
    ['completion/complete', { ...complete('note://{id}', 'id'), ref: { type: 'ref/other', uri: 'x' } }],
    ['completion/complete', { ...complete('note://{id}', 'id'), ref: { type: 'ref/resource', uri: 7 } }],
    ['completion/complete', { ...complete('note://{id}', 'id'), argument: { name: 'id' } }],
    ['completion/complete', complete('note://{id}', 'id', long)],
  ]

  it.each(WRONG)('are 400 with -32602: %s %j', async (method, params) => {
    const session = await McpSession.open(ada.token)
    const answers = [
      askLegacy(ada.token, method, params),
      session.post({ jsonrpc: '2.0', id: 1, method, params }),
    ]
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ id: 1, error: { code: -32602 } })
    }
  })
})

describe('what cannot be declared', () => {
  it.each(['no address', 'note://{id}{part}', 'note://x{id}', 'note://{+path}', 'note://{id}?q={q}'])(
    'is a resource at %s',
    (uri) => {
      const declare = () =>
        defineResource({ name: 'x', title: 'X', description, uri: uri as 'x://y', handler: () => '' })
      expect(declare).toThrow('The resource x has an address of another form')
    },
  )
})

describe('a server with two of one name', () => {
  const described = {
    title: 'One',
    description: 'A fixture.',
    annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
  }
  const input = z.object({})
  const handler = () => 'Done.'
  const tool = defineTool({ ...described, name: 'one', input, handler })
  const prompt = definePrompt({ ...described, name: 'one', input, handler })
  const resource = (name: string, uri: string) => defineResource({ ...described, name, uri, handler })
  const start = (offered: object) =>
    gatehouse({ login, tools: [tool], forget: async () => {}, home: homePage, ...offered })

  it.each<[string, object]>([
    ['Two tools are called one.', { tools: [tool, tool] }],
    ['Two prompts are called one.', { prompts: [prompt, prompt] }],
    ['Two resources are called one.', { resources: [resource('one', 'a://a'), resource('one', 'a://b')] }],
    ['Two addresses are called a://a.', { resources: [resource('one', 'a://a'), resource('two', 'a://a')] }],
  ])('does not start: %s', (sentence, offered) => {
    expect(() => start({ prompts: [prompt], resources: [resource('one', 'a://a')] })).not.toThrow()
    expect(() => start(offered)).toThrow(sentence)
  })
})

describe('the introduction', () => {
  const described = {
    name: NAME,
    title: SERVER.title,
    description: SERVER.description,
    websiteUrl: SERVER.websiteUrl,
    icons: [{ src: `${ORIGIN}/favicon.svg`, mimeType: 'image/svg+xml', sizes: ['any'] }],
  }
  const META = 'io.modelcontextprotocol/serverInfo'

  it('says in server/discover what the server is, and how to use it', async () => {
    const { instructions, _meta } = await resultOf<{ instructions: string; _meta: object }>(
      askModern(ada.token, 'server/discover'),
    )
    expect(instructions).toBe(SERVER.instructions)
    expect(_meta).toMatchObject({ [META]: described })
  })

  it('says the same in `initialize`', async () => {
    const answer = await resultOf<{ instructions: string; serverInfo: object }>(
      sendLegacy({ token: ada.token, message: initialize() }),
    )
    expect(answer.instructions).toBe(SERVER.instructions)
    expect(answer.serverInfo).toMatchObject(described)
  })

  it('is left out of every other result, which carries the name alone', async () => {
    const { _meta } = await resultOf<{ _meta: Record<string, object> }>(askModern(ada.token, 'tools/list'))
    expect(_meta[META]).toEqual({ name: NAME, version: expect.any(String) })
  })
})

describe('what directories ask of a tool', () => {
  const tool = { name: 'x', title: 'X', description, input: z.object({}), handler: () => 'Done.' }

  it('does not compile without all three hints', () => {
    // @ts-expect-error
    defineTool(tool)
    // @ts-expect-error
    defineTool({ ...tool, annotations: { readOnlyHint: true, destructiveHint: false } })
    // @ts-expect-error
    defineTool({ ...tool, annotations: { readOnlyHint: true, openWorldHint: false } })
    // @ts-expect-error
    defineTool({ ...tool, annotations: { destructiveHint: false, openWorldHint: false } })
    defineTool({ ...tool, annotations })
  })

  it.each(WAYS)('lists them as they are declared, %s', async (_way, open) => {
    const { tools: listed } = await resultOf<{ tools: { name: string; annotations: object }[] }>(
      (await open(ada.token))('tools/list'),
    )
    const hintsOf = (wanted: string) => listed.find(({ name }) => name === wanted)?.annotations
    expect(hintsOf('list_notes')).toEqual(annotations)
    expect(hintsOf('delete_notes')).toEqual({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: true,
      openWorldHint: false,
    })
  })

  it('is a name of at most 64 characters', () => {
    expect(defineTool({ ...tool, annotations, name: 'x'.repeat(64) }).name).toHaveLength(64)
    const declare = () => defineTool({ ...tool, annotations, name: 'x'.repeat(65) })
    expect(declare).toThrow('a name of more than 64 characters')
  })
})

describe('the log', () => {
  it('has who read what, under names of its own, and no address', async () => {
    const lines = listenToLog()
    await askModern(ada.token, 'resources/read', { uri: 'note://1' })
    await askModern(ada.token, 'prompts/get', { name: 'summarize' })
    await askModern(ada.narrow, 'prompts/get', { name: 'summarize' })
    expect(
      lines().map(({ event, resource, prompt, tool, operation }) => [
        event,
        resource ?? prompt ?? tool,
        operation,
      ]),
    ).toEqual([
      ['resource.read', 'note', undefined],
      ['mcp.request', undefined, 'resources/read'],
      ['prompt.used', 'summarize', undefined],
      ['mcp.request', 'summarize', 'prompts/get'],
      ['scope.refused', 'summarize', 'prompts/get'],
    ])
    expect(JSON.stringify(lines())).not.toContain('note://')
  })
})
