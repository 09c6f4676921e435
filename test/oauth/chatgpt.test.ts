// A stand-in of ChatGPT, which does exactly what ChatGPT does: it signs in, calls, steps up, refreshes.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ChatGpt } from '../support/chatgpt.ts'
import { Internet } from '../support/internet.ts'
import { Visitor } from '../support/visitor.ts'
import { MCP_URL, send } from '../support/worker.ts'

let internet: Internet
let person: Visitor

beforeEach(async () => {
  internet = Internet.install()
  person = await Visitor.signedIn()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function chatGpt(app?: string): ChatGpt {
  const client = new ChatGpt({
    mcpUrl: MCP_URL,
    fetch: (url, init) => send(new URL(url), init),
    open: async (url) => (await person.openConsent(url)).allow(),
    ...(app !== undefined && { app }),
  })
  internet.site(ChatGpt.host, (request) => client.site(request))
  return client
}

describe('ChatGPT', () => {
  it.each([
    ['with the document that all its apps share', undefined],
    ['with the document of one app, which lacks the list of methods', `asdk_${crypto.randomUUID()}`],
  ])('signs in, calls, steps up and refreshes, %s', async (_what, app) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const client = chatGpt(app)
    expect(await client.connect()).toMatchObject({ scope: 'notes:read' })
    expect((await client.call('whoami')).structuredContent).toMatchObject({ clientId: client.clientId })

    // It steps up by what the result of the tool says.
    const text = crypto.randomUUID()
    expect((await client.call('add_note', { text })).structuredContent).toMatchObject({ text })
    expect(client.asked).toBe(2)
    expect(client.tokens?.scope).toBe('notes:read notes:write')

    // An hour later it refreshes, and what it may do is what it might before.
    vi.setSystemTime(Date.now() + 3_601_000)
    expect(await client.refresh()).toMatchObject({ scope: 'notes:read notes:write' })
    expect((await client.call('list_notes')).content[0]?.text).toContain(text)
    expect(client.asked).toBe(2)
  })

  it('has the person sign in again once its token is dead', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const client = chatGpt()
    await client.connect()
    await client.call('whoami')
    await person.post('/account/revoke', { client_id: client.clientId })
    vi.setSystemTime(Date.now() + 61_000)
    expect((await client.callOnce('whoami')).isError).toBe(true)
    expect((await client.call('whoami')).structuredContent).toMatchObject({ name: 'Owner' })
    expect(client.asked).toBe(2)
  })

  it('connects when it asks for nothing in particular, and has what was ticked beside it', async () => {
    const client = chatGpt(`asdk_${crypto.randomUUID()}`)
    const open = vi.spyOn(person, 'openConsent')
    open.mockImplementationOnce(async (url) => {
      const consent = await person.openConsent(url)
      const submitted = await consent.submit({ scope: [...consent.scopes, ...consent.further] })
      return { allow: async () => new URL(submitted.headers.get('Location') as string) } as never
    })
    await client.connect(null)
    expect(client.tokens?.scope).toBe('notes:read notes:write')
    expect((await client.call('add_note', { text: 'Milk' })).isError).toBeFalsy()
    expect(client.asked).toBe(1)
  })

  it('finds in each tool what it needs to be called', async () => {
    const client = chatGpt()
    await client.connect()
    const schemes = Object.fromEntries(
      (await client.listTools()).map(({ name, _meta }) => [name, _meta?.securitySchemes]),
    )
    expect(schemes).toMatchObject({
      whoami: [{ type: 'oauth2', scopes: [] }],
      list_notes: [{ type: 'oauth2', scopes: ['notes:read'] }],
      add_note: [{ type: 'oauth2', scopes: ['notes:write'] }],
    })
  })
})
