// A server with a fault: a proxy before a healthy one changes what is asked, or what is answered.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Asked {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Changes an answer of a healthy server; does nothing where it leaves it as it is. */
export type Fault = (asked: Asked, answer: Answer) => void

export class FaultyProxy {
  fault: Fault | undefined
  /** Changes the headers of a request on its way to the server. */
  misread: ((headers: IncomingHttpHeaders) => void) | undefined
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param origin of the healthy server */
  static async start(origin: string): Promise<FaultyProxy> {
    const server = createServer()
    const proxy = new FaultyProxy(server)
    server.on('request', async (incoming, outgoing) => {
      const { method = '', url: path = '', headers } = incoming as IncomingMessage
      const asked = { method, path, headers, body: await text(incoming) }
      const { answer, stream } = await proxy.#forward(new URL(path, origin), asked)
      proxy.fault?.(asked, answer)
      outgoing.writeHead(answer.status, answer.headers)
      if (!stream) return outgoing.end(answer.body)
      outgoing.flushHeaders()
      outgoing.once('close', () => stream.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as { port: number }).port}`
  }

  get mcpUrl(): URL {
    return new URL('/mcp', this.origin)
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** @returns the stream, where one stays open: then there is no body to change */
  async #forward(
    { port, pathname, search }: URL,
    { method, headers, body }: Asked,
  ): Promise<{ answer: Answer; stream?: IncomingMessage }> {
    // Plain, since faults change what it says. Each request is of another address, so that no limit counts them.
    const { 'accept-encoding': _, ...kept } = {
      ...headers,
      'cf-connecting-ip': `10.${[...randomBytes(3)].join('.')}`,
    }
    this.misread?.(kept)
    const forwarded = request({ port, host: 'localhost', method, path: pathname + search, headers: kept })
    forwarded.end(body)
    const [response] = (await once(forwarded, 'response')) as [IncomingMessage]
    const isOpen = method === 'GET' && response.headers['content-type']?.startsWith('text/event-stream')
    const answer: Answer = {
      status: response.statusCode ?? 0,
      headers: response.headers as Record<string, string>,
      body: isOpen ? '' : await text(response),
    }
    delete answer.headers['transfer-encoding']
    delete answer.headers['content-length']
    return isOpen ? { answer, stream: response } : { answer }
  }
}

/** Changes the JSON of an answer. */
export function edit(answer: Answer, change: (json: Record<string, unknown>) => void): void {
  if (answer.body === '') return
  const json = JSON.parse(answer.body) as Record<string, unknown>
  change(json)
  answer.body = JSON.stringify(json)
}
