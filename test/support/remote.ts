// A person and an app at a server over a socket, for tests that run outside of workerd.
import { createHash, randomBytes } from 'node:crypto'

export const CALLBACK = 'http://127.0.0.1:4711/callback'

export type Fields = Record<string, string>

export class Remote {
  readonly origin: string
  #cookie = ''
  clientId = ''

  constructor(origin: string) {
    this.origin = origin
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const signal = init.signal ?? AbortSignal.timeout(10_000)
    return fetch(new URL(path, this.origin), { redirect: 'manual', ...init, signal })
  }

  post(path: string, fields: Fields | URLSearchParams): Promise<Response> {
    const headers = {
      Origin: this.origin,
      'Sec-Fetch-Site': 'same-origin',
      ...(this.#cookie && { Cookie: this.#cookie }),
    }
    return this.fetch(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  }

  async signIn(passphrase: string): Promise<void> {
    const response = await this.post('/login/passphrase', { passphrase })
    if (response.status !== 303) throw new Error(`Not signed in: ${response.status}`)
    this.#cookie = response.headers.getSetCookie()[0]?.split(';')[0] as string
  }

  async signInAsGuest(): Promise<void> {
    const response = await this.post('/login/guest', {})
    if (response.status !== 303) throw new Error(`Not signed in: ${response.status}`)
    this.#cookie = response.headers.getSetCookie()[0]?.split(';')[0] as string
  }

  get cookie(): string {
    return this.#cookie
  }

  async register(client_name = 'Remote', callback = CALLBACK): Promise<void> {
    const metadata = {
      client_name,
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }
    const headers = { 'Content-Type': 'application/json' }
    const response = await this.fetch('/register', {
      method: 'POST',
      body: JSON.stringify(metadata),
      headers,
    })
    this.clientId = ((await response.json()) as { client_id: string }).client_id
  }

  /** A valid authorization request, and the verifier for its challenge. */
  authorizationRequest(callback = CALLBACK): { path: string; verifier: string } {
    const verifier = randomBytes(32).toString('base64url')
    const query = new URLSearchParams({
      client_id: this.clientId,
      redirect_uri: callback,
      response_type: 'code',
      scope: 'notes:read notes:write',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    return { path: `/authorize?${query}`, verifier }
  }

  async consentSeal(path: string): Promise<string> {
    const page = await (await this.fetch(path, { headers: { Cookie: this.#cookie } })).text()
    const seal = /name="seal" value="([^"]+)"/.exec(page)?.[1]
    if (!seal) throw new Error('No consent page.')
    return seal
  }

  /** Has the person allow these scopes; returns a valid token request. */
  async authorize(callback = CALLBACK, scopes = ['notes:read', 'notes:write']): Promise<Fields> {
    const { path, verifier } = this.authorizationRequest(callback)
    const form = new URLSearchParams({ seal: await this.consentSeal(path), decision: 'allow' })
    for (const scope of scopes) form.append('scope', scope)
    const answer = new URL((await this.post('/authorize', form)).headers.get('Location') as string)
    const code = answer.searchParams.get('code')
    if (!code) throw new Error(`No code: ${answer}`)
    return {
      grant_type: 'authorization_code',
      client_id: this.clientId,
      code,
      code_verifier: verifier,
      redirect_uri: callback,
    }
  }

  refresh(refresh_token: string): Promise<Response> {
    return this.post('/token', { grant_type: 'refresh_token', client_id: this.clientId, refresh_token })
  }

  callTool(token: string, name: string, args: object): Promise<Response> {
    return this.fetch('/mcp', {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': name,
      },
      body: JSON.stringify(toolCall(name, args)),
    })
  }
}

/** The JSON-RPC message of a tool call in the 2026-07-28 protocol. */
export function toolCall(name: string, args: object): object {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta } }
}
