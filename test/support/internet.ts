// The internet as far as the Worker reaches it: sites that answer its outbound requests, in place of the real ones.
import { vi } from 'vitest'
import { noteSecrets } from './secrets.ts'

export type Site = (request: Request) => Response | Promise<Response>

export class Internet {
  /** What was asked for, in order. */
  readonly requests: Request[] = []
  readonly #sites = new Map<string, Site>()

  /** Answers every fetch from the Worker and its objects, until vi.restoreAllMocks(). */
  static install(): Internet {
    const internet = new Internet()
    vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) =>
      internet.#fetch(new Request(input, init)),
    )
    return internet
  }

  /** From now on this origin is answered for. */
  site(origin: string, site: Site): void {
    this.#sites.set(origin, site)
  }

  /** From now on this origin gives no answer at all. */
  unplug(origin: string): void {
    this.#sites.delete(origin)
  }

  /** The requests to an origin. */
  to(origin: string): Request[] {
    return this.requests.filter(({ url }) => new URL(url).origin === origin)
  }

  async #fetch(request: Request): Promise<Response> {
    this.requests.push(request.clone())
    noteSecrets(`${request.url} ${JSON.stringify([...request.headers])} ${await textOf(request)}`)
    const site = this.#sites.get(new URL(request.url).origin)
    // The platform's error is no TypeError.
    if (!site) throw new Error('Network connection lost.')
    const response = await site(request)
    noteSecrets(await textOf(response))
    const location = response.headers.get('Location')
    if (location === null || request.redirect === 'manual') return response
    // A followed redirect gets all headers, as on the platform before.
    return this.#fetch(new Request(new URL(location, request.url), { headers: request.headers }))
  }
}

// `text()` warns of forms in the console.
async function textOf(message: Request | Response): Promise<string> {
  return new TextDecoder().decode(await message.clone().arrayBuffer())
}
