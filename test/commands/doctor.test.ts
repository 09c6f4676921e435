// `npm run doctor`, as a program: silent on a healthy server, and naming the fault on a broken one, each rule broken
// once.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CHECKS } from '../../scripts/doctor/checks.ts'
import { edit, type Fault, FaultyProxy } from '../support/faulty-proxy.ts'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

let server: LocalServer
let proxy: FaultyProxy

beforeAll(async () => {
  server = await LocalServer.start()
  proxy = await FaultyProxy.start(server.origin)
})

afterAll(async () => {
  proxy?.stop()
  await server?.stop()
})

beforeEach(() => {
  proxy.fault = undefined
})

function doctor(...args: string[]): Promise<{ code: number; output: string }> {
  return runScript('doctor', ...args)
}

function doctorOnProxy(): Promise<{ code: number; output: string }> {
  return doctor(proxy.mcpUrl.href)
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
    ({ path, method, headers: { authorization } }, answer) => {
      if (path === '/mcp' && method === 'POST' && authorization === undefined) answer.status = 403
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
    ({ path, method, headers: { authorization } }, answer) => {
      if (path === '/mcp' && method === 'GET' && authorization === undefined) answer.status = 405
    },
  ],
  [
    'A wrong token is answered',
    ({ path, headers: { authorization } }, { headers }) => {
      if (path === '/mcp' && authorization !== undefined) headers['www-authenticate'] = 'Bearer'
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
    'A client can register',
    ({ path, body }, answer) => {
      if (path === '/register' && body.includes('null')) answer.status = 400
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
  ...['/token', '/register', '/revoke'].map((endpoint): readonly [string, Fault] => [
    'Pages of other origins may use the endpoints',
    ({ path }, { headers }) => {
      if (path === endpoint) delete headers['access-control-allow-origin']
    },
  ]),
  [
    'A well-known address that does not exist',
    ({ path }, answer) => {
      if (path === '/.well-known/nothing-is-here') answer.status = 500
    },
  ],
]

describe('the doctor', () => {
  it('finds nothing on this server', async () => {
    const { code, output } = await doctorOnProxy()
    expect(output).toContain('All well')
    expect(output).not.toContain('✗')
    expect(code).toBe(0)
  })

  it.each(FAULTS)('names the fault: %s', async (rule, broken) => {
    proxy.fault = broken
    const { code, output } = await doctorOnProxy()
    expect(output).toContain(`✗ ${rule}`)
    expect(code).toBe(1)
  })

  it('finds the metadata of a server that has it as an OpenID provider only', async () => {
    const metadata = await (await fetch(`${proxy.origin}/.well-known/oauth-authorization-server`)).text()
    proxy.fault = ({ path }, answer) => {
      if (path === '/.well-known/oauth-authorization-server') answer.status = 404
      if (path === '/.well-known/openid-configuration') Object.assign(answer, { status: 200, body: metadata })
    }
    expect((await doctor(`${proxy.origin}/mcp`, '--no-register')).output).toContain('All well')
  })

  it('finds nothing on a server without registration', async () => {
    proxy.fault = inServerMetadata((json) => delete json.registration_endpoint)
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
