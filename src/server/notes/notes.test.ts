// The sample, called as an app calls it: with an access token, on real storage.
import { beforeAll, describe, expect, it } from 'vitest'
import { askModern, resultOf } from '../../../test/support/mcp-ways.ts'
import { callTool, OAuthClient, structured } from '../../../test/support/oauth-client.ts'
import { Visitor } from '../../../test/support/visitor.ts'

let token: string

beforeAll(async () => {
  const app = await OAuthClient.registered()
  // Signed in without a login method: yours need not be on the list.
  const person = await Visitor.as('Ada')
  token = (await app.connect(person, { scope: 'notes:read notes:write' })).access_token
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

  it('that do not exist are not deleted, and the model reads what to do', async () => {
    const { result } = (await (await callTool(token, 'delete_note', { id: 4711 })).json()) as {
      result: object
    }
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'There is no note 4711. list_notes shows them.' }],
    })
  })

  it('are resources and a prompt, too', async () => {
    await callTool(token, 'add_note', { text: 'Buy a kettle' })
    const { resources } = await resultOf<{ resources: { uri: string; title: string }[] }>(
      askModern(token, 'resources/list'),
    )
    const { uri = '' } = resources.find(({ title }) => title === 'Buy a kettle') ?? {}
    expect(uri).toMatch(/^note:\/\/\d+$/)
    expect(JSON.stringify(await resultOf(askModern(token, 'resources/read', { uri })))).toContain(
      'Buy a kettle',
    )
    const argument = { name: 'id', value: uri.slice('note://'.length) }
    const completion = { ref: { type: 'ref/resource', uri: 'note://{id}' }, argument }
    expect(await resultOf(askModern(token, 'completion/complete', completion))).toMatchObject({
      completion: { values: expect.arrayContaining([argument.value]) },
    })
    const summary = await resultOf(askModern(token, 'prompts/get', { name: 'summarize_notes' }))
    expect(JSON.stringify(summary)).toContain('- Buy a kettle')
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
