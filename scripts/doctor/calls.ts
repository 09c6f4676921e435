// MCP with a token: a session or none, the list of tools, a call, and the refusals, in the client's era.
import { described, expectStatus, objectIn } from './answers.ts'
import { bearerChallenge } from './challenges.ts'
import { type Client, isStateless, type Member } from './client.ts'
import { NotChecked } from './examine.ts'
import type { Json, Play, Step } from './play.ts'
import { type Answer, send } from './request.ts'
import { granted, REFRESHES } from './tokens.ts'

interface Sent {
  readonly token?: string
  readonly id?: number | string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export function initialization({ mcp: { protocolVersion, capabilities, clientInfo } }: Client): Json {
  return { protocolVersion, capabilities, clientInfo }
}

const begin = (client: Client): Step => ({
  rule: isStateless(client) ? `${client.name} discovers the server` : `${client.name} opens a session`,
  fix: 'Accept the token, and speak the version of MCP that the client asks for, or one that it knows.',
  vital: true,
  look: async (play) => {
    if (isStateless(client)) {
      expectResult(await call(play, 'server/discover'))
      return
    }
    const answer = await call(play, 'initialize', initialization(client))
    const { protocolVersion } = expectResult(answer)
    play.session = answer.headers.get('Mcp-Session-Id') ?? undefined
    if (protocolVersion !== client.mcp.protocolVersion)
      throw new Error(`It speaks ${protocolVersion} instead of ${client.mcp.protocolVersion}.`)
    expectStatus(await post(play, 'notifications/initialized'), 200, 202)
  },
})

// It stays open for what the server has to say, beside the calls.
const listen = ({ name, mcp }: Client): Step | undefined =>
  mcp.opensStream
    ? {
        rule: `${name} opens its stream, or learns that there is none`,
        fix: 'Answer a GET with Accept: text/event-stream with a stream, or with 405: clients take anything else for a failure.',
        look: async ({ client, mcp, session, tokens }) => {
          const answer = await send(mcp, {
            headers: {
              ...client.headers.stream,
              authorization: `Bearer ${tokens.access_token}`,
              ...(client.mcp.sendsVersion && { 'mcp-protocol-version': client.mcp.protocolVersion }),
              ...(session !== undefined && { 'mcp-session-id': session }),
            },
            isStream: true,
          }).catch(() => undefined)
          // Clients wait, and go on meanwhile.
          if (!answer) return 'It gives no answer while it has nothing to say.'
          expectStatus(answer, 200, 405)
          const type = answer.headers.get('Content-Type')
          if (answer.status === 200 && !type?.startsWith('text/event-stream'))
            throw new Error(`Its Content-Type is ${type}.`)
          return undefined
        },
      }
    : undefined

const list = ({ name }: Client): Step => ({
  rule: `${name} lists the tools`,
  fix: 'Answer tools/list with 200, with the headers that the client sends.',
  vital: true,
  look: async (play) => {
    const { tools } = expectResult(await call(play, 'tools/list'))
    if (!Array.isArray(tools)) throw new Error('There is no list of tools.')
    play.tools = tools.filter((tool) => typeof tool === 'object' && tool !== null)
    return `${tools.length} tools.`
  },
})

const schemes = ({ name, reads }: Client): Step | undefined =>
  reads === 'results'
    ? {
        rule: `${name} finds the scopes of each tool`,
        fix: 'Give each tool securitySchemes, or _meta.securitySchemes: [{ "type": "oauth2", "scopes": […] }].',
        look: async ({ tools }) => {
          const without = tools.filter((tool) => schemesOf(tool).length === 0).map(({ name }) => name)
          if (without.length > 0) throw new Error(`Without: ${without.join(', ')}.`)
        },
      }
    : undefined

const callTool = ({ name }: Client): Step => ({
  rule: `${name} calls a tool`,
  fix: 'Answer tools/call with 200 and a result.',
  look: async (play) => {
    const tool = harmless(play)
    const { isError, content } = expectResult(await callOf(play, tool))
    if (isError) throw new Error(`${tool} fails: ${JSON.stringify(content)}`)
    return `It called ${tool}.`
  },
})

const refuseScope = ({ name, reads, furtherScope }: Client): Step => ({
  rule: `A tool that needs a further scope is refused as ${name} understands it`,
  fix:
    reads === 'results'
      ? 'Answer 200 with isError, and the challenge (error, error_description, scope) in _meta["mcp/www_authenticate"]: this client does not read HTTP 403.'
      : 'Answer HTTP 403 with `WWW-Authenticate: Bearer error="insufficient_scope", scope="…"`, which names the missing scopes and, in a session, those that the client has.',
  look: async (play) => {
    if (furtherScope === 'took all') throw new NotChecked('It asked for every scope at the start.')
    const { name: tool, scopes } = forbidden(play)
    const answer = await callOf(play, tool)
    const challenge = challengeOf(answer, reads, 403)
    expectError(challenge, 'insufficient_scope')
    const named = (challenge.get('scope') ?? '').split(' ')
    const held = isStateless(play.client) ? [] : granted(play).filter((one) => one !== 'offline_access')
    const unnamed = [...scopes, ...held].filter((one) => !named.includes(one))
    if (unnamed.length > 0)
      throw new Error(`Its scope "${challenge.get('scope') ?? ''}" lacks ${unnamed.join(' ')}.`)
    const description = challenge.get('error_description') ?? ''
    if (!scopes.every((one) => description.includes(one)))
      throw new Error(`Its error_description "${description}" does not say which scope is missing.`)
    return `It called ${tool} without its arguments.`
  },
})

const refuseToken = ({ name, reads }: Client): Step => ({
  rule: `A dead token is refused as ${name} understands it`,
  fix:
    reads === 'results'
      ? 'Answer 200 with isError, and the challenge (error, error_description) in _meta["mcp/www_authenticate"]: this client does not read HTTP 401.'
      : 'Answer HTTP 401 with `WWW-Authenticate: Bearer error="invalid_token"` (RFC 6750 §3.1).',
  look: async (play) => {
    const answer = await callOf(play, harmless(play), { token: 'dead' })
    expectError(challengeOf(answer, reads, 401), 'invalid_token')
  },
})

// Claude Code 2.1 behind proxies. The lines are alike, so that nothing is unclear.
const repeatHeaders = ({ name, repeatsHeaders }: Client): Step | undefined =>
  repeatsHeaders
    ? {
        rule: `A header of ${name} that arrives twice, alike, counts once`,
        fix: 'Take two equal lines of a header with one value, or the value twice with a comma, for one.',
        look: async (play) => {
          const { protocolVersion } = play.client.mcp
          for (const twice of [
            [protocolVersion, protocolVersion],
            `${protocolVersion}, ${protocolVersion}`,
          ]) {
            expectResult(
              await call(play, 'tools/list', undefined, { headers: { 'mcp-protocol-version': twice } }),
            )
          }
        },
      }
    : undefined

const malformed = (client: Client): Step | undefined =>
  isStateless(client)
    ? undefined
    : {
        rule: 'A malformed initialize is answered with an error and its own id',
        fix: 'Answer -32602 with the id of the message (JSON-RPC 2.0 §5.1), also where there is no session.',
        look: async (play) => {
          const answer = await call({ ...play, session: undefined }, 'initialize', {}, { id: 'malformed' })
          const { id, error } = responseOf(answer)
          const { code } = (error ?? {}) as Json
          if (code !== -32602 || id !== 'malformed')
            throw new Error(`It answers ${answer.status} with code ${code} and id ${JSON.stringify(id)}.`)
        },
      }

const callAgain = ({ name }: Client): Step => ({
  rule: `${name} goes on with the new token`,
  fix: 'Accept each access token that the token endpoint gives.',
  look: async (play) => {
    expectResult(await call(play, 'tools/list'))
  },
})

/** The form of a refusal decides: clients look in one place only. */
function challengeOf(answer: Answer, reads: Client['reads'], status: number): ReadonlyMap<string, string> {
  if (reads === 'HTTP') {
    expectStatus(answer, status)
    const header = answer.headers.get('WWW-Authenticate') ?? ''
    const challenge = bearerChallenge(header)
    if (!challenge) throw new Error(`WWW-Authenticate is "${header}".`)
    return challenge
  }
  const { isError, _meta } = expectResult(answer)
  const header = ((_meta ?? {}) as Json)['mcp/www_authenticate']
  const challenge = bearerChallenge(String(Array.isArray(header) ? header.join(', ') : header))
  if (!isError || !challenge) throw new Error('The result has no challenge in _meta["mcp/www_authenticate"].')
  if (!challenge.has('error_description')) throw new Error('The challenge has no error_description.')
  return challenge
}

function expectError(challenge: ReadonlyMap<string, string>, error: string): void {
  const found = challenge.get('error')
  if (found !== error)
    throw new Error(`The error of the challenge is ${JSON.stringify(found)} instead of "${error}".`)
}

/** A tool that only reads, needs no argument, and is within what was granted. */
function harmless(play: Play): string {
  const tool = play.tools.find(
    (one) =>
      ((one.annotations ?? {}) as Json).readOnlyHint === true &&
      required(one).length === 0 &&
      scopesOf(one).every((scope) => granted(play).includes(scope)),
  )
  if (!tool) throw new NotChecked('No tool says that it only reads (readOnlyHint) and takes no argument.')
  return String(tool.name)
}

/** A tool beyond what was granted. Without the argument that it needs, a server that forgot to look does nothing either. */
function forbidden(play: Play): { name: string; scopes: readonly string[] } {
  for (const tool of play.tools) {
    const scopes = scopesOf(tool).filter((scope) => !granted(play).includes(scope))
    if (scopes.length > 0 && required(tool).length > 0) return { name: String(tool.name), scopes }
  }
  throw new NotChecked(
    'No tool says (securitySchemes) that it needs a scope which was not granted, and takes an argument.',
  )
}

function required({ inputSchema }: Json): readonly unknown[] {
  const { required } = (inputSchema ?? {}) as Json
  return Array.isArray(required) ? required : []
}

function schemesOf(tool: Json): readonly Json[] {
  const schemes = tool.securitySchemes ?? ((tool._meta ?? {}) as Json).securitySchemes
  return Array.isArray(schemes) ? schemes : []
}

function scopesOf(tool: Json): string[] {
  return schemesOf(tool).flatMap(({ scopes }) => (Array.isArray(scopes) ? scopes.map(String) : []))
}

function callOf(play: Play, name: string, sent: Sent = {}): Promise<Answer> {
  return call(play, 'tools/call', { name, arguments: {} }, sent)
}

function call(play: Play, method: string, params?: Json, sent: Sent = {}): Promise<Answer> {
  const { id = 1 } = sent
  return post(play, method, isStateless(play.client) ? withMeta(play, params) : params, { ...sent, id })
}

/** MCP 2026-07-28: each request says what a session would have said once. */
function withMeta({ client: { mcp } }: Play, params: Json = {}): Json {
  const prefix = 'io.modelcontextprotocol'
  const meta = {
    [`${prefix}/protocolVersion`]: mcp.protocolVersion,
    [`${prefix}/clientInfo`]: mcp.clientInfo,
    [`${prefix}/clientCapabilities`]: mcp.capabilities,
  }
  return { ...params, _meta: meta }
}

/** Without an id it is a notification. */
function post(play: Play, method: string, params?: Json, { token, id, headers }: Sent = {}): Promise<Answer> {
  const { client, mcp, session, tokens } = play
  const isFirst = method === 'initialize'
  const name = client.mcp.sendsMethod ? params?.name : undefined
  return send(mcp, {
    method: 'POST',
    headers: {
      ...headersOf(client, method),
      authorization: `Bearer ${token ?? tokens.access_token}`,
      ...(client.mcp.sendsVersion && !isFirst && { 'mcp-protocol-version': client.mcp.protocolVersion }),
      ...(name !== undefined && { 'mcp-name': String(name) }),
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...headers,
    },
    body: messageOf(client, { jsonrpc: '2.0', id, method, params }),
    isEnough: (text) => find(text) !== undefined,
  })
}

/** What a client sends with every message of this method. */
export function headersOf({ headers, mcp }: Client, method: string): Readonly<Record<string, string>> {
  return { ...headers.post, ...(mcp.sendsMethod && { 'mcp-method': method }) }
}

/** As the client writes it. */
export function messageOf({ mcp }: Client, message: Readonly<Record<Member, unknown>>): string {
  return JSON.stringify(Object.fromEntries(mcp.members.map((member) => [member, message[member]])))
}

/** @throws Error with the status or the error that came instead */
function expectResult(answer: Answer): Json {
  expectStatus(answer, 200)
  const { result, error } = responseOf(answer)
  if (typeof result !== 'object' || result === null)
    throw new Error(`It answers ${JSON.stringify(error) ?? described(answer)}.`)
  return result as Json
}

function responseOf({ headers, text }: Answer): Json {
  const isStream = headers.get('Content-Type')?.startsWith('text/event-stream')
  return (isStream ? find(text) : objectIn(text)) ?? {}
}

/** The response in a stream of events; undefined while it has not come. */
function find(stream: string): Json | undefined {
  const lines = [...stream.matchAll(/^data: ?(.*)\n/gm)].map(([, data = '']) => objectIn(data))
  return lines.find((message) => message && ('result' in message || 'error' in message))
}

export const AFTER_A_PERSON = [
  begin,
  listen,
  list,
  schemes,
  callTool,
  refuseScope,
  refuseToken,
  repeatHeaders,
  malformed,
  ...REFRESHES,
  callAgain,
] as const
