// What a client gets when it may not: each reads refusals in one form only.
import { expectStatus } from './answers.ts'
import { bearerChallenge } from './challenges.ts'
import { type Client, isStateless } from './client.ts'
import { NotChecked } from './examine.ts'
import { callOf, expectResult } from './messages.ts'
import type { Json, Step } from './play.ts'
import type { Answer } from './request.ts'
import { granted } from './tokens.ts'
import { forbidden, harmless } from './tools.ts'

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

export const REFUSALS = [refuseScope, refuseToken] as const
