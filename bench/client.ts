// An OAuth client and the person who uses it, the same for every authorization server: it reads the metadata, and fills in
// whatever form the consent page has.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Connection, ISSUER, type Received } from './load.ts'

const REDIRECT_URI = 'https://client.example/callback'
const SCOPE = 'notes:read notes:write offline_access'

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

interface Metadata {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly registration_endpoint: string
  readonly revocation_endpoint: string
}

export class Client {
  readonly #connection: Connection
  /** The session of the person, where people sign in. */
  readonly cookie: string
  readonly #metadata: Metadata
  id = ''

  private constructor(connection: Connection, metadata: Metadata, cookie: string) {
    this.#connection = connection
    this.#metadata = metadata
    this.cookie = cookie
  }

  /** @param cookie of the person's session, where people sign in */
  static async start(connection: Connection, cookie: string): Promise<Client> {
    const about = async (path: string) => JSON.parse((await connection.send({ path })).body)
    const { authorization_servers } = await about('/.well-known/oauth-protected-resource/mcp')
    const path = pathOf(authorization_servers[0]).replace(/\/$/, '')
    return new Client(connection, await about(`/.well-known/oauth-authorization-server${path}`), cookie)
  }

  async register(): Promise<void> {
    const { body } = await this.#connection.send({
      method: 'POST',
      path: pathOf(this.#metadata.registration_endpoint),
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Bench',
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      }),
    })
    this.id = JSON.parse(body).client_id
  }

  /** The consent page. */
  async ask(): Promise<Consent> {
    const verifier = randomBytes(32).toString('base64url')
    const parameters = new URLSearchParams({
      client_id: this.id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      state: 'state',
      scope: SCOPE,
      resource: `${ISSUER}/mcp`,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    let path = `${pathOf(this.#metadata.authorization_endpoint)}?${parameters}`
    const headers = { Cookie: this.cookie, Accept: 'text/html' }
    let page = await this.#connection.send({ path, headers })
    if (page.status === 302) {
      const { pathname, search } = new URL(page.headers.location ?? '', ISSUER)
      path = `${pathname}${search}`
      page = await this.#connection.send({ path, headers })
    }
    if (page.status !== 200) throw new Error(`No consent page but ${page.status}: ${page.body}`)
    return { path, verifier, fields: fieldsOf(page.body) }
  }

  /** The person allows it. Returns the code. */
  async allow({ path, fields }: Consent): Promise<string> {
    const scopes = fields.scopes.map((scope) => ['scope', scope])
    const form = [...Object.entries(fields.hidden), ['decision', 'allow'], ...scopes]
    const browser = { Cookie: this.cookie, 'Sec-Fetch-Site': 'same-origin' }
    const answer = await this.#post(path, form, browser)
    const location = answer.headers.location
    const code = location && new URL(location).searchParams.get('code')
    if (!code) throw new Error(`Not allowed: ${answer.status} ${location ?? answer.body}`)
    return code
  }

  /** @param headers such as the proof of a key */
  async exchange(code: string, { verifier }: Consent, headers = {}): Promise<Tokens> {
    const fields = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT_URI,
    }
    return this.#tokens(fields, headers)
  }

  async refresh({ refresh_token }: Tokens): Promise<Tokens> {
    return this.#tokens({ grant_type: 'refresh_token', refresh_token })
  }

  async revoke({ refresh_token }: Tokens): Promise<void> {
    const fields = { client_id: this.id, token: refresh_token }
    const path = pathOf(this.#metadata.revocation_endpoint)
    const { status, body } = await this.#post(path, Object.entries(fields))
    if (status !== 200) throw new Error(`Not revoked: ${status} ${body}`)
  }

  /** The whole way. */
  async connect(): Promise<Tokens> {
    await this.register()
    const consent = await this.ask()
    return this.exchange(await this.allow(consent), consent)
  }

  async #tokens(fields: Record<string, string>, headers = {}): Promise<Tokens> {
    const all = { client_id: this.id, resource: `${ISSUER}/mcp`, ...fields }
    const path = pathOf(this.#metadata.token_endpoint)
    const { status, body } = await this.#post(path, Object.entries(all), headers)
    if (status !== 200) throw new Error(`No tokens: ${status} ${body}`)
    return JSON.parse(body)
  }

  #post(path: string, form: string[][], headers = {}): Promise<Received> {
    return this.#connection.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
    })
  }
}

export interface Consent {
  readonly path: string
  readonly verifier: string
  readonly fields: { readonly hidden: Readonly<Record<string, string>>; readonly scopes: readonly string[] }
}

/** Returns the session cookie. */
export async function signIn(connection: Connection, passphrase: string): Promise<string> {
  const { status, headers } = await connection.send({
    method: 'POST',
    path: '/login/passphrase',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
    body: new URLSearchParams({ passphrase, return_to: '/account' }).toString(),
  })
  const cookie = cookieOf(headers)
  if (status !== 303 || !cookie) throw new Error(`Not signed in: ${status}`)
  return cookie
}

/** As a new user of Better Auth. Returns the session cookie. */
export async function signUp(connection: Connection): Promise<string> {
  const user = { name: 'Anyone', email: `${randomUUID()}@example.com`, password: randomUUID() }
  const { status, headers, body } = await connection.send({
    method: 'POST',
    path: '/api/auth/sign-up/email',
    headers: { 'Content-Type': 'application/json', Origin: ISSUER },
    body: JSON.stringify(user),
  })
  const cookie = cookieOf(headers)
  if (status !== 200 || !cookie) throw new Error(`Not signed up: ${status} ${body}`)
  return cookie
}

function cookieOf(headers: IncomingHttpHeaders): string | undefined {
  return headers['set-cookie']?.map((one) => one.split(';')[0]).join('; ')
}

function fieldsOf(html: string): Consent['fields'] {
  const hidden: Record<string, string> = {}
  const scopes: string[] = []
  for (const [, name = '', value = ''] of html.matchAll(/<input[^>]*? name="([^"]+)" value="([^"]*)"/g)) {
    if (name === 'scope') scopes.push(value)
    else hidden[name] = value
  }
  return { hidden, scopes }
}

function pathOf(url: string): string {
  return new URL(url).pathname
}
