// A connection to an MCP server, on the official client: it signs in like any app, asks for more scopes where a call
// needs them, and keeps what it was given for the next time.
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import type { Person } from '../doctor/play.ts'
import { freePort } from '../free-port.ts'
import type { Keeper, Kept } from './kept.ts'

const CLIENT_NAME = 'npm run call'

/** @param person opens the sign-in, and returns where the browser is sent in the end */
export class Connection {
  readonly #url: URL
  readonly #provider: Provider
  #client = newClient()
  #transport: StreamableHTTPClientTransport

  private constructor(url: URL, provider: Provider) {
    this.#url = url
    this.#provider = provider
    this.#transport = this.#newTransport()
  }

  /** @throws Error that says what the server answers instead */
  static async open(url: URL, keeper: Keeper, person: Person): Promise<Connection> {
    const connection = new Connection(url, new Provider(keeper, person, await freePort()))
    await connection.#connect()
    return connection
  }

  /** Runs a request, once more after the user has allowed what it needs. */
  async ask<Result>(request: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      return await request(this.#client)
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await this.#transport.finishAuth(this.#provider.answer())
      return request(this.#client)
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #connect(): Promise<void> {
    try {
      await this.#client.connect(this.#transport)
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await this.#transport.finishAuth(this.#provider.answer())
      this.#client = newClient()
      this.#transport = this.#newTransport()
      await this.#client.connect(this.#transport)
    }
  }

  #newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(this.#url, { authProvider: this.#provider })
  }
}

function newClient(): Client {
  return new Client({ name: CLIENT_NAME, version: '1' }, { versionNegotiation: { mode: 'auto' } })
}

/** What the official client asks for when it signs in. */
class Provider implements OAuthClientProvider {
  readonly #keeper: Keeper
  readonly #person: Person
  readonly #port: number
  #verifier = ''
  #answer: URLSearchParams | undefined

  constructor(keeper: Keeper, person: Person, port: number) {
    this.#keeper = keeper
    this.#person = person
    this.#port = port
  }

  /** What the authorization server sent back. */
  answer(): URLSearchParams {
    if (!this.#answer) throw new Error('The server refuses the token, and did not say where to sign in.')
    return this.#answer
  }

  // RFC 8252 §7.3: on this computer the port may be another one than that of the registration.
  get redirectUrl(): string {
    return `http://127.0.0.1:${this.#port}/callback`
  }

  get clientMetadata() {
    return {
      client_name: CLIENT_NAME,
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native' as const,
    }
  }

  state = () => crypto.randomUUID()
  clientInformation = () => this.#keeper.read().client
  saveClientInformation = (client: NonNullable<Kept['client']>) => this.#keeper.write({ client })
  tokens = () => this.#keeper.read().tokens
  saveTokens = (tokens: NonNullable<Kept['tokens']>) => this.#keeper.write({ tokens })
  discoveryState = () => this.#keeper.read().discovery
  saveDiscoveryState = (discovery: NonNullable<Kept['discovery']>) => this.#keeper.write({ discovery })
  codeVerifier = () => this.#verifier
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier
  }

  invalidateCredentials = (what: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery') => {
    if (what === 'all') this.#keeper.remove()
    else if (what !== 'verifier') this.#keeper.write({ [what]: undefined })
  }

  redirectToAuthorization = async (url: URL) => {
    const { location } = await this.#person(url, this.redirectUrl)
    const { searchParams } = new URL(location)
    // RFC 6749 §10.12: any page on this computer can send a browser to the callback.
    if (searchParams.get('state') !== url.searchParams.get('state'))
      throw new Error('The answer belongs to another sign-in. Run this again.')
    const error = searchParams.get('error')
    if (error !== null)
      throw new Error(`You were not signed in: ${searchParams.get('error_description') ?? error}`)
    this.#answer = searchParams
  }
}
