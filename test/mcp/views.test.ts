// Views (MCP Apps, SEP-1865): a tool names the file that an app shows for its result, and the file is a resource with the
// guard of its tool.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { answer, defineTool } from '#engine/mcp/define-tool.ts'
import { defineView } from '#engine/mcp/views/view.ts'
import { tools } from '../fixture/src/server/index.ts'
import { askLegacy, askModern, messageOf, resultOf, WAYS } from '../support/mcp-ways.ts'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'
import { configure, ORIGIN, send } from '../support/worker.ts'

const MIME_TYPE = 'text/html;profile=mcp-app'
const CARD = '<!doctype html>\n<title>Card</title>\n<p>A card.</p>\n'
const csp = { connectDomains: ['https://api.test'] }
const fixture = {
  title: 'A card',
  description: 'A fixture.',
  input: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
}

tools.push(
  defineTool({
    ...fixture,
    name: 'show_card',
    scope: 'notes:write',
    output: z.object({ suit: z.string() }),
    view: defineView({ file: 'card.html', csp, prefersBorder: true }),
    handler: () => answer('The ace of spades.', { suit: 'spades' }),
  }),
  defineTool({
    ...fixture,
    name: 'turn_card',
    scope: 'notes:read',
    view: defineView({ file: 'card.html' }),
    visibility: ['app'],
    handler: () => 'Turned.',
  }),
  defineTool({
    ...fixture,
    name: 'hidden_card',
    view: defineView({ file: 'card.html' }),
    visible: () => false,
    handler: () => 'Hidden.',
  }),
  defineTool({
    ...fixture,
    name: 'public_card',
    access: 'public',
    view: defineView({ file: 'card.html' }),
    handler: () => 'Open.',
  }),
  defineTool({
    ...fixture,
    name: 'lost_card',
    view: defineView({ file: 'lost.html' }),
    handler: () => 'Lost.',
  }),
)

let token: string
let narrow: string

beforeAll(async () => {
  const app = await OAuthClient.registered()
  const ada = await Visitor.as('Ada')
  token = (await app.connect(ada, { scope: 'notes:read notes:write' })).access_token
  narrow = (await app.connect(ada, { scope: 'notes:read' })).access_token
})

afterEach(() => configure())

const uriOf = (tool: string) => `ui://${tool}/card.html`

describe.each(WAYS)('a tool with a view, %s', (_way, open) => {
  it('names the view, who may call it, and what it names in ChatGPT', async () => {
    const ask = await open(token)
    const { tools: listed } = await resultOf<{ tools: { name: string; _meta: object }[] }>(ask('tools/list'))
    const metaOf = (tool: string) => listed.find(({ name }) => name === tool)?._meta
    const uri = uriOf('show_card')
    expect(metaOf('show_card')).toMatchObject({ ui: { resourceUri: uri }, 'openai/outputTemplate': uri })
    expect(metaOf('turn_card')).toMatchObject({
      ui: { resourceUri: uriOf('turn_card'), visibility: ['app'] },
    })
    expect(Object.keys(metaOf('whoami') ?? {})).toEqual(['securitySchemes'])
  })

  it('has the file as a resource, with what it may reach', async () => {
    const ask = await open(token)
    const uri = uriOf('show_card')
    const { contents } = await resultOf<{ contents: object[] }>(ask('resources/read', { uri }))
    expect(contents).toEqual([
      { uri, mimeType: MIME_TYPE, text: CARD, _meta: { ui: { csp, prefersBorder: true } } },
    ])
    const { resources: listed } = await resultOf<{ resources: object[] }>(ask('resources/list'))
    expect(listed).toContainEqual({
      uri,
      name: 'show_card_view',
      title: 'A card',
      description: 'A fixture.',
      mimeType: MIME_TYPE,
    })
  })

  it('answers with text and data, whether or not the app shows views', async () => {
    const ask = await open(token)
    const result = await resultOf(ask('tools/call', { name: 'show_card', arguments: {} }))
    expect(result).toMatchObject({
      content: [{ type: 'text', text: 'The ace of spades.' }],
      structuredContent: { suit: 'spades' },
    })
  })

  it('says which file is missing', async () => {
    const ask = await open(token)
    const { error } = await messageOf(ask('resources/read', { uri: 'ui://lost_card/lost.html' }))
    expect(error?.message).toContain('public/views/lost.html is missing')
  })
})

describe('the extension', () => {
  const EXTENSION = { 'io.modelcontextprotocol/ui': { mimeTypes: [MIME_TYPE] } }

  it('is advertised in both eras', async () => {
    const discovered = await resultOf(askModern(token, 'server/discover'))
    expect(discovered.capabilities).toMatchObject({ extensions: EXTENSION, resources: {} })
    const clientInfo = { name: 'test', version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const initialized = await resultOf(askLegacy(token, 'initialize', params))
    expect(initialized.capabilities).toMatchObject({ extensions: EXTENSION })
  })
})

describe('M16 a view', () => {
  it.each(WAYS)('needs the scope of its tool, %s', async (_way, open) => {
    const ask = await open(narrow)
    const refused = await ask('resources/read', { uri: uriOf('show_card') })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('WWW-Authenticate')).toContain('notes:write')
    expect(await refused.text()).not.toContain('A card.')
    const { contents } = await resultOf<{ contents: object[] }>(
      ask('resources/read', { uri: uriOf('turn_card') }),
    )
    expect(contents).toMatchObject([{ text: CARD }])
  })

  it('needs a token, unless its tool is public', async () => {
    const read = (tool: string) => askModern(undefined, 'resources/read', { uri: uriOf(tool) })
    for (const tool of ['show_card', 'turn_card', 'hidden_card']) {
      const refused = await read(tool)
      expect(refused.status).toBe(401)
      expect(await refused.text()).not.toContain('A card.')
    }
    expect(await resultOf(read('public_card'))).toMatchObject({ contents: [{ text: CARD }] })
  })

  it('is listed where its tool is', async () => {
    const { resources: listed } = await resultOf<{ resources: { uri: string }[] }>(
      askModern(token, 'resources/list'),
    )
    const uris = listed.map(({ uri }) => uri)
    expect(uris).toContain(uriOf('turn_card'))
    expect(uris).not.toContain(uriOf('hidden_card'))
  })

  it.each([
    '/views/card.html',
    '/views/card',
    '/views/',
    '//views/card.html',
    '/%76iews/card',
    '/views%2Fcard',
  ])('is no file that everyone may fetch: %s', async (path) => {
    const answer = await send(`${ORIGIN}${path}`)
    expect(answer.status).toBe(404)
    expect(await answer.text()).not.toContain('A card.')
  })

  it.each(['../mcp.html', 'a/b.html', 'card.js', '.html', 'card.html?x', ''])(
    'is an HTML file of that folder, or the server does not start: %s',
    (file) => {
      const define = () =>
        defineTool({ ...fixture, name: 'bad', view: defineView({ file }), handler: () => '' })
      expect(define).toThrow('is no HTML file in public/views/')
    },
  )

  it('is read by no tool call', async () => {
    const read = vi.fn()
    configure({ ASSETS: { fetch: read } as unknown as Fetcher })
    expect((await callTool(token, 'show_card')).status).toBe(200)
    expect(read).not.toHaveBeenCalled()
  })
})
