// A client of the `initialize` era in its session, as far as HTTP goes. What the server asks in the middle of a call
// is left for the test to read and answer.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import { MCP_URL, ORIGIN, send } from './worker.ts'

export interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: { readonly content?: { readonly text?: string }[]; readonly isError?: boolean }
  readonly error?: { readonly code: number; readonly message: string }
}

/** A header that is undefined is not sent. */
type HeaderChanges = Record<string, string | undefined>

interface Sent {
  readonly token: string
  readonly method?: 'POST' | 'GET' | 'DELETE'
  readonly message?: object
  readonly headers?: HeaderChanges
  readonly origin?: string
}

const STREAM = 'text/event-stream'
const VERSION = '2025-11-25'

/** One request, in no session unless a header names one. */
export function sendLegacy({
  token,
  method = 'POST',
  message,
  headers = {},
  origin,
}: Sent): Promise<Response> {
  const all: HeaderChanges = {
    Authorization: `Bearer ${token}`,
    Accept: method === 'GET' ? STREAM : `application/json, ${STREAM}`,
    'MCP-Protocol-Version': VERSION,
    ...(message && { 'Content-Type': 'application/json' }),
    ...headers,
  }
  const sent = Object.entries(all).filter((header): header is [string, string] => header[1] !== undefined)
  return send(origin ? `${origin}/mcp` : MCP_URL, {
    method,
    headers: Object.fromEntries(sent),
    ...(message && { body: JSON.stringify(message) }),
  })
}

/** What a client begins with. This one can be asked for everything that the tests ask for. */
export function initialize({
  protocolVersion = VERSION,
  capabilities = { elicitation: {}, sampling: {} } as object,
} = {}) {
  const params = { protocolVersion, capabilities, clientInfo: { name: 'test', version: '1' } }
  return { jsonrpc: '2.0', id: 'initialize', method: 'initialize', params }
}

export class McpSession {
  readonly id: string
  readonly origin: string
  /** The client's newest: it gets others by a refresh or a step-up. */
  token: string
  #calls = 0

  constructor(id: string, token: string, origin = ORIGIN) {
    this.id = id
    this.token = token
    this.origin = origin
  }

  static async open(token: string, message = initialize(), origin = ORIGIN): Promise<McpSession> {
    const opened = await sendLegacy({ token, message, origin })
    const text = await opened.text()
    const id = opened.headers.get('Mcp-Session-Id')
    if (opened.status !== 200 || id === null) throw new Error(`No session but ${opened.status}: ${text}`)
    const session = new McpSession(id, token, origin)
    const initialized = await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    if (initialized.status !== 202) throw new Error(`Not initialized: ${await initialized.text()}`)
    return session
  }

  /** The object behind it. */
  get object() {
    return env.SESSIONS.get(env.SESSIONS.idFromString(this.id))
  }

  /** The same session, as an attacker would try to use it. */
  as(token: string, origin = this.origin): McpSession {
    return new McpSession(this.id, token, origin)
  }

  send({ headers, ...sent }: Partial<Sent>): Promise<Response> {
    const { token, origin } = this
    return sendLegacy({ token, origin, ...sent, headers: { 'Mcp-Session-Id': this.id, ...headers } })
  }

  post(message: object, headers: HeaderChanges = {}): Promise<Response> {
    return this.send({ message, headers })
  }

  call(name: string, args: object = {}): Promise<Response> {
    const params = { name, arguments: args }
    return this.post({ jsonrpc: '2.0', id: ++this.#calls, method: 'tools/call', params })
  }

  /** Calls a tool that does not ask. Returns the text of its answer. */
  async read(name: string, args: object = {}): Promise<string> {
    return textOf((await new EventStream(await this.call(name, args)).rest()).at(-1))
  }

  /** Calls a tool that asks. Returns the question, and the stream on which it came. */
  async ask(name: string): Promise<{ stream: EventStream; question: Message }> {
    const stream = new EventStream(await this.call(name))
    const question = await stream.next()
    if (question?.method === undefined) throw new Error(`Not asked: ${JSON.stringify(question)}`)
    return { stream, question }
  }

  /** The user's answer to `ask_name`. */
  answer({ id }: Message, name: string): Promise<Response> {
    return this.post({ jsonrpc: '2.0', id, result: { action: 'accept', content: { name } } })
  }

  /** The stream of messages that belong to no request. */
  async listen(): Promise<EventStream> {
    return new EventStream(await this.send({ method: 'GET' }))
  }

  /** What a client does whose connection broke. */
  resume(lastEventId: string | undefined): Promise<Response> {
    return this.send({ method: 'GET', headers: { 'Last-Event-ID': lastEventId } })
  }

  end(): Promise<Response> {
    return this.send({ method: 'DELETE' })
  }
}

export function textOf(message: Message | undefined): string {
  const text = message?.result?.content?.[0]?.text
  if (text === undefined) throw new Error(`No text: ${JSON.stringify(message)}`)
  return text
}

/** MCP 2025-11-25 transports, "Session Management": the client is to begin a new session. */
export async function expectSessionNotFound(response: Response): Promise<void> {
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32001 } })
}

/** The object knows of this many open streams, as soon as it has heard of those that ended. */
export async function expectListeners({ object }: McpSession, count: number): Promise<void> {
  const listeners = () => runInDurableObject(object, (_instance, state) => state.getWebSockets().length)
  await vi.waitFor(async () => expect(await listeners()).toBe(count), 10_000)
}

/** The messages of a `text/event-stream`, as they come. */
export class EventStream {
  /** Of every event so far that had one. */
  readonly eventIds: string[] = []
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''

  /** A plain answer is a stream with one message. */
  constructor({ status, headers, body }: Response) {
    const type = headers.get('Content-Type')
    if (status !== 200 || !body || !(type?.startsWith(STREAM) || type === 'application/json')) {
      throw new Error(`No stream but ${status}.`)
    }
    this.#reader = (type.startsWith(STREAM) ? body : body.pipeThrough(asEvent())).getReader()
  }

  get lastEventId(): string | undefined {
    return this.eventIds.at(-1)
  }

  /** The next message, or undefined at the end. */
  async next(): Promise<Message | undefined> {
    for (let event = await this.#event(); event !== undefined; event = await this.#event()) {
      const lines = event.split('\n')
      const field = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length)
      const id = field('id: ')
      if (id) this.eventIds.push(id)
      const data = field('data: ')
      if (data) return JSON.parse(data)
    }
    return undefined
  }

  /** All messages from here to the end. */
  async rest(): Promise<Message[]> {
    const messages: Message[] = []
    for (let message = await this.next(); message; message = await this.next()) messages.push(message)
    return messages
  }

  /** As if the connection had broken. */
  cut(): Promise<void> {
    return this.#reader.cancel()
  }

  async #event(): Promise<string | undefined> {
    for (let end = this.#text.indexOf('\n\n'); ; end = this.#text.indexOf('\n\n')) {
      if (end >= 0) {
        const event = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return event
      }
      const { done, value } = await this.#reader.read()
      if (done) return undefined
      this.#text += this.#decoder.decode(value, { stream: true })
    }
  }
}

function asEvent(): TransformStream<Uint8Array, Uint8Array> {
  const encode = (text: string) => new TextEncoder().encode(text)
  return new TransformStream({
    start: (controller) => controller.enqueue(encode('data: ')),
    flush: (controller) => controller.enqueue(encode('\n\n')),
  })
}
