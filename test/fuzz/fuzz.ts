// W2: valid requests to every endpoint, with one to four things about them changed, drawn from a fixed seed. What is
// asked: no 5xx, no hang, no unexpected error in the log, memory that stays where it was.
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { DevServer } from '../support/dev-server.ts'
import { CALLBACK, Remote, toolCall } from '../support/remote.ts'
import { type Cost, costs } from './cost.ts'
import { mutate, seeded } from './mutate.ts'

const AT_ONCE = 16
// What hangs never ends, and a busy machine is slow.
const HANGS_AFTER_MS = 60_000

/** A request as it goes over the wire. */
export interface RawRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

export interface Report {
  requests: number
  statuses: Record<string, number>
  /** Resident memory in MiB, after each tenth. */
  memory: number[]
  failures: string[]
}

/**
 * @param judgeCosts gets what requests cost, and returns what is wrong with it. Without it nothing is measured: a clock is
 *   no part of a test
 */
export async function fuzz(
  requests: number,
  seed: number,
  progress: (report: Report) => void = () => {},
  judgeCosts?: (costs: readonly Cost[]) => string[],
) {
  const report: Report = { requests: 0, statuses: {}, memory: [], failures: [] }
  const server = await DevServer.start()
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  try {
    const valid = await validRequests(server)
    if (judgeCosts) {
      const measured = await costs(valid, (raw) => send(server, agent, raw), server.workers())
      report.failures.push(...judgeCosts(measured))
    }
    const draw = seeded(seed)
    const worker = async () => {
      while (report.requests < requests) {
        const number = ++report.requests
        await attack(server, agent, mutate(draw.one(valid), draw), report)
        if (number % Math.ceil(requests / 10) === 0) {
          report.memory.push(Math.round(server.memory()))
          progress(report)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    const unexpected = server.output.filter((line) => /"event":"error"|uncaught|unhandled/i.test(line))
    report.failures.push(...unexpected.slice(0, 20))
    const alive = await new Remote(server.origin).fetch('/jwks')
    if (alive.status !== 200) report.failures.push('The server is not well afterwards.')
    return report
  } finally {
    agent.destroy()
    await server.stop()
  }
}

async function attack(server: DevServer, agent: Agent, raw: RawRequest, report: Report): Promise<void> {
  const told = () => JSON.stringify({ ...raw, body: raw.body.slice(0, 500) })
  try {
    const { status } = await send(server, agent, raw)
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
    if (status >= 500) report.failures.push(`${status}: ${told()}`)
  } catch (error) {
    // Node itself refuses to send some headers and paths; those never reach the server.
    const { code } = error as { code?: string }
    if (code !== 'ERR_INVALID_CHAR' && code !== 'ERR_UNESCAPED_CHARACTERS')
      report.failures.push(`${error}: ${told()}`)
  }
}

/**
 * A server that answered before it had the whole body closes the connection soon after, and the next request on it can
 * meet that moment (RFC 9112 §9.3.1). So what fails on a connection that served before goes once more, on one of its own:
 * a server that hangs up on this request does so again.
 */
function send(server: DevServer, agent: Agent | false, raw: RawRequest) {
  const { hostname, port } = new URL(server.origin)
  return new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const { method, path } = raw
    // Node sends the body of a GET without its length, and the server would read it as the next request.
    const headers = { ...raw.headers, 'Content-Length': Buffer.byteLength(raw.body) }
    const sent = httpRequest(
      { agent, hostname, port, method, path, headers, timeout: HANGS_AFTER_MS },
      (response) => {
        response.resume()
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
        response.on('error', reject)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('It hangs.')))
    sent.on('error', (error: NodeJS.ErrnoException) =>
      sent.reusedSocket && error.code === 'ECONNRESET' ? resolve(send(server, false, raw)) : reject(error),
    )
    sent.end(raw.body)
  })
}

/** One valid request to every endpoint, with real credentials. */
async function validRequests(server: DevServer): Promise<RawRequest[]> {
  const remote = new Remote(server.origin)
  await remote.signIn(server.passphrase)
  await remote.register()
  const { path } = remote.authorizationRequest()
  const seal = await remote.consentSeal(path)
  const redemption = await remote.authorize()
  const tokens = (await (await remote.post('/token', redemption)).json()) as Record<string, string>
  const own = { Origin: server.origin, 'Sec-Fetch-Site': 'same-origin', Cookie: remote.cookie }
  const get = (to: string): RawRequest => ({
    method: 'GET',
    path: to,
    headers: { Cookie: remote.cookie },
    body: '',
  })
  const post = (to: string, fields: Record<string, string>): RawRequest => ({
    method: 'POST',
    path: to,
    headers: { ...own, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })
  const json = (to: string, value: object, headers: Record<string, string> = {}): RawRequest => ({
    method: 'POST',
    path: to,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(value),
  })
  const bearer = { Authorization: `Bearer ${tokens.access_token}`, 'MCP-Protocol-Version': '2026-07-28' }
  const call = (name: string, args: object) =>
    json('/mcp', toolCall(name, args), { ...bearer, 'Mcp-Method': 'tools/call', 'Mcp-Name': name })
  const client = { client_id: remote.clientId }
  const initialize = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'fuzz', version: '1' },
  }
  return [
    ...['/', '/login?return_to=%2Faccount', '/account', '/jwks', '/mcp', path].map(get),
    ...['authorization-server', 'protected-resource', 'protected-resource/mcp'].map((name) =>
      get(`/.well-known/oauth-${name}`),
    ),
    post('/login/passphrase', { passphrase: server.passphrase, return_to: '/account' }),
    post('/logout', {}),
    post('/authorize', { seal, scope: 'notes:read', decision: 'allow' }),
    post('/authorize', { seal, decision: 'deny' }),
    get('/device?user_code=BBBB-BBBB'),
    post('/device', { user_code: 'BBBB-BBBB' }),
    post('/device/decide', { seal, scope: 'notes:read', decision: 'allow' }),
    post('/device_authorization', { ...client, scope: 'notes:read' }),
    post('/account/revoke', { client_id: '0'.repeat(64) }),
    get('/admin?people=0~a&registrations=1~a'),
    post('/admin/revoke', { user: `user_${'A'.repeat(43)}`, client_id: '0'.repeat(64) }),
    post('/admin/revoke-all', { user: `user_${'A'.repeat(43)}` }),
    get(`/admin/erase?user=user_${'A'.repeat(43)}`),
    post('/admin/erase', { user: `user_${'A'.repeat(43)}`, sure: 'yes' }),
    post('/admin/remove', { registration: `client:${'0'.repeat(64)}` }),
    post('/token', redemption),
    post('/token', { ...client, grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string }),
    post('/revoke', { ...client, token: 'unknown' }),
    post('/introspect', { ...client, token: tokens.access_token as string }),
    json('/register', {
      redirect_uris: [CALLBACK],
      client_name: 'Fuzz',
      grant_types: ['authorization_code'],
    }),
    call('whoami', {}),
    call('add_note', { text: 'a note' }),
    call('list_notes', { limit: 3 }),
    call('search_notes', { text: 'note' }),
    call('delete_note', { id: 1 }),
    json('/mcp', { jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize }, bearer),
    json('/mcp', { jsonrpc: '2.0', id: 2, method: 'tools/list' }, bearer),
  ]
}
