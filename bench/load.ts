// Sends requests over connections that stay open, as a client of a public https server: the scheme and the host are those
// of a deployment.
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'

export const HOST = 'mcp.example.com'
export const ISSUER = `https://${HOST}`

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export class Connection {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true })

  constructor(port: number) {
    this.#port = port
  }

  send({ method = 'GET', path, headers = {}, body }: Sent): Promise<Received> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          port: this.#port,
          agent: this.#agent,
          method,
          path,
          headers: {
            Host: HOST,
            'X-Forwarded-Proto': 'https',
            ...headers,
            ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          text(response).then(
            (received) =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
            reject,
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Sends requests, some at a time. Returns how long each took, in milliseconds. @throws Error unless all succeed */
export async function drive(
  connection: Connection,
  sent: () => Sent,
  { requests, concurrency }: { requests: number; concurrency: number },
): Promise<number[]> {
  const latencies: number[] = []
  let begun = 0
  const one = async () => {
    while (begun++ < requests) {
      const started = performance.now()
      const { status, body } = await connection.send(sent())
      if (status !== 200 || body.includes('"isError":true')) throw new Error(`Answered ${status}: ${body}`)
      latencies.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, one))
  return latencies
}
