// An MCP app on the official client, unmodified: it keeps its tokens, opens a browser, listens for the answer.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import {
  Client,
  type ClientOptions,
  type DpopSession,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

type Open = (url: URL) => Promise<void>
type Era = NonNullable<ClientOptions['versionNegotiation']>['mode']

export class App implements OAuthClientProvider {
  readonly client: Client
  /** The key to which its tokens are bound, where it has one. */
  readonly dpop?: () => DpopSession
  readonly #mcpUrl: URL
  readonly #era: Era
  /** Shows a page to the person, and returns once they have answered. */
  readonly #open: Open
  readonly #server: Server
  readonly #answers: URLSearchParams[] = []
  #transport: StreamableHTTPClientTransport
  #information: StoredOAuthClientInformation | undefined
  #tokens: StoredOAuthTokens | undefined
  #verifier = ''
  #discovery: OAuthDiscoveryState | undefined

  private constructor(mcpUrl: URL, era: Era, open: Open, server: Server, dpop: DpopSession | undefined) {
    if (dpop) this.dpop = () => dpop
    this.#mcpUrl = mcpUrl
    this.#era = era
    this.#open = open
    this.#server = server
    this.client = this.#newClient()
    this.#transport = this.#newTransport()
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', this.redirectUrl)
      if (pathname === '/callback') this.#answers.push(searchParams)
      response.setHeader('Content-Type', 'text/html').end('<h1>You can close this page.</h1>')
    })
  }

  /** @param open drives the browser */
  static async start(mcpUrl: URL, era: Era, open: Open, dpop?: DpopSession): Promise<App> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new App(mcpUrl, era, open, server, dpop)
  }

  /** Connects; on the first try the server sends the app away to ask the person. */
  async connect(): Promise<void> {
    try {
      await this.client.connect(this.#transport)
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await this.#finish()
      this.#transport = this.#newTransport()
      await this.client.connect(this.#transport)
    }
  }

  /** Calls a tool; asks the person for more where that is needed, and calls again. */
  async call(name: string, args: Record<string, unknown> = {}) {
    try {
      return await this.client.callTool({ name, arguments: args })
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await this.#finish()
      return this.client.callTool({ name, arguments: args })
    }
  }

  /** As if the access token had expired: what is left is the refresh token. */
  loseAccessToken(): void {
    if (this.#tokens) this.#tokens = { ...this.#tokens, access_token: 'expired' }
  }

  async stop(): Promise<void> {
    await this.client.close()
    this.#server.close()
  }

  async #finish(): Promise<void> {
    await this.#transport.finishAuth(this.#answers.shift() as URLSearchParams)
  }

  #newClient(): Client {
    return new Client(
      { name: 'e2e', version: '1' },
      { ...(this.#era && { versionNegotiation: { mode: this.#era } }) },
    )
  }

  #newTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(this.#mcpUrl, { authProvider: this })
  }

  get redirectUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/callback`
  }

  get clientMetadata() {
    return {
      client_name: 'Desk & Co',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native' as const,
    }
  }

  state = () => crypto.randomUUID()
  clientInformation = () => this.#information
  saveClientInformation = (information: StoredOAuthClientInformation) => {
    this.#information = information
  }
  tokens = () => this.#tokens
  saveTokens = (tokens: StoredOAuthTokens) => {
    this.#tokens = tokens
  }
  invalidateCredentials = (what: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery') => {
    if (what === 'all' || what === 'tokens') this.#tokens = undefined
    if (what === 'all' || what === 'client') this.#information = undefined
  }
  redirectToAuthorization = (url: URL) => this.#open(url)
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier
  }
  codeVerifier = () => this.#verifier
  saveDiscoveryState = (state: OAuthDiscoveryState) => {
    this.#discovery = state
  }
  discoveryState = () => this.#discovery
}
