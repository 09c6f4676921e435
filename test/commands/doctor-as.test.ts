// `npm run doctor <url> -- --as <client>`: what each client sends goes through on this server, and each fault that has kept
// clients out elsewhere is named.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as SdkClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Client, describeSource } from '../../scripts/doctor/client.ts'
import { CLIENTS } from '../../scripts/doctor/clients.ts'
import { examine, type Finding } from '../../scripts/doctor/examine.ts'
import { leave } from '../../scripts/doctor/leaving.ts'
import { owner } from '../../scripts/doctor/owner.ts'
import { newPlay, type Person, type Play, stepsOf } from '../../scripts/doctor/play.ts'
import { ChatGpt } from '../support/chatgpt.ts'
import { type Answer, type Asked, edit, type Fault, FaultyProxy } from '../support/faulty-proxy.ts'
import { FIXTURE_ENVIRONMENT, runScript, script } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'
import { LocalSite } from '../support/local-sites.ts'

const PORT = 50_123
const NAMES = [...CLIENTS.keys()]

/** Its clients register. */
let server: LocalServer
/** Its clients bring their documents. */
let describing: LocalServer
let site: LocalSite
let proxy: FaultyProxy
let describedProxy: FaultyProxy
let person: Person

beforeAll(async () => {
  site = await LocalSite.inPlaceOf(documents)
  const hosts = [...CLIENTS.values()].flatMap(({ document }) => (document ? new URL(document.url).host : []))
  const STAND_INS = JSON.stringify(Object.fromEntries(hosts.map((host) => [host, site.origin])))
  ;[server, describing] = await Promise.all([
    LocalServer.start(undefined, { CLIENT_DOCUMENT_HOSTS: '' }),
    LocalServer.start('test/support/stand-ins-worker.ts', { STAND_INS }),
  ])
  proxy = await FaultyProxy.start(server.origin)
  describedProxy = await FaultyProxy.start(describing.origin)
})

afterAll(async () => {
  proxy?.stop()
  describedProxy?.stop()
  site?.stop()
  await Promise.all([server?.stop(), describing?.stop()])
})

beforeEach(() => {
  proxy.fault = undefined
  proxy.misread = undefined
  // Signed in until the test ends, so that no limit counts.
  person = owner(proxy.origin, server.passphrase)
})

/** What the makers publish. ChatGPT's is in support/chatgpt.ts. */
async function documents(request: Request): Promise<Response> {
  if (request.url.startsWith(`${ChatGpt.host}/oauth/client.json`)) {
    return new ChatGpt({ mcpUrl: '', fetch, open: async (url) => url }).site(request)
  }
  const found = [...CLIENTS.values()].find(({ document }) => document?.url === request.url)
  if (!found?.document) return new Response('Not found', { status: 404 })
  const { url, redirectUri } = found.document
  return Response.json({
    client_id: url,
    client_name: found.name,
    // Published without a port, or with one that is taken.
    redirect_uris: [redirectUri.replace(':<port>', found.name === 'VS Code' ? ':33418' : '')],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
  })
}

const LOGIN =
  '<form method="post" action="/login/passphrase"><input type="password" name="passphrase"></form>'

/** Another authorization server, which knows every client. @param authorize answers at its page */
async function authorizationServer(
  authorize = async (_request: Request) => new Response(),
): Promise<LocalSite> {
  const other: LocalSite = await LocalSite.start(async (request, response) => {
    const { pathname } = new URL(request.url ?? '', other.origin)
    const answers: Readonly<Record<string, object>> = {
      [ISSUER]: {
        issuer: other.origin,
        authorization_endpoint: `${other.origin}/authorize`,
        token_endpoint: `${other.origin}/token`,
        registration_endpoint: `${other.origin}/register`,
        code_challenge_methods_supported: ['S256'],
      },
      '/register': { client_id: 'x' },
    }
    const known = answers[pathname]
    const body = request.method === 'POST' ? { body: await text(request) } : {}
    const page = known
      ? Response.json(known)
      : await authorize(
          new Request(`${other.origin}${request.url}`, { method: request.method as string, ...body }),
        )
    response.writeHead(page.status, Object.fromEntries(page.headers)).end(await page.text())
  })
  return other
}

function nameServer(answer: Answer, origin: string): void {
  edit(answer, (body) => (body.authorization_servers = [origin]))
}

interface Played {
  readonly play: Play
  readonly findings: readonly Finding<Play>[]
  readonly left: readonly string[]
}

async function playAs(
  name: string | Client,
  where = proxy,
  who: Person | undefined = person,
): Promise<Played> {
  const client = typeof name === 'string' ? (CLIENTS.get(name) as Client) : name
  const play = newPlay(client, where.mcpUrl, PORT, who)
  const findings: Finding<Play>[] = []
  for await (const finding of examine(play, stepsOf(play))) findings.push(finding)
  const { fault } = where
  where.fault = undefined
  const left = await leave(play)
  where.fault = fault
  return { play, findings, left }
}

/** What is wrong, a line each. */
function problems({ findings }: Played): string[] {
  return findings.flatMap(({ check, problem }) => (problem === undefined ? [] : `${check.rule}: ${problem}`))
}

function unchecked({ findings }: Played): string[] {
  return findings.flatMap(({ unchecked }) => unchecked ?? [])
}

const onPath =
  (start: string, change: (answer: Answer, asked: Asked) => void): Fault =>
  (asked, answer) => {
    if (asked.path.startsWith(start)) change(answer, asked)
  }

const refuse = (answer: Answer, status: number, error: string) => {
  answer.status = status
  answer.headers['content-type'] = 'application/json'
  answer.body = JSON.stringify({ error })
}

const json = (start: string, change: (json: Record<string, unknown>) => void): Fault =>
  onPath(start, (answer) => edit(answer, change))

/** Of requests that carry this in their body. */
const asking =
  (text: string | RegExp, change: (answer: Answer) => void): Fault =>
  (asked, answer) => {
    if (typeof text === 'string' ? asked.body.includes(text) : text.test(asked.body)) change(answer)
  }

const locations =
  (from: string, to: string): Fault =>
  (_, { headers }) => {
    if (headers.location !== undefined) headers.location = headers.location.replace(from, to)
  }

const ISSUER = '/.well-known/oauth-authorization-server'
const RESOURCE = '/.well-known/oauth-protected-resource'

type Seeded = Fault | { readonly misread: (headers: IncomingHttpHeaders) => void }

/** As another server would take it. */
const misread = (change: (headers: IncomingHttpHeaders) => void): Seeded => ({ misread: change })

/** What was seen to keep clients out, each with one of them, and words of what the doctor says about it. */
const FAULTS: readonly (readonly [fault: string, client: string, says: string, Seeded])[] = [
  // Discovery
  [
    'the method is checked before the token',
    'codex',
    'The first request',
    onPath('/mcp', (answer, { method }) => {
      if (method === 'GET') answer.status = 405
    }),
  ],
  [
    'a dev server behind a tunnel redirects to itself',
    'sdk-v1',
    'redirects to itself',
    onPath('/mcp', (answer) => {
      answer.status = 308
      answer.headers.location = proxy.mcpUrl.href
    }),
  ],
  [
    'resource has a slash at its end',
    'vscode',
    'instead of',
    json(RESOURCE, (body) => (body.resource = `${body.resource}/`)),
  ],
  [
    'resource is another server',
    'mcp-remote',
    'instead of',
    json(RESOURCE, (body) => (body.resource = 'https://other.example/mcp')),
  ],
  [
    'a well-known address answers 500',
    'claude-code',
    'answers 500',
    onPath(ISSUER, (answer) => (answer.status = 500)),
  ],
  [
    'PKCE is not advertised',
    'opencode',
    'no S256',
    json(ISSUER, (body) => delete body.code_challenge_methods_supported),
  ],
  [
    'the issuer has a slash at its end',
    'claude',
    'issuer is',
    json(ISSUER, (body) => (body.issuer = `${body.issuer}/`)),
  ],
  [
    'the metadata has null',
    'sdk-v1',
    'null for service_documentation',
    json(ISSUER, (body) => (body.service_documentation = null)),
  ],
  // Registration
  [
    'there is no way to be known',
    'opencode',
    'npm run client -- add',
    json(ISSUER, (body) => delete body.registration_endpoint),
  ],
  [
    'an app scheme spoils the registration',
    'cursor',
    'The server registers Cursor: It answers 400 (invalid_redirect_uri)',
    onPath('/register', (answer, { body }) => {
      if (body.includes('cursor:')) refuse(answer, 400, 'invalid_redirect_uri')
    }),
  ],
  [
    'a redirect URI is repaired: its slash',
    'claude',
    'has changed a redirect URI',
    json('/register', (body) => (body.redirect_uris = ['https://claude.ai/api/mcp/auth_callback/'])),
  ],
  [
    'a redirect URI is repaired: its port',
    'sdk-v1',
    'has changed a redirect URI',
    json('/register', (body) => (body.redirect_uris = ['http://127.0.0.1/callback'])),
  ],
  [
    'a redirect URI is repaired: its case',
    'vscode',
    'has changed a redirect URI',
    json('/register', (body) => (body.redirect_uris = ['https://vscode.dev/Redirect'])),
  ],
  [
    'the answer to a registration has null',
    'mcp-remote',
    'null for client_secret',
    json('/register', (body) => (body.client_secret = null)),
  ],
  // The sign-in
  [
    'the port of a loopback redirect URI is compared',
    'vscode',
    'The authorization page opens',
    onPath('/authorize', (answer, { path }) => {
      if (path.includes(`A${PORT}%2F`)) refuse(answer, 400, 'invalid_request')
    }),
  ],
  [
    'a long state is too long',
    'chatgpt',
    'answers 414',
    onPath('/authorize', (answer, { path }) => {
      if (path.length > 700) answer.status = 414
    }),
  ],
  [
    'the sign-in cuts its opener',
    'chatgpt',
    '/login has Cross-Origin-Opener-Policy: same-origin',
    onPath('/login', ({ headers }) => (headers['cross-origin-opener-policy'] = 'same-origin')),
  ],
  [
    'the sign-in cuts its opener, less strictly',
    'claude',
    '/authorize has Cross-Origin-Opener-Policy',
    onPath(
      '/authorize?',
      ({ headers }) => (headers['cross-origin-opener-policy'] = 'same-origin-allow-popups'),
    ),
  ],
  [
    'an error page cuts its opener',
    'claude',
    '/authorize has Cross-Origin-Opener-Policy',
    onPath('/authorize', ({ headers, status }) => {
      if (status === 400) headers['cross-origin-opener-policy'] = 'same-origin'
    }),
  ],
  [
    'the consent page offers only what was asked for',
    'opencode',
    'does not offer notes:write',
    onPath('/authorize?', (answer) => (answer.body = answer.body.replace('value="notes:write"', ''))),
  ],
  [
    'the redirect URI is repaired on the way back: its slash',
    'codex',
    'is sent to',
    locations('/callback?', '/callback/?'),
  ],
  [
    'the redirect URI is repaired on the way back: its case',
    'cursor',
    'is sent to',
    locations('/oauth/callback', '/OAuth/callback'),
  ],
  [
    'the redirect URI is repaired on the way back: its port',
    'mcp-remote',
    'is sent to',
    locations(`:${PORT}`, ''),
  ],
  ['the state is cut', 'chatgpt', 'The state is not', locations('&iss=', 'x&iss=')],
  ['iss is another', 'claude', 'iss is', locations('iss=http', 'iss=https')],
  // Tokens
  [
    'the audience of an assertion has to be the issuer',
    'chatgpt',
    'invalid_client',
    onPath('/token', (answer, { body }) => {
      const [, payload = ''] = (new URLSearchParams(body).get('client_assertion') ?? '').split('.')
      if (Buffer.from(payload, 'base64url').toString().includes('/token"'))
        refuse(answer, 401, 'invalid_client')
    }),
  ],
  [
    'offline_access is needed for a refresh token',
    'claude',
    'There is no refresh_token',
    json('/token', (body) => delete body.refresh_token),
  ],
  ['the tokens have null', 'opencode', 'null for id_token', json('/token', (body) => (body.id_token = null))],
  [
    'a refresh needs a scope',
    'chatgpt',
    'ChatGPT refreshes',
    asking(/^(?=.*refresh_token=)(?!.*&scope=)/, (answer) => refuse(answer, 400, 'invalid_scope')),
  ],
  [
    'a refresh takes no scope',
    'codex',
    'Codex refreshes',
    asking(/refresh_token=.*&scope=/, (answer) => refuse(answer, 400, 'invalid_scope')),
  ],
  [
    'a refresh loses the scopes',
    'vscode',
    'notes:read is gone',
    asking('grant_type=refresh_token', (answer) => edit(answer, (body) => (body.scope = 'offline_access'))),
  ],
  ['a refresh token works once', 'claude', 'at the same time', onceEach(/refresh_token=([^&]+)/)],
  // Calls
  [
    'the protocol version is another',
    'codex',
    'It speaks 2025-03-26',
    asking(
      '"method":"initialize"',
      (answer) => (answer.body = answer.body.replace('2025-06-18', '2025-03-26')),
    ),
  ],
  [
    'a request without MCP-Protocol-Version is refused',
    'vscode',
    'lists the tools',
    (asked, answer) => {
      if (asked.body.includes('tools/list') && !asked.headers['mcp-protocol-version']) answer.status = 400
    },
  ],
  [
    'Accept has to name both types',
    'claude',
    'opens a session',
    (asked, answer) => {
      if (asked.headers.authorization && asked.headers.accept === '*/*') answer.status = 406
    },
  ],
  [
    'a stream is refused with 400',
    'opencode',
    'It answers 400 instead of 200 or 405',
    (asked, answer) => {
      if (asked.method === 'GET' && asked.headers['mcp-session-id']) answer.status = 400
    },
  ],
  [
    'the tools do not say their scopes',
    'chatgpt',
    'Without: ',
    asking('tools/list', (answer) => (answer.body = answer.body.replaceAll('securitySchemes', 'schemes'))),
  ],
  [
    'a missing scope is refused by HTTP alone',
    'chatgpt',
    'It answers 403',
    misread((headers) => (headers['user-agent'] = 'another')),
  ],
  [
    'a dead token is refused by HTTP alone',
    'chatgpt',
    'It answers 401',
    misread((headers) => (headers['user-agent'] = 'another')),
  ],
  [
    'a missing scope is refused by a result alone',
    'claude',
    'It answers 200 instead of 403',
    misread((headers) => (headers['user-agent'] = 'openai-mcp/1.0.0')),
  ],
  [
    'a dead token is refused by a result alone',
    'codex',
    'It answers 200 instead of 401',
    misread((headers) => (headers['user-agent'] = 'openai-mcp/1.0.0')),
  ],
  [
    'a challenge names the missing scope alone',
    'vscode',
    'lacks notes:read',
    (_, { headers }) => {
      const challenge = headers['www-authenticate']
      if (challenge?.includes('insufficient'))
        headers['www-authenticate'] = challenge.replace(/scope="[^"]*"/, 'scope="notes:write"')
    },
  ],
  [
    'a challenge does not say what is missing',
    'sdk-v1',
    'does not say which scope',
    (_, { headers }) => {
      const challenge = headers['www-authenticate']
      if (challenge?.includes('insufficient'))
        headers['www-authenticate'] = challenge.replace(
          /error_description="[^"]*"/,
          'error_description="No."',
        )
    },
  ],
  [
    'a header that arrives twice is refused',
    'claude-code',
    'arrives twice',
    (asked, answer) => {
      if (asked.headers['mcp-protocol-version']?.includes(',')) answer.status = 400
    },
  ],
  [
    'a media type in capitals is refused',
    'codex',
    'Capitals mean nothing',
    (asked, answer) => {
      if (asked.headers['content-type']?.startsWith('Application')) answer.status = 415
    },
  ],
  [
    'a scheme in small letters is refused',
    'claude-code',
    'Capitals mean nothing',
    (asked, answer) => {
      if (asked.headers.authorization?.startsWith('bearer')) answer.status = 401
    },
  ],
  [
    'null for a cursor is answered with a dump and no id',
    'mcp-remote',
    'code undefined',
    asking('"cursor":null', (answer) => refuse(answer, 500, 'ZodError: [{…')),
  ],
  [
    'a malformed initialize is answered with 500',
    'opencode',
    'malformed message',
    asking('"malformed"', (answer) => refuse(answer, 500, 'oops')),
  ],
  [
    'a malformed initialize is answered without its id',
    'codex',
    'id null',
    asking('"malformed"', (answer) => (answer.body = answer.body.replace('"malformed"', 'null'))),
  ],
]

/** Refuses what has come before. */
function onceEach(pattern: RegExp): Fault {
  const seen = new Set<string>()
  return ({ body }, answer) => {
    const [, value] = pattern.exec(body) ?? []
    if (value === undefined) return
    if (seen.has(value)) refuse(answer, 400, 'invalid_grant')
    seen.add(value)
  }
}

describe('doctor --as', () => {
  it.each(NAMES)('finds nothing here as %s, which registers, to the last step', async (name) => {
    const played = await playAs(name)
    expect(problems(played)).toEqual([])
    expect(unchecked(played)).toEqual(
      name === 'claude-code' ? ['It asked for every scope at the start.'] : [],
    )
    expect(played.left).toEqual([])
  })

  const described = NAMES.filter((name) => CLIENTS.get(name)?.document)

  it.each(described)('finds nothing here as %s, which brings its metadata document', async (name) => {
    const played = await playAs(name, describedProxy, owner(describedProxy.origin, describing.passphrase))
    expect(problems(played)).toEqual([])
    expect(played.left).toEqual([])
    const notes = played.findings.flatMap(({ note }) => note ?? []).join()
    const isSigner = name === 'chatgpt'
    expect(played.play.registered === undefined).toBe(!isSigner)
    expect(notes.includes('Only ChatGPT has the key that its document names.')).toBe(isSigner)
    expect(unchecked(played)).toEqual(
      name === 'claude-code' ? ['It asked for every scope at the start.'] : [],
    )
  })

  it.each(FAULTS)('names the fault: %s (%s)', async (_, name, says, seeded) => {
    if (typeof seeded === 'function') proxy.fault = seeded
    else proxy.misread = seeded.misread
    expect(problems(await playAs(name)).join('\n')).toContain(says)
  })

  it('has each kind of fault with a client that stumbles, and each client with a fault', () => {
    expect(NAMES.filter((name) => !FAULTS.some(([, client]) => client === name))).toEqual([])
  })

  it('names a document that the server does not take, although it is there', async () => {
    const codex = CLIENTS.get('codex') as Client
    const there = await LocalSite.start((_, response) => response.end('{}'))
    const document = { url: `${there.origin}/client.json`, redirectUri: codex.redirectUri }
    const played = await playAs({ ...codex, document }, describedProxy, undefined)
    there.stop()
    expect(problems(played).join()).toContain(`It refuses the client id ${document.url}`)
  })

  it('names a host without /authorize beside a separate authorization server', async () => {
    const separate = await authorizationServer()
    proxy.fault = (asked, answer) => {
      if (asked.path.startsWith(RESOURCE)) nameServer(answer, separate.origin)
      if (asked.path.startsWith('/authorize')) answer.status = 404
    }
    const played = await playAs('claude', proxy, undefined)
    separate.stop()
    expect(problems(played).join()).toContain('leads to the authorization server: It answers 404')
  })

  it('does not take the limit of registrations for a fault', async () => {
    proxy.fault = onPath('/register', (answer) => refuse(answer, 429, 'temporarily_unavailable'))
    const played = await playAs('codex')
    expect(problems(played)).toEqual([])
    expect(unchecked(played).join()).toContain('limits registrations')
  })

  it('says what it could not take back', async () => {
    const play = newPlay(CLIENTS.get('codex') as Client, proxy.mcpUrl, PORT, undefined)
    play.serverMetadata = { revocation_endpoint: `${proxy.origin}/nothing` }
    play.tokens = { access_token: 'x' }
    play.registered = { client_id: 'x' }
    expect((await leave(play)).join()).toMatch(/allowed Codex.*an unused client/)
  })
})

describe('S17 a server that asks for the passphrase of another', () => {
  it.each([
    ['by its metadata', (page: string) => page, true],
    [
      'by a form of its page',
      (page: string) => page.replace('/login/passphrase', 'http://localhost:9/'),
      false,
    ],
  ])('does not get it: %s', async (_, page, isElsewhere) => {
    const asked: string[] = []
    const separate = await authorizationServer(async (request) => {
      asked.push(await request.text())
      return new Response(page(LOGIN), { headers: { 'Content-Type': 'text/html' } })
    })
    proxy.fault = onPath(RESOURCE, (answer) => nameServer(answer, separate.origin))
    const who = owner(isElsewhere ? proxy.origin : separate.origin, server.passphrase)
    const played = await playAs('sdk-v1', proxy, who)
    separate.stop()
    expect(unchecked(played).concat(problems(played)).join()).toMatch(/is for http:\/\/localhost:\d+/)
    expect(asked.join()).not.toContain(server.passphrase)
  })
})

describe('a sign-in that takes no passphrase', () => {
  it.each(['<p>Sign in with your company.', null])('is left to the browser: %s', async (page) => {
    const headers = page === null ? { Location: 'https://company.example/' } : { 'Content-Type': 'text/html' }
    const separate = await authorizationServer(
      async () => new Response(page, { status: page ? 200 : 302, headers }),
    )
    proxy.fault = onPath(RESOURCE, (answer) => nameServer(answer, separate.origin))
    const asked: string[] = []
    const otherwise = async (url: URL, redirectUri: string) => {
      asked.push(redirectUri)
      return { location: `${redirectUri}?error=access_denied&state=${url.searchParams.get('state')}` }
    }
    const who = owner(separate.origin, server.passphrase, { otherwise })
    const played = await playAs('sdk-v1', proxy, who)
    separate.stop()
    expect(problems(played).join()).toContain('The answer is access_denied')
    expect(asked).toEqual([`http://127.0.0.1:${PORT}/callback`])
  })
})

describe('npm run doctor <url> -- --as', () => {
  const doctor = (...args: string[]) => runScript('doctor', ...args)

  it('ends where a person is needed', async () => {
    const { code, output } = await doctor(proxy.mcpUrl.href, '--as', 'codex')
    expect(output).toContain('Its requests come from a capture of Codex 0.171.0')
    expect(output).toMatch(/✓ The authorization page opens for what Codex asks\n\nAll well so far\./)
    expect(code).toBe(0)
  })

  it('goes on with --sign-in, through to a call and a refresh', async () => {
    const { code, output, complaint } = await doctor(proxy.mcpUrl.href, '--as', 'vscode', '--sign-in')
    expect(output).toContain('from its source code')
    expect(output).toContain('not a capture')
    expect(output).toContain('All well. VS Code connects, calls and refreshes.')
    expect(`${output}${complaint}`).not.toContain(server.passphrase)
    expect(code).toBe(0)
  })

  it('fails for a fault', async () => {
    proxy.fault = json('/register', (body) => (body.client_uri = null))
    const { code, output } = await doctor(proxy.mcpUrl.href, '--as', 'sdk-v1')
    expect(output).toMatch(
      /✗ The server registers MCP SDK v1\n {4}The answer has null for client_uri\.\n {4}Fix: /,
    )
    expect(output).toContain('1 of 4 need attention.')
    expect(code).toBe(1)
  })

  it.each([
    [['--as', 'netscape'], 'There is no client "netscape"'],
    [['--sign-in'], '--sign-in takes a client'],
    [['--as', 'codex', '--no-register'], '--no-register is for the checks without --as'],
  ])('refuses %s', async (args, complaint) => {
    const done = await doctor(proxy.mcpUrl.href, ...args)
    expect(done.complaint).toContain(complaint)
    expect(done.output).toContain('Usage: npm run doctor')
    expect(done.code).toBe(2)
  })
})

describe('doctor --sign-in on a server whose passphrase is not here', () => {
  let folder: string
  let running: ChildProcess | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  })

  afterEach(() => {
    running?.kill()
    rmSync(folder, { recursive: true })
  })

  /** Starts the doctor where no .dev.vars is. Acts on the address that it prints. */
  async function start(name: string, act: (url: URL) => Promise<void>) {
    const args = [script('doctor'), proxy.mcpUrl.href, '--as', name, '--sign-in']
    running = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...FIXTURE_ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    let acted: Promise<void> | undefined
    for await (const chunk of running.stdout ?? []) {
      printed += chunk
      const [, address] = /\n {2}(http\S+)\n\n… Waiting/.exec(printed) ?? []
      if (address !== undefined) acted ??= act(new URL(address))
    }
    await acted
    return printed
  }

  it('prints an address, waits for the browser, and goes on', async () => {
    const printed = await start('codex', async (url) => {
      const { location } = await person(url, '')
      // Another path first, as browsers ask for an icon.
      expect((await fetch(new URL('/favicon.ico', location))).status).toBe(404)
      expect(await (await fetch(location)).text()).toContain('You can close this page')
    })
    expect(printed).toContain('All well. Codex connects, calls and refreshes.')
    expect(printed).toContain('Not checked: The doctor did not see the consent page.')
  })

  it('asks for a terminal where the answer goes elsewhere', async () => {
    const printed = await start('claude', async () => {})
    expect(printed).toContain(
      'The answer goes to https://claude.ai/api/mcp/auth_callback. Run this at a terminal',
    )
  })
})

describe('what the doctor sends as sdk-v1', () => {
  const REDIRECT_URI = `http://127.0.0.1:${PORT}/callback`

  /** What the first SDK itself does. */
  async function run(): Promise<void> {
    const kept: Record<string, unknown> = {}
    const get = (name: string) => kept[name] as never
    const set = (name: string) => (saved: unknown) => {
      kept[name] = saved
    }
    let location = ''
    const provider = {
      redirectUrl: REDIRECT_URI,
      clientMetadata: {
        client_name: 'MCP SDK v1',
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => crypto.randomUUID(),
      clientInformation: () => get('client'),
      saveClientInformation: set('client'),
      tokens: () => get('tokens'),
      saveTokens: set('tokens'),
      codeVerifier: () => get('verifier') as string,
      saveCodeVerifier: set('verifier'),
      redirectToAuthorization: async (url: URL) => {
        location = (await person(url, REDIRECT_URI)).location
      },
    }
    const newClient = () => new SdkClient({ name: 'sdk-v1', version: '1' })
    const first = new StreamableHTTPClientTransport(proxy.mcpUrl, { authProvider: provider })
    await expect(newClient().connect(first as never)).rejects.toThrow(UnauthorizedError)
    await first.finishAuth(new URL(location).searchParams.get('code') ?? '')
    const client = newClient()
    const transport = new StreamableHTTPClientTransport(proxy.mcpUrl, { authProvider: provider })
    await client.connect(transport as never)
    await client.listTools()
    await client.callTool({ name: 'whoami', arguments: {} })
    await auth(provider, { serverUrl: proxy.mcpUrl })
    await client.close()
  }

  /** Each kind of request, without what differs from one run to the next. */
  async function requestsOf(run: () => Promise<unknown>): Promise<Map<string, unknown>> {
    const requests = new Map<string, unknown>()
    proxy.fault = ({ method, path, headers, body }) => {
      const url = new URL(path, proxy.origin)
      const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded')
      const form = new URLSearchParams(url.pathname === '/authorize' ? url.search : isForm ? body : '')
      const message = isForm || body === '' ? undefined : JSON.parse(body)
      const kind = [method, url.pathname, message?.method ?? form.get('grant_type') ?? '']
      const key = [...kind, headers.authorization === undefined ? '' : 'with a token'].join(' ').trim()
      if (requests.has(key)) return
      const own = { ...headers }
      // Of the connection, of the browser, or new each time.
      for (const name of [
        'host',
        'connection',
        'content-length',
        'transfer-encoding',
        'accept-encoding',
        'cookie',
      ])
        delete own[name]
      for (const name of ['authorization', 'mcp-session-id']) if (own[name]) own[name] = name
      requests.set(key, {
        headers: url.pathname === '/authorize' ? {} : own,
        form: [...form.keys()],
        members: message && Object.keys(message),
        message: message && { ...message, id: undefined },
      })
    }
    await run()
    return requests
  }

  it('is what the first SDK sends', async () => {
    const real = await requestsOf(run)
    const played = await requestsOf(() => playAs('sdk-v1'))
    const kinds = [...real.keys()].filter((kind) => !/login|DELETE/.test(kind))
    expect(kinds.length).toBeGreaterThan(10)
    for (const kind of kinds) expect([kind, played.get(kind)]).toEqual([kind, real.get(kind)])
  })

  it('is in the version that is installed', () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(CLIENTS.get('sdk-v1')?.source.of).toBe(
      `@modelcontextprotocol/sdk ${devDependencies['@modelcontextprotocol/sdk']}`,
    )
  })
})

describe('docs/clients.md and what the doctor plays', () => {
  const docs = readFileSync('docs/clients.md', 'utf8')

  it('have the same clients, from the same sources', () => {
    const rows = [...CLIENTS].map(
      ([name, client]) => `| \`${name}\` | ${client.name} | ${describeSource(client)} |`,
    )
    const [, table = ''] = /\n\| `--as` \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/.exec(docs) ?? []
    expect(table.trim().split('\n')).toEqual(rows)
  })

  it.each([...CLIENTS.values()].map((client) => [client.name, client] as const))(
    'have %s in another table, in the version that was captured',
    (name, { source }) => {
      const rows = docs.split('\n').filter((line) => new RegExp(`^\\| (?:\\*\\*)?${name}\\b`).test(line))
      const version = source.from === 'a capture' ? source.of.split(' ').at(-1) : ''
      expect(rows.some((row) => row.includes(version as string))).toBe(true)
    },
  )
})
