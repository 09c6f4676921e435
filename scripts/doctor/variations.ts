// What clients, proxies and libraries have been seen to send otherwise, and means the same, or deserves an error of its own.
import { type Client, isStateless } from './client.ts'
import { call, expectResult, responseOf } from './messages.ts'
import type { Json, Play, Step } from './play.ts'
import type { Answer } from './request.ts'

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

// RFC 9110 §8.3.1, §11.1
const capitals = (): Step => ({
  rule: 'Capitals mean nothing in a media type and in the name of a scheme',
  fix: 'Compare Content-Type and the scheme of Authorization without regard to case.',
  look: async (play) => {
    const headers = {
      'content-type': 'Application/JSON; charset=UTF-8',
      authorization: `bearer ${play.tokens.access_token}`,
    }
    expectResult(await call(play, 'tools/list', undefined, { headers }))
  },
})

const malformed = (client: Client): Step | undefined =>
  isStateless(client)
    ? undefined
    : {
        rule: 'A malformed message is answered with an error and its own id',
        fix: 'Answer -32602 with the id of the message (JSON-RPC 2.0 §5.1), also an initialize where there is no session. null for a cursor may count as absent.',
        look: async (play) => {
          expectInvalid(await sendMalformed({ ...play, session: undefined }, 'initialize', {}))
          const listed = await sendMalformed(play, 'tools/list', { cursor: null })
          if (responseOf(listed).result === undefined) expectInvalid(listed)
        },
      }

function sendMalformed(play: Play, method: string, params: Json): Promise<Answer> {
  return call(play, method, params, { id: 'malformed' })
}

function expectInvalid(answer: Answer): void {
  const { id, error } = responseOf(answer)
  const { code } = (error ?? {}) as Json
  if (code !== -32602 || id !== 'malformed')
    throw new Error(`It answers ${answer.status} with code ${code} and id ${JSON.stringify(id)}.`)
}

export const VARIATIONS = [repeatHeaders, capitals, malformed] as const
