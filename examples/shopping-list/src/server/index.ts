// What the family's server offers.
import type { Prompt } from '#engine/mcp/define-prompt.ts'
import type { Resource } from '#engine/mcp/define-resource.ts'
import type { Tool } from '#engine/mcp/define-tool.ts'
import { addItem, listItems, planMeal, shoppingList, tickItem } from './tools.ts'

export const tools: readonly Tool[] = [listItems, addItem, tickItem]

export const resources: readonly Resource[] = [shoppingList]

export const prompts: readonly Prompt[] = [planMeal]

/** The list belongs to the family and stays. The engine calls this when a user deletes their data: their name goes. */
export async function forget(env: Env, userId: string): Promise<void> {
  await env.LIST.getByName('family').forgetUser(userId)
}

/** What a user downloads of the list: the items that they added. */
export async function exportData(env: Env, userId: string): Promise<Record<string, unknown>> {
  return { items: await env.LIST.getByName('family').itemsOf(userId) }
}
