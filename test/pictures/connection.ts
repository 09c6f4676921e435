// An MCP client whose requests a page of the server sends: registration, approval, tokens, one tool call.
import { createHash, randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { toolCall } from '../support/remote.ts'

const NOTE = { text: 'Buy milk and bread' }

export class Connection {
  readonly #clientId: string
  readonly #callback: string
  readonly #verifier = randomBytes(32).toString('base64url')

  private constructor(clientId: string, callback: string) {
    this.#clientId = clientId
    this.#callback = callback
  }

  /** @param page of the server */
  static async register(page: Page, client_name: string, callback: string): Promise<Connection> {
    const metadata = {
      client_name,
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }
    const body = JSON.stringify(metadata)
    const { client_id } = JSON.parse(await send(page, '/register', body, 'application/json'))
    return new Connection(client_id, callback)
  }

  /** The path of the authorization request, for a page of the server. */
  get request(): string {
    const query = new URLSearchParams({
      client_id: this.#clientId,
      redirect_uri: this.#callback,
      response_type: 'code',
      scope: 'notes:read notes:write',
      code_challenge: createHash('sha256').update(this.#verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    return `https://mcp.example.com/authorize?${query}`
  }

  /** Presses Allow on the consent page. Returns the text of a tool's answer. */
  async allow(page: Page): Promise<string> {
    const callback = page.waitForURL((url) => url.href.startsWith(this.#callback))
    await page.getByRole('button', { name: 'Allow' }).press('Enter')
    await callback
    const code = new URL(page.url()).searchParams.get('code') ?? ''
    await page.goto('https://mcp.example.com/')
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: this.#clientId,
      code,
      code_verifier: this.#verifier,
      redirect_uri: this.#callback,
    })
    const tokens = await send(page, '/token', form.toString(), 'application/x-www-form-urlencoded')
    const { access_token } = JSON.parse(tokens)
    const call = JSON.stringify(toolCall('add_note', NOTE))
    const { result } = JSON.parse(await send(page, '/mcp', call, 'application/json', access_token))
    return result.content[0].text
  }
}

function send(page: Page, path: string, body: string, type: string, token?: string): Promise<string> {
  const headers = {
    'Content-Type': type,
    Accept: 'application/json, text/event-stream',
    ...(token && {
      Authorization: `Bearer ${token}`,
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'add_note',
    }),
  }
  return page.evaluate(
    async ([path, body, headers]) => (await fetch(path, { method: 'POST', body, headers })).text(),
    [path, body, headers] as const,
  )
}
