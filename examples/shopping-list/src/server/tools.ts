// Tools, a resource and a prompt around the one list.
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { answer, defineTool, ToolError } from '#engine/mcp/define-tool.ts'
import type { Item } from './list.ts'

const item = z.object({ id: z.number(), text: z.string(), addedBy: z.string().nullable() })

export const listItems = defineTool({
  name: 'list_items',
  title: 'Show the shopping list',
  description: 'Lists what the family needs, with the number of each item and who added it.',
  input: z.object({}),
  output: z.object({ items: z.array(item) }),
  scope: 'list:read',
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
  handler: async (_input, { env }) => {
    const items = await listOf(env).items()
    return answer(textOf(items), { items })
  },
})

export const addItem = defineTool({
  name: 'add_item',
  title: 'Add to the shopping list',
  description: 'Adds one item. Call it once for each item.',
  input: z.object({ text: z.string().trim().min(1).max(100).describe('What to buy, with the amount') }),
  output: item,
  scope: 'list:write',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  handler: async ({ text }, { env, user }) => {
    const added = await listOf(env).add(text, user.id, user.name)
    if (added === undefined) throw new ToolError('The list is full. Tick something off first.')
    return answer(`Added as number ${added.id}.`, added)
  },
})

export const tickItem = defineTool({
  name: 'tick_item',
  title: 'Tick off an item',
  description: 'Removes an item that was bought, by its number. list_items returns the numbers.',
  input: z.object({ id: z.number().int().describe('Its number') }),
  scope: 'list:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  handler: async ({ id }, { env }) => {
    if (!(await listOf(env).tick(id))) throw new ToolError(`There is no item ${id}. list_items shows them.`)
    return `Item ${id} is ticked off.`
  },
})

export const shoppingList = defineResource({
  name: 'shopping_list',
  title: 'Shopping list',
  description: 'What the family needs.',
  uri: 'list://family',
  mimeType: 'text/plain',
  scope: 'list:read',
  handler: async (_variables, { env }) => textOf(await listOf(env).items()),
})

export const planMeal = definePrompt({
  name: 'plan_meal',
  title: 'Plan a meal',
  description: 'Has the model plan a meal and add what is missing to the list.',
  scope: 'list:read',
  input: z.object({ people: z.string().max(3).optional().describe('For how many people') }),
  handler: async ({ people }, { env }) => {
    const list = textOf(await listOf(env).items())
    return `Plan a dinner for ${people ?? '4'} people. Add what we need with add_item. Our list already has:\n\n${list}`
  },
})

function listOf(env: Env) {
  return env.LIST.getByName('family')
}

function textOf(items: readonly Item[]): string {
  const lines = items.map(
    ({ id, text, addedBy }) => `${id}. ${text}${addedBy === null ? '' : ` (${addedBy})`}`,
  )
  return lines.join('\n') || 'The list is empty.'
}
