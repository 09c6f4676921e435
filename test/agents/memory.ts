// What a library keeps for an app: tokens, a registration, the address that the user is sent to. It lasts as long as the app.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Person } from './person.ts'

/** The members that the providers of the first SDK and of the Vercel AI SDK have in common. */
export async function newProvider(person: Person, client_name: string) {
  const site = createServer((_, response) => response.end('You can close this page.')).listen(0, '127.0.0.1')
  await once(site, 'listening')
  const redirectUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}/callback`
  const kept = { information: undefined as never, tokens: undefined as never, verifier: '', state: '' }
  let answer: URLSearchParams | undefined
  return {
    stop: () => site.close(),
    /** What the user's browser brought back last. */
    answer: () => answer as URLSearchParams,
    provider: {
      redirectUrl,
      clientMetadata: {
        client_name,
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => {
        kept.state = crypto.randomUUID()
        return kept.state
      },
      storedState: () => kept.state,
      clientInformation: () => kept.information,
      saveClientInformation: (saved: unknown) => {
        kept.information = saved as never
      },
      tokens: () => kept.tokens,
      saveTokens: (saved: unknown) => {
        kept.tokens = saved as never
      },
      codeVerifier: () => kept.verifier,
      saveCodeVerifier: (saved: string) => {
        kept.verifier = saved
      },
      redirectToAuthorization: async (url: URL) => {
        answer = (await person.open(url)).searchParams
      },
    },
  }
}
