// The server as `npm run dev` starts it: the real command, a socket, storage of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { devVar } from '../../scripts/setup.ts'

export class DevServer {
  readonly origin: string
  /** Everything that it has printed. */
  readonly output: string[]
  readonly #process: ChildProcess
  readonly #storage: string

  private constructor(origin: string, output: string[], child: ChildProcess, storage: string) {
    this.origin = origin
    this.output = output
    this.#process = child
    this.#storage = storage
  }

  static async start(): Promise<DevServer> {
    const port = await freePort()
    const storage = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    const flags = ['--port', String(port), '--inspector-port', '0', '--persist-to', storage]
    // Its own process group, since stopping the launcher alone would leave workerd running.
    const child = spawn(process.execPath, ['scripts/dev.ts', ...flags], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: string[] = []
    const lines = createInterface({ input: child.stdout })
    const ready = new Promise<void>((resolve, reject) => {
      child.on('exit', () => reject(new Error(`The server did not start:\n${output.join('\n')}`)))
      lines.on('line', (line) => {
        output.push(line)
        if (line.includes('Your MCP server:')) resolve()
      })
    })
    createInterface({ input: child.stderr }).on('line', (line) => output.push(line))
    await ready
    return new DevServer(`http://localhost:${port}`, output, child, storage)
  }

  get mcpUrl(): URL {
    return new URL('/mcp', this.origin)
  }

  get passphrase(): string {
    return devVar('OWNER_PASSPHRASE') as string
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit')
    process.kill(-(this.#process.pid as number), 'SIGKILL')
    await ended
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
