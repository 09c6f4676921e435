// Sites of the internet on a port of this computer, each under a path that begins with its host.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'

export class LocalSite {
  readonly origin: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  }

  static async start(listener?: RequestListener): Promise<LocalSite> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new LocalSite(server)
  }

  /** In the place of the sites that `answer` knows by their own addresses. */
  static inPlaceOf(answer: (request: Request) => Promise<Response>): Promise<LocalSite> {
    return LocalSite.start(async (incoming, outgoing) => {
      const response = await answer(await requestOf(incoming))
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(new Uint8Array(await response.arrayBuffer()))
    })
  }

  on(listener: RequestListener): void {
    this.#server.on('request', listener)
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { method = 'GET', headers } = incoming
  return new Request(`https:/${incoming.url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]),
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  })
}
