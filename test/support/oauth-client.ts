// An OAuth client on oauth4webapi: an oracle of its own for whatever the server answers.
import * as oauth from 'oauth4webapi'
import { SCOPES } from '#config'
import { Visitor } from './visitor.ts'
import { form, MCP_URL, ORIGIN, randomAddress, send } from './worker.ts'

export const REDIRECT_URI = 'https://client.example/callback'

const options = {
  [oauth.customFetch]: (url: string, init: RequestInit) => send(url, { ...init, signal: null }),
  // http://localhost is an issuer, too.
  [oauth.allowInsecureRequests]: true,
} as { [oauth.customFetch]: never; [oauth.allowInsecureRequests]: true }

export interface Tokens {
  access_token: string
  refresh_token: string
  scope: string
  expires_in: number
}

export interface Metadata {
  redirect_uris?: unknown
  [name: string]: unknown
}

/** Registers a client; the defaults are those of a public MCP client. */
export async function register(metadata: Metadata = {}, origin = ORIGIN): Promise<Response> {
  const body = {
    client_name: 'Test client',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    ...metadata,
  }
  return send(new URL('/register', origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'CF-Connecting-IP': randomAddress() },
    body: JSON.stringify(body),
  })
}

async function discover(origin: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(origin)
  const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
  return oauth.processDiscoveryResponse(issuer, discovery)
}

export class OAuthClient {
  readonly server: oauth.AuthorizationServer
  readonly id: string
  readonly secret: string | undefined

  private constructor(server: oauth.AuthorizationServer, id: string, secret: string | undefined) {
    this.server = server
    this.id = id
    this.secret = secret
  }

  /** Discovers the server and registers, as a client that has never seen it. */
  static async registered(metadata: Metadata = {}, origin = ORIGIN): Promise<OAuthClient> {
    const server = await discover(origin)
    const response = await register(metadata, origin)
    if (response.status !== 201) throw new Error(`Not registered: ${await response.text()}`)
    const { client_id, client_secret } = (await response.json()) as {
      client_id: string
      client_secret?: string
    }
    return new OAuthClient(server, client_id, client_secret)
  }

  /** A client whose id is the address of its metadata document. */
  static described(url: string, origin = ORIGIN): Promise<OAuthClient> {
    return OAuthClient.known(url, origin)
  }

  /** A client without a secret that has an id already. */
  static async known(id: string, origin = ORIGIN): Promise<OAuthClient> {
    return new OAuthClient(await discover(origin), id, undefined)
  }

  /** A client that has its id, and perhaps its secret, from the owner. */
  static async owned(id: string, secret?: string): Promise<OAuthClient> {
    return new OAuthClient(await discover(ORIGIN), id, secret)
  }

  /** A valid authorization request; `changes` replace, repeat (lists) or remove (undefined) parameters. */
  async authorizationRequest(changes: Record<string, string | readonly string[] | undefined> = {}) {
    const verifier = oauth.generateRandomCodeVerifier()
    const url = new URL(this.server.authorization_endpoint as string)
    const parameters = {
      client_id: this.id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      state: 'a state',
      scope: Object.keys(SCOPES).join(' ') || undefined,
      resource: `${this.server.issuer}/mcp`,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...changes,
    }
    url.search = form(parameters).toString()
    return { url, verifier, redirectUri: String(parameters.redirect_uri) }
  }

  /** Has the person sign in and allow; returns what a token request needs. */
  async authorize(
    visitor = new Visitor(this.server.issuer),
    changes: Record<string, string | undefined> = {},
  ) {
    const request = await this.authorizationRequest(changes)
    const answer = await (await visitor.openConsent(request.url)).allow()
    // oauth4webapi checks `state` and `iss`.
    const parameters = oauth.validateAuthResponse(this.server, { client_id: this.id }, answer, 'a state')
    return {
      grant_type: 'authorization_code',
      code: parameters.get('code') as string,
      code_verifier: request.verifier,
      redirect_uri: request.redirectUri,
      resource: `${this.server.issuer}/mcp`,
    }
  }

  /** The whole way: sign in, allow, redeem. */
  async connect(visitor = new Visitor(this.server.issuer), changes: Record<string, string | undefined> = {}) {
    const redeemed = await this.token(await this.authorize(visitor, changes))
    if (redeemed.status !== 200) throw new Error(`No tokens: ${await redeemed.text()}`)
    return (await redeemed.json()) as Tokens
  }

  token(
    fields: Record<string, string | readonly string[] | undefined>,
    headers: Record<string, string> = {},
  ) {
    return this.#post('/token', fields, headers)
  }

  refresh(refresh_token: string, fields: Record<string, string | readonly string[] | undefined> = {}) {
    return this.token({ grant_type: 'refresh_token', refresh_token, ...fields })
  }

  /** RFC 8628 §3.1 */
  askForDevice(
    fields: Record<string, string | readonly string[] | undefined> = {},
    headers: Record<string, string> = {},
  ) {
    const asked = { scope: Object.keys(SCOPES).join(' '), resource: `${this.server.issuer}/mcp`, ...fields }
    return this.#post('/device_authorization', asked, { 'CF-Connecting-IP': randomAddress(), ...headers })
  }

  revoke(token: string): Promise<Response> {
    return this.#post('/revoke', { token })
  }

  #post(
    path: string,
    fields: Record<string, string | readonly string[] | undefined>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const credentials = { client_id: this.id, client_secret: this.secret }
    return send(new URL(path, this.server.issuer), {
      method: 'POST',
      body: form({ ...credentials, ...fields }),
      headers,
    })
  }
}

/** Calls a tool in the 2026-07-28 protocol. */
export function callTool(
  token: string | undefined,
  name: string,
  args: object = {},
  origin = ORIGIN,
  headers: Record<string, string> = {},
) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return send(origin === ORIGIN ? MCP_URL : `${origin}/mcp`, {
    method: 'POST',
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': name,
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: args, _meta },
    }),
  })
}

/** The structured part of a tool's answer. */
export async function structured<T>(response: Response | Promise<Response>): Promise<T> {
  const { result } = (await (await response).json()) as { result: { structuredContent: T } }
  return result.structuredContent
}
