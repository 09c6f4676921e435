// Cloudflare's API, with wrangler's sign-in. A start of wrangler takes over a second of CPU; a request takes none.
import { wrangler } from '../wrangler.ts'

const PATIENCE_MS = 30_000
const FEDRAMP = 'fedramp_high'
/** How often a read is sent while Cloudflare answers with 5xx. */
const ATTEMPTS = 3

/** Cloudflare refused. The message is what it said. */
export class CloudflareError extends Error {
  readonly status: number
  /** Cloudflare's number for the reason, such as 10007: there is no such Worker. */
  readonly code: number | undefined

  constructor(message: string, status: number, code: number | undefined) {
    super(message)
    this.status = status
    this.code = code
  }
}

interface Envelope {
  readonly result?: unknown
  readonly errors?: readonly { readonly code: number; readonly message: string }[]
}

/** What `wrangler auth token --json` prints. */
type Credentials =
  | { readonly type: 'api_key'; readonly key: string; readonly email: string }
  | { readonly type: 'api_token' | 'oauth'; readonly token: string }

let account: Promise<string> | undefined
let headers: Promise<Record<string, string>> | undefined

/** From now on requests are about this account, if CLOUDFLARE_ACCOUNT_ID names no other. */
export function useAccount(id: string): void {
  account = Promise.resolve(process.env.CLOUDFLARE_ACCOUNT_ID || id)
}

/**
 * Asks for something of the account. Returns the result.
 * @param path below the account, such as `/workers/scripts/gatehouse/deployments`
 * @throws CloudflareError, WranglerError when wrangler is not signed in
 */
export async function cloudflare<T>(method: string, path: string, body?: object): Promise<T> {
  return ((await (await ofAccount(method, path, body)).json()) as { result: T }).result
}

/** The same. Returns the whole response. @throws CloudflareError, WranglerError */
export async function ofAccount(method: string, path: string, body?: object): Promise<Response> {
  account ??= onlyAccount()
  return request(method, `/accounts/${await account}${path}`, body)
}

// A CI sets what it does not know to nothing.
async function onlyAccount(): Promise<string> {
  if (process.env.CLOUDFLARE_ACCOUNT_ID) return process.env.CLOUDFLARE_ACCOUNT_ID
  const response = await request('GET', '/accounts')
  const { result } = (await response.json()) as { result: readonly { readonly id: string }[] }
  const [one, ...others] = result
  if (one === undefined || others.length > 0)
    throw new Error(
      'Say which Cloudflare account, in CLOUDFLARE_ACCOUNT_ID or as account_id in wrangler.toml.',
    )
  return one.id
}

/** Where the API is: the same place as for wrangler. */
export function apiBase(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const { CLOUDFLARE_API_BASE_URL: url, CLOUDFLARE_COMPLIANCE_REGION: region } = environment
  return url || `https://api${region === FEDRAMP ? '.fed' : ''}.cloudflare.com/client/v4`
}

async function request(method: string, path: string, body?: object): Promise<Response> {
  headers ??= credentials()
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(apiBase() + path, {
      method,
      headers: { ...(await headers), ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    if (response.ok) return response
    if (response.status < 500 || method !== 'GET' || attempt === ATTEMPTS) throw await refusalOf(response)
  }
}

async function refusalOf(response: Response): Promise<CloudflareError> {
  const text = await response.text()
  const { errors = [] }: Envelope = text.startsWith('{') ? JSON.parse(text) : {}
  const said = errors.map(({ message, code }) => `${message} (code ${code})`).join('; ')
  return new CloudflareError(
    `Cloudflare refused: ${said || response.status}`,
    response.status,
    errors[0]?.code,
  )
}

async function credentials(): Promise<Record<string, string>> {
  const { CLOUDFLARE_API_TOKEN: token } = process.env
  if (token) return { Authorization: `Bearer ${token}` }
  const known = JSON.parse(await wrangler('auth', 'token', '--json')) as Credentials
  return known.type === 'api_key'
    ? { 'X-Auth-Key': known.key, 'X-Auth-Email': known.email }
    : { Authorization: `Bearer ${known.token}` }
}
