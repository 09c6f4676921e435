// The sample tools, and both eras of the protocol over one URL.
import { beforeAll, describe, expect, it } from 'vitest'
import { tools } from '../../src/tools/index.ts'
import { callTool, OAuthClient, structured } from '../support/oauth-client.ts'
import { MCP_URL, send } from '../support/worker.ts'

let token: string

beforeAll(async () => {
  token = (await (await OAuthClient.registered()).connect()).access_token
})

interface Notes {
  notes: { id: number; text: string }[]
}

async function texts(tool: string, args: object): Promise<string[]> {
  return (await structured<Notes>(callTool(token, tool, args))).notes.map((note) => note.text)
}

describe('notes', () => {
  it('are added, listed newest first, paged, searched and deleted', async () => {
    for (const text of ['Milk', 'Bread', 'Oat milk']) await callTool(token, 'add_note', { text })
    expect(await texts('list_notes', {})).toEqual(['Oat milk', 'Bread', 'Milk'])
    const { notes } = await structured<Notes>(callTool(token, 'list_notes', { limit: 1 }))
    expect(await texts('list_notes', { before: notes[0]?.id })).toEqual(['Bread', 'Milk'])
    expect(await texts('search_notes', { text: 'MILK' })).toEqual(['Oat milk', 'Milk'])
    expect(await texts('search_notes', { text: '%' })).toEqual([])
    await callTool(token, 'delete_note', { id: notes[0]?.id })
    expect(await texts('search_notes', { text: 'milk' })).toEqual(['Milk'])
  })

  it('that do not exist are not deleted, and the model is told what to do', async () => {
    const { result } = (await (await callTool(token, 'delete_note', { id: 4711 })).json()) as {
      result: object
    }
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'There is no note 4711. list_notes shows them.' }],
    })
  })

  it.each([{}, { text: '' }, { text: '  ' }, { text: 'x'.repeat(10_001) }, { text: 1 }])(
    'that are not notes are refused (%#)',
    async (args) => {
      const response = await callTool(token, 'add_note', args)
      expect(response.status).toBeLessThan(500)
      expect(JSON.stringify(await response.json())).toMatch(/"isError":true|"error"/)
    },
  )
})

describe('the initialize era', () => {
  const post = (body: object, headers: Record<string, string> = {}) =>
    send(MCP_URL, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    })

  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('is served in version %s', async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    const response = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    expect(response.status).toBe(200)
    const initialized = await response.text()
    expect(initialized).toContain(`"protocolVersion":"${protocolVersion}"`)
    // Nothing could tell a stateless client that the list has changed.
    expect(initialized).toContain('"tools":{"listChanged":false}')
    const list = await post(
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
      { 'MCP-Protocol-Version': protocolVersion },
    )
    const listed = [...(await list.text()).matchAll(/"name":"(\w+)"/g)].map((match) => match[1])
    expect(listed).toEqual(tools.map(({ name }) => name))
  })
})
