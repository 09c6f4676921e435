// Tools that ask the client for something before they answer.
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import * as z from 'zod'
import { defineTool, type Tool, type ToolContext } from '#engine/mcp/define-tool.ts'

type Elicitation = Parameters<typeof inputRequired.elicit>[0]['requestedSchema']
type Responses = ToolContext['mcp']['mcpReq']['inputResponses']

const description = 'A fixture of the conformance suite.'
const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const nothing = z.object({})
const person = z.object({ name: z.string() })
const confirmation = z.object({ ok: z.boolean() })

const askName = inputRequired.elicit({ message: 'What is your name?', requestedSchema: person })
const askConfirmation = inputRequired.elicit({ message: 'Please confirm', requestedSchema: confirmation })
const askRoots = inputRequired.listRoots()

export const inputTools: readonly Tool[] = [
  define('test_input_required_result_elicitation', nothing, (_input, { mcp }) => {
    const answer = acceptedContent(mcp.mcpReq.inputResponses, 'user_name', person)
    return answer ? `Hello, ${answer.name}!` : ask({ user_name: askName })
  }),
  define('test_input_required_result_sampling', nothing, (_input, { mcp }) => {
    const text = sampled(mcp.mcpReq.inputResponses, 'capital_question')
    return text ?? ask({ capital_question: sample('What is the capital of France?', 100) })
  }),
  define('test_input_required_result_list_roots', nothing, (_input, { mcp }) => {
    const answer = inputResponse(mcp.mcpReq.inputResponses, 'client_roots')
    if (answer.kind !== 'roots') return ask({ client_roots: askRoots })
    return `The roots: ${answer.roots.map((root) => root.uri).join(', ')}`
  }),
  define('test_input_required_result_request_state', nothing, confirmWithState),
  define('test_input_required_result_tampered_state', nothing, confirmWithState),
  define('test_input_required_result_multiple_inputs', nothing, async (_input, { mcp, sealState }) => {
    const responses = mcp.mcpReq.inputResponses
    const user = acceptedContent(responses, 'user_name', person)
    const greeting = sampled(responses, 'greeting')
    const roots = inputResponse(responses, 'client_roots')
    if (mcp.mcpReq.requestState() && user && greeting && roots.kind === 'roots') {
      return `${greeting} ${user.name} has ${roots.roots.length} roots.`
    }
    const requests = {
      user_name: askName,
      greeting: sample('Generate a greeting', 50),
      client_roots: askRoots,
    }
    return ask(requests, await sealState({ asked: Object.keys(requests) }))
  }),
  define('test_input_required_result_multi_round', nothing, async (_input, { mcp, sealState }) => {
    const responses = mcp.mcpReq.inputResponses
    const known = mcp.mcpReq.requestState<{ name?: string }>() ?? {}
    const color = acceptedContent(responses, 'step2', z.object({ color: z.string() }))
    if (known.name && color) return `${known.name} likes ${color.color}.`
    const name = known.name ?? acceptedContent(responses, 'step1', person)?.name
    const step = name
      ? { step2: elicit('Step 2: What is your favorite color?', { color: { type: 'string' } }) }
      : { step1: elicit('Step 1: What is your name?', { name: { type: 'string' } }) }
    return ask(step, await sealState(name ? { name } : {}))
  }),
  define('test_input_required_result_capabilities', nothing, (_input, { mcp }) => {
    const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = mcp.mcpReq.envelope ?? {}
    const declared = envelope[CLIENT_CAPABILITIES_META_KEY]
    const requests = {
      ...(declared?.elicitation && { user_name: askName }),
      ...(declared?.sampling && { greeting: sample('Generate a greeting', 50) }),
    }
    return Object.keys(requests).length > 0 ? ask(requests) : 'The client can be asked for nothing.'
  }),
  define('test_missing_capability', nothing, (_input, { mcp }) => {
    return sampled(mcp.mcpReq.inputResponses, 'sampling') ?? ask({ sampling: sample('Say anything', 10) })
  }),
  define('test_streaming_elicitation', nothing, (_input, { mcp }) => {
    const answer = acceptedContent(mcp.mcpReq.inputResponses, 'user_name', person)
    return answer ? `Hello, ${answer.name}!` : ask({ user_name: askName })
  }),
  // MCP 2025-11-25 transports, "Resumability": the connection goes in the middle of the call, the client comes back.
  define('test_reconnection', nothing, (_input, { mcp }) => {
    mcp.http?.closeSSE?.()
    return 'Answered after the stream was closed.'
  }),
  define('test_sampling', z.object({ prompt: z.string() }), ({ prompt }, { mcp }) => {
    const text = sampled(mcp.mcpReq.inputResponses, 'sampling')
    return text === undefined ? ask({ sampling: sample(prompt, 100) }) : `LLM response: ${text}`
  }),
  define('test_elicitation', z.object({ message: z.string() }), ({ message }, { mcp }) => {
    const fields = {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    } as const
    return (
      elicited(mcp.mcpReq.inputResponses, 'User response') ??
      ask({ form: elicit(message, fields, Object.keys(fields)) })
    )
  }),
  define('test_elicitation_sep1034_defaults', nothing, (_input, { mcp }) => {
    const fields = {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    } as const
    return (
      elicited(mcp.mcpReq.inputResponses, 'Elicitation completed') ??
      ask({ form: elicit('Fields with defaults', fields, []) })
    )
  }),
  define('test_elicitation_sep1330_enums', nothing, (_input, { mcp }) => {
    const options = ['option1', 'option2', 'option3']
    const titled = ['First', 'Second', 'Third'].map((title, index) => ({ const: `value${index + 1}`, title }))
    const fields = {
      untitledSingle: { type: 'string', enum: options },
      titledSingle: { type: 'string', oneOf: titled },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
      titledMulti: { type: 'array', items: { anyOf: titled } },
    } as const
    return (
      elicited(mcp.mcpReq.inputResponses, 'Elicitation completed') ??
      ask({ form: elicit('Choices of every kind', fields, []) })
    )
  }),
]

async function confirmWithState(_input: object, { mcp, sealState }: ToolContext) {
  const state = mcp.mcpReq.requestState<{ asked: string }>()
  const answer = acceptedContent(mcp.mcpReq.inputResponses, 'confirm', confirmation)
  if (state?.asked === 'confirm' && answer) return 'state-ok'
  return ask({ confirm: askConfirmation }, await sealState({ asked: 'confirm' }))
}

function define<Input extends z.ZodObject>(
  name: string,
  input: Input,
  handler: Parameters<typeof defineTool<Input, z.ZodObject>>[0]['handler'],
): Tool {
  return defineTool<Input, z.ZodObject>({ name, title: name, description, input, annotations, handler })
}

function ask(inputRequests: Record<string, InputRequest>, requestState?: string): InputRequiredResult {
  return inputRequired({ inputRequests, ...(requestState && { requestState }) })
}

function sample(text: string, maxTokens: number): InputRequest {
  const messages = [{ role: 'user' as const, content: { type: 'text' as const, text } }]
  return inputRequired.createMessage({ messages, maxTokens })
}

function elicit(message: string, properties: object, required = Object.keys(properties)): InputRequest {
  const requestedSchema = { type: 'object', properties, required } as Elicitation
  return inputRequired.elicit({ message, requestedSchema })
}

/** The text that the client's model has written. */
function sampled(responses: Responses, key: string): string | undefined {
  const answer = inputResponse(responses, key)
  if (answer.kind !== 'sampling') return undefined
  const [content] = [answer.result.content].flat()
  return content?.type === 'text' ? content.text : ''
}

/** What became of the form, in words. */
function elicited(responses: Responses, what: string): string | undefined {
  const answer = inputResponse(responses, 'form')
  if (answer.kind !== 'elicit') return undefined
  return `${what}: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`
}
