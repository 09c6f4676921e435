// MCP with a token, in the client's era: a session or none, its stream, the list of tools, and a call.
import { expectStatus } from './answers.ts'
import { type Client, isStateless } from './client.ts'
import { call, callOf, expectResult, initialization, post } from './messages.ts'
import type { Step } from './play.ts'
import { send } from './request.ts'
import { harmless, schemesOf } from './tools.ts'

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

const callAgain = ({ name }: Client): Step => ({
  rule: `${name} goes on with the new token`,
  fix: 'Accept each access token that the token endpoint gives.',
  look: async (play) => {
    expectResult(await call(play, 'tools/list'))
  },
})

export const CALLS = [begin, listen, list, schemes, callTool] as const
export const CALLS_WITH_NEW_TOKEN = [callAgain] as const
