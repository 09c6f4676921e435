// ChatGPT as a client, from what its document, its requests and public bug reports show (November 2026): it authenticates
// by private_key_jwt with the token endpoint as audience, refreshes without a scope, and of all refusals understands only a
// tool's result. It needs nothing but fetch and Web Crypto, so that it runs inside workerd and outside.
import { base64url, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

const HOST = 'https://chatgpt.com'
const USER_AGENT = 'openai-mcp/1.0.0'
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

type Fetch = (url: string, init?: RequestInit) => Promise<Response>

/** Shows a page to the person. Returns the redirect URI that they are sent to in the end, with its answer. */
type Open = (url: URL) => Promise<URL>

interface Options {
  readonly mcpUrl: string
  readonly fetch: Fetch
  readonly open: Open
  /** The id of an app of its own, whose document lacks the list of methods; absent: the document that all apps share. */
  readonly app?: string
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly scope: string
}

interface ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly client_id_metadata_document_supported?: boolean
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
}

export interface ToolResult {
  readonly content: readonly { readonly text: string }[]
  readonly isError?: boolean
  readonly structuredContent?: Record<string, unknown>
  readonly _meta?: { readonly 'mcp/www_authenticate'?: readonly string[] }
}

interface Listed {
  readonly name: string
  readonly _meta?: Record<string, unknown>
}

/** What it does not understand: the person reads "Something went wrong", and nothing more happens. */
export class SomethingWentWrong extends Error {}

/** One set for all its documents, and for as long as servers may remember it. */
let keys: Promise<{ privateKey: CryptoKey; jwk: JWK }> | undefined

async function newKeys() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return {
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' },
  }
}

export class ChatGpt {
  static readonly host = HOST
  readonly clientId: string
  readonly redirectUri: string
  /** How often it asked the person. */
  asked = 0
  tokens: Tokens | undefined
  readonly #mcpUrl: string
  readonly #fetch: Fetch
  readonly #open: Open
  readonly #app: string | undefined
  #server: ServerMetadata | undefined
  #session: string | undefined
  #calls = 0

  constructor({ mcpUrl, fetch, open, app }: Options) {
    this.#mcpUrl = mcpUrl
    this.#fetch = fetch
    this.#open = open
    this.#app = app
    this.clientId = `${HOST}/oauth/${app === undefined ? '' : `${app}/`}client.json`
    this.redirectUri =
      app === undefined ? `${HOST}/connector_platform_oauth_redirect` : `${HOST}/connector/oauth/${app}`
  }

  /** What its host answers: the document, and the keys. */
  async site({ url }: { readonly url: string }): Promise<Response> {
    if (url === this.clientId) return Response.json(this.document)
    if (url === `${HOST}/oauth/jwks.json`) return Response.json({ keys: [(await keysOf()).jwk] })
    return new Response('Not found', { status: 404 })
  }

  get document(): Record<string, unknown> {
    return {
      client_id: this.clientId,
      client_name: 'ChatGPT',
      client_uri: HOST,
      redirect_uris: [this.redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'private_key_jwt',
      ...(this.#app === undefined && { token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'] }),
      token_endpoint_auth_signing_alg: 'RS256',
      jwks_uri: `${HOST}/oauth/jwks.json`,
    }
  }

  /** Finds its way from the one address that it was given, and has the person sign in. @param scope null at times: none is sent */
  async connect(scope?: string | null): Promise<Tokens> {
    const refused = await this.#post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: initialization })
    if (refused.status !== 401) throw new SomethingWentWrong(`Not 401 but ${refused.status}`)
    const challenge = parameters(refused.headers.get('WWW-Authenticate') ?? '')
    await this.#discover(challenge.resource_metadata as string)
    return this.#authorize(scope === undefined ? challenge.scope : (scope ?? undefined))
  }

  /** Calls a tool. When its result says so, the person is asked for what is missing, and it is called again. */
  async call(name: string, args: object = {}): Promise<ToolResult> {
    const result = await this.callOnce(name, args)
    const [challenge] = result._meta?.['mcp/www_authenticate'] ?? []
    if (!result.isError || challenge === undefined) return result
    const { error, error_description, scope } = parameters(challenge)
    // Both have to be there for it to ask.
    if (!error || !error_description) return result
    await this.#authorize(scope)
    return this.callOnce(name, args)
  }

  /** @throws SomethingWentWrong for whatever is no result of a tool */
  async callOnce(name: string, args: object = {}): Promise<ToolResult> {
    this.#session ??= await this.#initialize()
    const params = { name, arguments: args }
    const message = { jsonrpc: '2.0', id: ++this.#calls, method: 'tools/call', params }
    return this.#answer<ToolResult>(await this.#post(message))
  }

  async listTools(): Promise<readonly Listed[]> {
    this.#session ??= await this.#initialize()
    const message = { jsonrpc: '2.0', id: ++this.#calls, method: 'tools/list', params: {} }
    return (await this.#answer<{ tools: Listed[] }>(await this.#post(message))).tools
  }

  async refresh(): Promise<Tokens> {
    const { refresh_token = '' } = this.tokens ?? {}
    return this.#token({ grant_type: 'refresh_token', refresh_token })
  }

  /** As it signs each request to the token endpoint. */
  async assertion(changes: Record<string, unknown> = {}, header: object = {}): Promise<string> {
    const { privateKey, jwk } = await keysOf()
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: this.clientId,
      sub: this.clientId,
      aud: this.#server?.token_endpoint ?? '',
      iat: now,
      exp: now + 300,
      jti: crypto.randomUUID(),
    }
    return new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ alg: 'RS256', kid: jwk.kid as string, typ: 'JWT', ...header })
      .sign(privateKey)
  }

  /** A code, and all that belongs to it but the client's own proof. */
  async authorize(scope?: string): Promise<Record<string, string>> {
    const server = this.#server ?? (await this.#discover(wellKnown(this.#mcpUrl)))
    const code_verifier = random(32)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code_verifier))
    const state = 's'.repeat(521 - 43) + random(32)
    const url = new URL(server.authorization_endpoint)
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      ...(scope !== undefined && { scope }),
      state,
      resource: this.#mcpUrl,
      code_challenge: base64url.encode(new Uint8Array(digest)),
      code_challenge_method: 'S256',
    }).toString()
    this.asked++
    const answer = await this.#open(url)
    const { searchParams } = answer
    if (answer.origin + answer.pathname !== this.redirectUri)
      throw new SomethingWentWrong(`Sent to ${answer}`)
    if (searchParams.get('state') !== state) throw new SomethingWentWrong('Another state')
    if (searchParams.get('iss') !== server.issuer) throw new SomethingWentWrong('Another issuer')
    const code = searchParams.get('code')
    if (code === null) throw new SomethingWentWrong(`No code but ${searchParams.get('error')}`)
    return { grant_type: 'authorization_code', code, code_verifier, redirect_uri: this.redirectUri }
  }

  async #authorize(scope: string | undefined): Promise<Tokens> {
    return this.#token(await this.authorize(scope))
  }

  async #token(fields: Record<string, string>): Promise<Tokens> {
    const response = await this.token(fields)
    if (response.status !== 200) throw new SomethingWentWrong(`${response.status} ${await response.text()}`)
    this.tokens = await response.json<Tokens>()
    return this.tokens
  }

  /** A token request; changes replace or, when undefined, remove a field. */
  async token(
    fields: Record<string, string>,
    changes: Record<string, string | undefined> = {},
  ): Promise<Response> {
    const { token_endpoint = '' } = this.#server ?? {}
    const all = {
      ...fields,
      client_id: this.clientId,
      client_assertion_type: JWT_BEARER,
      client_assertion: await this.assertion(),
      resource: this.#mcpUrl,
      ...changes,
    }
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(all)) if (value !== undefined) body.set(name, value)
    return this.#fetch(token_endpoint, { method: 'POST', body, headers: { 'User-Agent': USER_AGENT } })
  }

  async #discover(metadataUrl: string): Promise<ServerMetadata> {
    const { resource, authorization_servers: [issuer] = [] } = await this.#json<{
      resource: string
      authorization_servers?: string[]
    }>(metadataUrl)
    if (resource !== this.#mcpUrl || issuer === undefined) throw new SomethingWentWrong('Another resource')
    const server = await this.#json<ServerMetadata>(`${issuer}/.well-known/oauth-authorization-server`)
    const methods = server.token_endpoint_auth_methods_supported ?? []
    if (!server.client_id_metadata_document_supported || !methods.includes('none')) {
      throw new SomethingWentWrong('No metadata documents')
    }
    if (!server.code_challenge_methods_supported?.includes('S256')) throw new SomethingWentWrong('No PKCE')
    this.#server = server
    return server
  }

  async #initialize(): Promise<string | undefined> {
    const message = { jsonrpc: '2.0', id: 0, method: 'initialize', params: initialization }
    const response = await this.#post(message)
    await this.#answer(response.clone())
    return response.headers.get('Mcp-Session-Id') ?? undefined
  }

  #post(message: object): Promise<Response> {
    return this.#fetch(this.#mcpUrl, {
      method: 'POST',
      headers: {
        ...(this.tokens && { Authorization: `Bearer ${this.tokens.access_token}` }),
        ...(this.#session && { 'Mcp-Session-Id': this.#session, 'MCP-Protocol-Version': '2025-06-18' }),
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'User-Agent': USER_AGENT,
      },
      body: JSON.stringify(message),
    })
  }

  async #answer<T = object>(response: Response): Promise<T> {
    if (response.status !== 200) throw new SomethingWentWrong(`${response.status} ${await response.text()}`)
    const text = await response.text()
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream')
    const [, data] = isStream ? (/^data: (\{.*)$/m.exec(text) ?? []) : ['', text]
    const { result } = JSON.parse(data ?? '{}')
    if (result === undefined) throw new SomethingWentWrong(text)
    return result
  }

  async #json<T>(url: string): Promise<T> {
    const response = await this.#fetch(url, { headers: { 'User-Agent': USER_AGENT } })
    if (response.status !== 200) throw new SomethingWentWrong(`${url} answers ${response.status}`)
    return response.json<T>()
  }
}

const initialization = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'openai-mcp', version: '1.0.0' },
}

function keysOf() {
  keys ??= newKeys()
  return keys
}

/** The parameters of a challenge (RFC 9110 §11.2), all of which ours quotes. */
export function parameters(challenge: string): Record<string, string | undefined> {
  return Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name as string, value]),
  )
}

function wellKnown(mcpUrl: string): string {
  const { origin, pathname } = new URL(mcpUrl)
  return `${origin}/.well-known/oauth-protected-resource${pathname}`
}

function random(bytes: number): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)))
}
