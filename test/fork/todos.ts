// The tool that the fork adds. As text, because its scope and its binding do not exist here.

export const LIST = `// One person's to-dos.
import { DurableObject } from 'cloudflare:workers'

export type Todo = { id: number; text: string }

export class TodoList extends DurableObject<Env> {
  get #sql(): SqlStorage {
    const { sql } = this.ctx.storage
    sql.exec('CREATE TABLE IF NOT EXISTS todos (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
    return sql
  }

  add(text: string): Todo {
    return this.#sql.exec<Todo>('INSERT INTO todos (text) VALUES (?) RETURNING id, text', text).one()
  }

  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }
}
`

export const TOOL = `// Adds a to-do.
import * as z from 'zod'
import { answer, defineTool } from '#engine/mcp/define-tool.ts'

export const addTodo = defineTool({
  name: 'add_todo',
  title: 'Add a to-do',
  description: 'Keeps a to-do of the person you act for.',
  input: z.object({ text: z.string().min(1).max(500).describe('What to do') }),
  output: z.object({ id: z.number(), text: z.string() }),
  scope: 'todos:write',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  handler: async ({ text }, { env, user }) => {
    const todo = await env.TODOS.getByName(user.id).add(text)
    return answer(\`Kept as to-do \${todo.id}.\`, todo)
  },
})
`

export const TOOL_TEST = `import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { callTool, structured } from '../../../test/support/oauth-client.ts'
import { Machine } from '../../../test/support/owned-client.ts'
import { forget } from '../index.ts'

async function token(): Promise<string> {
  const machine = await Machine.owned({ scopes: ['todos:write'] })
  return ((await (await machine.token()).json()) as { access_token: string }).access_token
}

it('keeps a to-do', async () => {
  const todo = await structured(callTool(await token(), 'add_todo', { text: 'Buy milk' }))
  expect(todo).toEqual({ id: 1, text: 'Buy milk' })
})

it('forgets a person', async () => {
  await env.TODOS.getByName('someone').add('Buy milk')
  await forget(env, 'someone')
  expect(await env.TODOS.getByName('someone').add('Buy bread')).toEqual({ id: 1, text: 'Buy bread' })
})
`

/** For the time without any scope, between the sample and the first tool. */
export const NO_SCOPE_TEST = `import { expect, it } from 'vitest'
import { callTool, OAuthClient, structured } from '../../test/support/oauth-client.ts'
import { send } from '../../test/support/worker.ts'

it('serves tools that need no scope', async () => {
  const client = await OAuthClient.registered()
  const { access_token, refresh_token } = await client.connect(undefined, { scope: undefined })
  expect(await structured(callTool(access_token, 'whoami', {}))).toMatchObject({ scopes: [] })
  expect((await client.refresh(refresh_token)).status).toBe(200)
})

it('announces no scope', async () => {
  const metadata = await (await send('/.well-known/oauth-protected-resource/mcp')).json()
  expect(metadata).not.toHaveProperty('scopes_supported')
  const { headers } = await send('/mcp', { method: 'POST' })
  expect(headers.get('WWW-Authenticate')).not.toContain('scope=')
})
`
