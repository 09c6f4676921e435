// `npm run doctor`, as a program: silent on a healthy server, and naming the fault on a broken one, each rule broken
// once.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../scripts/doctor/checks.ts'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Changes an answer of a healthy server; returns nothing where it leaves it as it is. */
type Fault = (asked: { method: string; path: string; authorized: boolean }, answer: Answer) => void

let server: LocalServer
let proxy: Server
let fault: Fault | undefined

beforeAll(async () => {
  server = await LocalServer.start()
  proxy = createServer(async (asked, reply) => {
    const body = await text(asked)
    const { port } = new URL(server.origin)
    const { method, url: path } = asked
    // Plain, since faults change what it says.
    const { 'accept-encoding': _, ...headers } = asked.headers
    const forwarded = request({ port, host: 'localhost', method, path, headers })
    forwarded.end(body)
    const [response] = (await once(forwarded, 'response')) as [IncomingMessage]
    const answer: Answer = {
      status: response.statusCode ?? 0,
      headers: response.headers as Record<string, string>,
      body: await text(response),
    }
    delete answer.headers['transfer-encoding']
    delete answer.headers['content-length']
    fault?.(
      { method: method ?? '', path: path ?? '', authorized: headers.authorization !== undefined },
      answer,
    )
    reply.writeHead(answer.status, answer.headers).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
})

afterAll(async () => {
  proxy?.close()
  await server?.stop()
})

function doctor(...args: string[]): Promise<{ code: number; output: string }> {
  return runScript('doctor', ...args)
}

function doctorOnProxy(): Promise<{ code: number; output: string }> {
  return doctor(`${proxyOrigin()}/mcp`)
}

function proxyOrigin(): string {
  return `http://localhost:${(proxy.address() as { port: number }).port}`
}

/** Changes the JSON of an answer. */
function edit(answer: Answer, change: (json: Record<string, unknown>) => void): void {
  if (answer.body === '') return
  const json = JSON.parse(answer.body) as Record<string, unknown>
  change(json)
  answer.body = JSON.stringify(json)
}

const inServerMetadata =
  (change: (json: Record<string, unknown>) => void): Fault =>
  ({ path }, answer) => {
    if (path === '/.well-known/oauth-authorization-server') edit(answer, change)
  }

const FAULTS: readonly (readonly [rule: string, Fault])[] = [
  ['Its clock is right', (_, answer) => (answer.headers.date = new Date(Date.now() - 300_000).toUTCString())],
  [
    'A request without a token is answered with 401',
    ({ path, method, authorized }, answer) => {
      if (path === '/mcp' && method === 'POST' && !authorized) answer.status = 403
    },
  ],
  [
    'The challenge names the metadata by an absolute address',
    ({ path }, { headers }) => {
      const challenge = headers['www-authenticate']
      if (path === '/mcp' && challenge) headers['www-authenticate'] = challenge.replace(/http:\/\/[^/]+/, '')
    },
  ],
  [
    'GET is challenged, too',
    ({ path, method, authorized }, answer) => {
      if (path === '/mcp' && method === 'GET' && !authorized) answer.status = 405
    },
  ],
  [
    'A wrong token is answered',
    ({ path, authorized }, { headers }) => {
      if (path === '/mcp' && authorized) headers['www-authenticate'] = 'Bearer'
    },
  ],
  [
    'Protected resource metadata is where the challenge says',
    ({ path }, answer) => {
      if (path.startsWith('/.well-known/oauth-protected'))
        edit(answer, (json) => delete json.authorization_servers)
    },
  ],
  [
    'Protected resource metadata names the address',
    ({ path }, answer) => {
      if (path.startsWith('/.well-known/oauth-protected'))
        edit(answer, (json) => (json.resource = `${json.resource}/`))
    },
  ],
  [
    'Protected resource metadata is at both',
    ({ path }, answer) => {
      if (path === '/.well-known/oauth-protected-resource') answer.status = 404
    },
  ],
  [
    'Authorization server metadata is there',
    ({ path }, answer) => {
      if (path === '/.well-known/oauth-authorization-server') answer.status = 500
    },
  ],
  ['The issuer is the same string', inServerMetadata((json) => (json.issuer = `${json.issuer}/`))],
  [
    'The endpoints are at the root',
    inServerMetadata(
      (json) => (json.token_endpoint = String(json.token_endpoint).replace('/token', '/oauth/token')),
    ),
  ],
  ['PKCE with S256', inServerMetadata((json) => delete json.code_challenge_methods_supported)],
  [
    'iss in authorization responses',
    inServerMetadata((json) => delete json.authorization_response_iss_parameter_supported),
  ],
  [
    'Client metadata documents',
    inServerMetadata((json) => (json.token_endpoint_auth_methods_supported = ['client_secret_post'])),
  ],
  [
    'A client can register',
    ({ path }, answer) => {
      if (path === '/register') edit(answer, (json) => (json.client_uri = null))
    },
  ],
  [
    'An unknown client at the token endpoint',
    ({ path, method }, answer) => {
      if (path === '/token' && method === 'POST') answer.status = 400
    },
  ],
  [
    'Pages of other origins may call /mcp',
    ({ path, method }, { headers }) => {
      if (path === '/mcp' && method === 'OPTIONS') headers['access-control-allow-headers'] = '*'
    },
  ],
  [
    'Pages of other origins may read the challenge',
    (_, { headers }) => delete headers['access-control-expose-headers'],
  ],
  [
    'Pages of other origins may use the token endpoint',
    ({ path }, { headers }) => {
      if (path === '/token') delete headers['access-control-allow-origin']
    },
  ],
  [
    'A well-known address that does not exist',
    ({ path }, answer) => {
      if (path === '/.well-known/nothing-is-here') answer.status = 500
    },
  ],
]

describe('the doctor', () => {
  it('finds nothing on this server', async () => {
    fault = undefined
    const { code, output } = await doctorOnProxy()
    expect(output).toContain('All well')
    expect(output).not.toContain('✗')
    expect(code).toBe(0)
  })

  it.each(FAULTS)('names the fault: %s', async (rule, broken) => {
    fault = broken
    const { code, output } = await doctorOnProxy()
    expect(output).toContain(`✗ ${rule}`)
    expect(code).toBe(1)
  })

  it('finds the metadata of a server that has it as an OpenID provider only', async () => {
    fault = undefined
    const metadata = await (await fetch(`${proxyOrigin()}/.well-known/oauth-authorization-server`)).text()
    fault = ({ path }, answer) => {
      if (path === '/.well-known/oauth-authorization-server') answer.status = 404
      if (path === '/.well-known/openid-configuration') Object.assign(answer, { status: 200, body: metadata })
    }
    expect((await doctor(`${proxyOrigin()}/mcp`, '--no-register')).output).toContain('All well')
  })

  it('finds nothing on a server without registration', async () => {
    fault = inServerMetadata((json) => delete json.registration_endpoint)
    expect((await doctorOnProxy()).output).toContain('All well')
  })

  it('names plain http on a host that is not this computer', async () => {
    const { code, output } = await doctor('http://host.invalid/mcp')
    expect(output).toContain('✗ It is served over https')
    expect(code).toBe(1)
  })

  it('has every rule broken once', () => {
    const broken = ['It is served over https', ...FAULTS.map(([rule]) => rule)]
    expect(CHECKS.filter(({ rule }) => !broken.some((start) => rule.startsWith(start)))).toEqual([])
  })

  it('tells how it is used', async () => {
    expect((await doctor()).output).toContain('Usage: npm run doctor <url>')
    expect((await doctor('--help')).code).toBe(0)
  })
})
