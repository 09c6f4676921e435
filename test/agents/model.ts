// A scripted model: it calls the tool that it is ordered to call, and stops at the result. It speaks the four APIs that agents
// can be pointed at: OpenAI Responses and Chat Completions, Anthropic Messages, and Gemini.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

type Json = Readonly<Record<string, unknown>>

interface Order {
  /** As the server calls it; agents put the server's name before it. */
  readonly tool: string
  readonly args: Json
}

/** A tool as an agent offers it to the model. */
interface Offered {
  readonly name: string
  /** Of Responses alone. */
  readonly namespace?: string
}

/** What the model answers. */
type Turn = { readonly call: Offered; readonly args: Json } | { readonly say: string }

/** How one API names things. */
interface Dialect {
  readonly tools: (body: Json) => Offered[]
  /** The result of the tool, if that is what the agent brings. */
  readonly result: (body: Json) => unknown
  readonly answer: (turn: Turn, body: Json) => readonly Json[]
}

export class Model {
  readonly #server: Server
  #order: Order | undefined
  #result: string | undefined
  /** The tools that the agent offered last. */
  #offered: readonly Offered[] = []

  static async start(): Promise<Model> {
    const model = new Model()
    await once(model.#server, 'listening')
    return model
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
    }).listen(0, '127.0.0.1')
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Has an agent run with this order. Returns the result of the tool. @throws if the agent brought none */
  async ordered(order: Order, run: () => Promise<string>): Promise<string> {
    this.#order = order
    this.#result = undefined
    let printed = ''
    // Some ask the model before their servers have answered them.
    for (let tries = 0; tries < 3 && this.#result === undefined; tries++) {
      this.#offered = []
      printed = await run()
      if (this.#offered.some(({ name }) => name.endsWith(order.tool))) break
    }
    if (this.#result !== undefined) return this.#result
    const offered = this.#offered.map(({ name }) => name).join(' ') || 'nothing'
    throw new Error(`The model got no result of ${order.tool}. It was offered: ${offered}\n${printed}`)
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, dialect] = Object.entries(DIALECTS).find(([path]) => request.url?.includes(path)) ?? []
    if (!dialect || request.method !== 'POST') {
      response.writeHead(404).end('{}')
      return
    }
    const body = (await json(request)) as Json
    const events = dialect.answer(this.#turn(dialect, body), body)
    response.setHeader('Content-Type', 'text/event-stream')
    for (const event of events) {
      response.write(`${event.type ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
    }
    response.end(dialect === CHAT ? 'data: [DONE]\n\n' : undefined)
  }

  #turn(dialect: Dialect, body: Json): Turn {
    const result = dialect.result(body)
    if (result !== undefined) {
      this.#result = typeof result === 'string' ? result : JSON.stringify(result)
      return { say: 'Done.' }
    }
    const offered = dialect.tools(body)
    if (offered.length > 0) this.#offered = offered
    const call = offered.find(({ name }) => this.#order && name.endsWith(this.#order.tool))
    // Agents also ask for titles and the like, without tools.
    return call && this.#order ? { call, args: this.#order.args } : { say: 'A title' }
  }
}

const list = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : [])

const CHAT: Dialect = {
  tools: ({ tools }) => list(tools).map((tool) => tool.function as Json & Offered),
  result: ({ messages }) => {
    const last = list(messages).at(-1)
    return last?.role === 'tool' ? last.content : undefined
  },
  answer: (turn, { model }) => {
    const chunk = (delta: Json, finish_reason: string | null = null) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 0,
      model,
      choices: [{ index: 0, delta, finish_reason }],
      ...(finish_reason && { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
    })
    if ('say' in turn) return [chunk({ role: 'assistant', content: turn.say }), chunk({}, 'stop')]
    const call = { name: turn.call.name, arguments: JSON.stringify(turn.args) }
    const tool_calls = [{ index: 0, id: 'call_1', type: 'function', function: call }]
    return [chunk({ role: 'assistant', tool_calls }), chunk({}, 'tool_calls')]
  },
}

const RESPONSES: Dialect = {
  tools: ({ tools }) =>
    list(tools).flatMap((tool) =>
      tool.type === 'namespace'
        ? list(tool.tools).map(({ name }) => ({ name: String(name), namespace: String(tool.name) }))
        : [{ name: String(tool.name) }],
    ),
  result: ({ input }) => {
    const last = list(input).at(-1)
    return last?.type === 'function_call_output' ? last.output : undefined
  },
  answer: (turn) => {
    const item =
      'say' in turn
        ? {
            type: 'message',
            role: 'assistant',
            id: 'msg_1',
            content: [{ type: 'output_text', text: turn.say }],
          }
        : {
            type: 'function_call',
            id: 'fc_1',
            call_id: 'call_1',
            ...turn.call,
            arguments: JSON.stringify(turn.args),
          }
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
    return [
      { type: 'response.created', response: { id: 'resp_1' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'resp_1', usage, output: [item] } },
    ]
  },
}

const MESSAGES: Dialect = {
  tools: ({ tools }) => list(tools).map(({ name }) => ({ name: String(name) })),
  result: ({ messages }) =>
    list(list(messages).at(-1)?.content).find(({ type }) => type === 'tool_result')?.content,
  answer: (turn, { model }) => {
    const isText = 'say' in turn
    const block = isText
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: 'toolu_1', name: turn.call.name, input: {} }
    const delta = isText
      ? { type: 'text_delta', text: turn.say }
      : { type: 'input_json_delta', partial_json: JSON.stringify(turn.args) }
    const usage = { input_tokens: 1, output_tokens: 1 }
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], usage }
    return [
      { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: isText ? 'end_turn' : 'tool_use', stop_sequence: null },
        usage,
      },
      { type: 'message_stop' },
    ]
  },
}

const GEMINI: Dialect = {
  tools: ({ tools }) =>
    list(tools).flatMap((tool) =>
      list(tool.functionDeclarations).map(({ name }) => ({ name: String(name) })),
    ),
  result: ({ contents }) =>
    list(list(contents).at(-1)?.parts).find(({ functionResponse }) => functionResponse)?.functionResponse,
  answer: (turn) => {
    const part =
      'say' in turn ? { text: turn.say } : { functionCall: { name: turn.call.name, args: turn.args } }
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
    return [
      {
        candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
        usageMetadata,
      },
    ]
  },
}

/** By what their address contains. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  '/chat/completions': CHAT,
  '/responses': RESPONSES,
  '/messages': MESSAGES,
  ':streamGenerateContent': GEMINI,
}
