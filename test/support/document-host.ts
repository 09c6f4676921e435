// The host of client metadata documents, and every other host that the Worker asks, in place of the internet: it answers the
// Worker's outbound fetches.
import { vi } from 'vitest'
import { REDIRECT_URI } from './oauth-client.ts'

type Answer = (init: RequestInit) => Response | Promise<Response>

export class DocumentHost {
  /** The addresses that were fetched, in order. */
  readonly fetched: string[] = []
  readonly #answers = new Map<string, Answer>()

  /** Answers every fetch from the Worker, until vi.restoreAllMocks(). */
  static install(): DocumentHost {
    const host = new DocumentHost()
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const url = String(input instanceof Request ? input.url : input)
      host.fetched.push(url)
      init?.signal?.throwIfAborted()
      const answer = host.#answers.get(url)
      if (!answer) throw new TypeError('Network connection lost.')
      const response = await answer(init ?? {})
      const location = response.headers.get('Location')
      // As the platform's fetch does by default.
      return location !== null && init?.redirect !== 'manual'
        ? (host.#answers.get(location) as Answer)({})
        : response
    })
    return host
  }

  /** An address on a host that no other test has used, with a valid document and `changes` (undefined removes). */
  publish(changes: Record<string, unknown> = {}, headers: Record<string, string> = {}): string {
    const url = `https://a${crypto.randomUUID()}.gatehouse-tests.dev/client.json`
    this.serve(url, changes, headers)
    return url
  }

  serve(url: string, changes: Record<string, unknown> = {}, headers: Record<string, string> = {}): void {
    const document = {
      client_id: url,
      client_name: 'Described app',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      ...changes,
    }
    this.answer(url, () => Response.json(document, { headers }))
  }

  answer(url: string, answer: Answer): void {
    this.#answers.set(url, answer)
  }

  /** From now on the address gives no answer at all. */
  unplug(url: string): void {
    this.#answers.delete(url)
  }
}
