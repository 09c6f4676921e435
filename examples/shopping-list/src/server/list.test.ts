import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { callTool, OAuthClient, structured } from '../../test/support/oauth-client.ts'
import { Visitor } from '../../test/support/visitor.ts'
import { forget } from './index.ts'

async function tokenOf(person: Visitor, scope = 'list:read list:write'): Promise<string> {
  const app = await OAuthClient.registered()
  return (await app.connect(person, { scope })).access_token
}

interface Listed {
  items: { id: number; text: string; addedBy: string | null }[]
}

it('is one list for the family, until an item is ticked off', async () => {
  const [ada, bob] = [await tokenOf(await Visitor.as('Ada')), await tokenOf(await Visitor.as('Bob'))]
  const { id } = await structured<{ id: number }>(callTool(ada, 'add_item', { text: 'Milk, 2 l' }))
  const { items } = await structured<Listed>(callTool(bob, 'list_items', {}))
  expect(items).toEqual([{ id, text: 'Milk, 2 l', addedBy: 'Ada' }])
  const tick = async () => (await callTool(bob, 'tick_item', { id })).text()
  expect(await tick()).toContain(`Item ${id} is ticked off.`)
  expect(await tick()).toContain(`There is no item ${id}.`)
})

it('forgets who added an item, and keeps the item', async () => {
  const token = await tokenOf(await Visitor.as('Ada'))
  await callTool(token, 'add_item', { text: 'Bread' })
  const { sub } = JSON.parse(atob(token.split('.')[1] as string)) as { sub: string }
  await forget(env, sub)
  const { items } = await structured<Listed>(callTool(token, 'list_items', {}))
  expect(items.map(({ text, addedBy }) => [text, addedBy])).toContainEqual(['Bread', null])
})

it('refuses an app that may only read', async () => {
  const refused = await callTool(await tokenOf(await Visitor.as('Ada'), 'list:read'), 'add_item', {
    text: 'Tea',
  })
  expect(refused.status).toBe(403)
})
