// The one clock that test, Worker and objects share, with the timers on it. Those of vi would call back in the test's
// own context, where the runtime keeps all code from the streams of a request. Here each timer of the Worker watches the
// faked Date in the context that set it.
import { vi } from 'vitest'

const POLL_MS = 2
const MAX_POLLS = 5_000
const real = { setInterval, clearInterval }

type Callback = (...args: unknown[]) => unknown

export class Clock {
  /** When each timer is due. A callback that waits is done when it has settled. */
  readonly #due = new Map<unknown, number>()

  /** Fakes Date, setTimeout and setInterval, until vi.useRealTimers() and vi.restoreAllMocks(). */
  static install(): Clock {
    const clock = new Clock()
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const set of ['setTimeout', 'setInterval'] as const) {
      const fake = (callback: Callback, ms = 0) => clock.#set(callback, ms, set === 'setInterval')
      vi.spyOn(globalThis, set).mockImplementation(fake as never)
    }
    for (const clear of ['clearTimeout', 'clearInterval'] as const) {
      vi.spyOn(globalThis, clear).mockImplementation((id) => clock.#clear(id))
    }
    return clock
  }

  /** Moves the clock, and returns when what was due by then has happened. */
  async pass(seconds: number): Promise<void> {
    vi.setSystemTime(Date.now() + seconds * 1000)
    for (let polls = 0; [...this.#due.values()].some((due) => due <= Date.now()); polls++) {
      if (polls > MAX_POLLS) throw new Error('A timer is still set although its request is over.')
      await scheduler.wait(POLL_MS)
    }
  }

  #set(callback: Callback, ms: number, again: boolean): unknown {
    let running = false
    const id = real.setInterval(async () => {
      if (running || Date.now() < (this.#due.get(id) ?? Number.POSITIVE_INFINITY)) return
      running = true
      await callback()
      running = false
      if (again && this.#due.has(id)) this.#due.set(id, Date.now() + ms)
      else this.#clear(id)
    }, POLL_MS)
    this.#due.set(id, Date.now() + ms)
    return id
  }

  #clear(id: unknown): void {
    this.#due.delete(id)
    real.clearInterval(id as number)
  }
}
