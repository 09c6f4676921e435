// V8's inspector in a workerd: as much of the Chrome DevTools Protocol as a sampled profile takes.
interface Node {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** DevTools Protocol, `Profiler.Profile`. */
export interface Profile {
  readonly nodes: readonly Node[]
  /** Ids of nodes. */
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

const INTERVAL_US = 100

export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (result: unknown) => void>()
  #sent = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown }
      if (id !== undefined) this.#waiting.get(id)?.(result)
    })
  }

  static async open(port: number): Promise<Inspector> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { id: string }[]
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${targets[0]?.id}`)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    const inspector = new Inspector(socket)
    await inspector.#send('Profiler.enable')
    await inspector.#send('Profiler.setSamplingInterval', { interval: INTERVAL_US })
    return inspector
  }

  async profile(act: () => Promise<unknown>): Promise<Profile> {
    await this.#send('Profiler.start')
    await act()
    const { profile } = (await this.#send('Profiler.stop')) as { profile: Profile }
    return profile
  }

  close(): void {
    this.#socket.close()
  }

  #send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#sent
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}
