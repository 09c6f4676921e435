// Sends a request with exactly these headers: `fetch` would add some of its own, and could not send one twice.
import { type IncomingMessage, type OutgoingHttpHeaders, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'

const TIMEOUT_MS = 10_000
const MAX_LENGTH = 1_000_000

export interface Outgoing {
  readonly method?: string
  /** A list is sent as several lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** Whether what has come of the body is enough: a stream may never end. */
  readonly isEnough?: (text: string) => boolean
  /** Whether its headers are all that is wanted. */
  readonly isStream?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

// A connection that breaks says nothing about the server. So it counts only when the next one breaks, too.
/** @throws Error that names the server and why it gave no answer */
export async function send(url: URL, outgoing: Outgoing = {}): Promise<Answer> {
  const again = (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') return once(url, outgoing)
    throw error
  }
  return once(url, outgoing)
    .catch(again)
    .catch(({ code, message }: NodeJS.ErrnoException) => {
      const why = code === 'ABORT_ERR' ? `within ${TIMEOUT_MS / 1000} s` : `(${code ?? message})`
      throw new Error(`${url.origin} gives no answer ${why}.`)
    })
}

async function once(
  url: URL,
  { method = 'GET', headers = {}, body, isEnough, isStream }: Outgoing,
): Promise<Answer> {
  const request = (url.protocol === 'https:' ? overHttps : overHttp)(url.href, {
    method,
    headers: {
      ...(headers as OutgoingHttpHeaders),
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  request.end(body)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  const received: [string, string][] = []
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) received.push([name, value])
  }
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(received),
    text: isStream ? leave(response) : await read(response, isEnough),
  }
}

function leave(response: IncomingMessage): string {
  response.destroy()
  return ''
}

async function read(response: IncomingMessage, isEnough: Outgoing['isEnough']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    // Leaving the loop closes the connection.
    if (length > MAX_LENGTH || isEnough?.(Buffer.concat(chunks).toString())) break
  }
  return Buffer.concat(chunks).toString()
}
