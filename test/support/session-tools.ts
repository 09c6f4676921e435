// Tools that do in a session what no tool of the product does: ask, announce, stay, tell what they see.
import { acceptedContent, inputRequired, inputResponse } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { defineTool, type Tool } from '#engine/mcp/define-tool.ts'
import { tools } from '../fixture/src/server/index.ts'

const description = 'A fixture.'
const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const nothing = z.object({})
const person = z.object({ name: z.string() })

const askName = defineTool({
  name: 'ask_name',
  title: 'Ask the person',
  description,
  input: nothing,
  annotations,
  handler: (_input, { mcp, user }) => {
    const answer = acceptedContent(mcp.mcpReq.inputResponses, 'name', person)
    if (answer) return `${user.id} is ${answer.name}`
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } } as const
    const name = inputRequired.elicit({ message: `What is your name, ${user.id}?`, requestedSchema })
    return inputRequired({ inputRequests: { name } })
  },
})

const askModel = defineTool({
  name: 'ask_model',
  title: 'Ask the model',
  description,
  input: nothing,
  annotations,
  handler: (_input, { mcp }) => {
    const answer = inputResponse(mcp.mcpReq.inputResponses, 'text')
    if (answer.kind === 'sampling') return `The model says ${JSON.stringify(answer.result.content)}`
    const messages = [{ role: 'user', content: { type: 'text', text: 'Say something.' } }] as const
    const text = inputRequired.createMessage({ messages: [...messages], maxTokens: 10 })
    return inputRequired({ inputRequests: { text } })
  },
})

/** Says something to the client that belongs to no request. */
const announce: Tool = {
  name: 'announce',
  register(server, callerOf) {
    server.server.registerCapabilities({ logging: {} })
    defineTool({
      name: 'announce',
      title: 'Announce',
      description,
      input: z.object({ text: z.string() }),
      annotations,
      handler: async ({ text }) => {
        const params = { level: 'info' as const, data: text }
        await server.server.notification({ method: 'notifications/message', params })
        return 'Announced.'
      },
    }).register(server, callerOf)
  },
}

/** Begins a stream in either era, and does not end it. */
const stay = defineTool({
  name: 'stay',
  title: 'Stay',
  description,
  input: nothing,
  annotations,
  handler: async (_input, { mcp: { mcpReq } }) => {
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 'stay', progress: 0 } })
    await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve))
    return 'Gone.'
  },
})

const seeContext = defineTool({
  name: 'see_context',
  title: 'See the context',
  description,
  input: nothing,
  annotations,
  handler: (_input, { mcp }) => JSON.stringify(mcp.http, unfold),
})

/** What `JSON.stringify` would leave out of a request and its headers. */
function unfold(_key: string, value: unknown): unknown {
  if (value instanceof Headers) return Object.fromEntries(value)
  if (!(value instanceof Request)) return value
  const { url, method, headers, cf } = value
  return { url, method, headers, cf }
}

// The list itself, so that the Worker and its objects have them.
tools.push(askName, askModel, announce, stay, seeContext)
