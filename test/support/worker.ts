// The Worker under test, reached as a client on the internet would reach it.
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import worker from '#worker'
import { noteSecrets } from './secrets.ts'

export const ORIGIN = 'https://gatehouse.test'
export const MCP_URL = `${ORIGIN}/mcp`

let configured: Env | undefined

/** From now on the Worker has these settings beside its own, or in their place; none: its own alone. Objects keep theirs. */
export function configure(settings?: Partial<Env>): void {
  configured = settings && { ...env, ...settings }
}

/** One request, redirects not followed. A path is one of ORIGIN's. */
export async function send(path: string | URL, init: RequestInit = {}): Promise<Response> {
  const request = new Request(new URL(path, ORIGIN), { redirect: 'manual', ...init })
  noteSecrets(`${request.url} ${JSON.stringify([...request.headers])} ${init.body ?? ''}`)
  const response = await answer(request)
  const { headers } = response
  noteSecrets(
    `${JSON.stringify([...headers])} ${headers.get('Content-Type')?.includes('json') ? await response.clone().text() : ''}`,
  )
  return response
}

async function answer(request: Request): Promise<Response> {
  if (!configured) return exports.default.fetch(request)
  const context = createExecutionContext()
  const response = await worker.fetch(request, configured, context)
  await waitOnExecutionContext(context)
  return response
}

/** An address that no other test has, so that no test meets another's rate limit. */
export function randomAddress(): string {
  return `10.${Array.from(crypto.getRandomValues(new Uint8Array(3))).join('.')}`
}

/** A form body as browsers and OAuth clients send it. Undefined fields are left out; lists repeat their name. */
export function form(fields: Record<string, string | readonly string[] | undefined>): URLSearchParams {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) body.append(name, one)
  }
  return body
}
