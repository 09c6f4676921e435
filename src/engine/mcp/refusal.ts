// Refusals at /mcp. First the substance: which scopes a call needs (RFC 6750 §3.1, MCP authorization). Then the form that
// the host understands: most read HTTP 401 and 403, ChatGPT only the result of a tool, with the challenge in `_meta`.
// Nothing but the form depends on who the host says it is, so that a stranger may choose it.
import { requireScopes, type ScopeChallengeHandler } from '@modelcontextprotocol/server'
import type { Scope } from '#config'
import { RESOURCE_SCOPES } from '../oauth/scopes.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { isStateless } from './parameters.ts'

/** The product that ChatGPT names in its User-Agent. */
const USER_AGENT = /(?:^|\s)openai-mcp(?:\/|\s|$)/i
/** Its documents, one for each app. Codex has one on the same host, and reads HTTP. */
const CLIENT_ID = /^https:\/\/chatgpt\.com\/oauth\/(?!codex\/)/

interface Message {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
}

/** Refuses what needs a scope that the token lacks, before its handler runs. @param what `tool add_note` */
export function challengeFor(what: string, scopes: readonly [Scope, ...Scope[]]): ScopeChallengeHandler {
  const challengeOf = requireScopes(...scopes)
  return async (context) => {
    if (!(await challengeOf(context))) return undefined
    const held = context.authInfo?.scopes ?? []
    const missing = scopes.filter((scope) => !held.includes(scope))
    // MCP 2025-11-25: its clients ask for just what is named, so that what they hold is named, too, or they lose it. Those
    // of 2026-07-28 add to what they hold by themselves.
    const named = isStateless(context.request)
      ? scopes
      : RESOURCE_SCOPES.filter((scope) => held.includes(scope) || scopes.includes(scope))
    // The client takes the names to the server that issued its token, which may have others than we.
    const { scopeNames = {} } = (context.authInfo?.extra ?? {}) as Partial<AccessToken>
    const nameOf = (scope: Scope) => scopeNames[scope] ?? scope
    return {
      scopes: named.map(nameOf) as [string, ...string[]],
      errorDescription: describe(what, missing.map(nameOf)),
    }
  }
}

// Some apps show this and nothing else. RFC 6750 §3 has printable ASCII without quotes.
function describe(what: string, missing: readonly string[]): string {
  const scopes = missing.join(' and ')
  const text = `The ${what} needs the scope ${scopes}. Sign in again from the app, and allow ${scopes} when you are asked.`
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
}

/** Whether a host reads refusals only in the result of a tool. */
export function readsResultsOnly(headers: Headers, accessToken?: Pick<AccessToken, 'clientId'>): boolean {
  return USER_AGENT.test(headers.get('User-Agent') ?? '') || CLIENT_ID.test(accessToken?.clientId ?? '')
}

/**
 * A challenge as the result of the tool call that it refuses. An answer that is no challenge is returned as it is, and so
 * is the challenge to a message that no tool answers.
 */
export async function asToolResult(response: Response, message: Message): Promise<Response> {
  const challenge = response.headers.get('WWW-Authenticate')
  const { id, method } = message
  const isCall = method === 'tools/call' && (typeof id === 'string' || typeof id === 'number')
  if (challenge === null || !isCall) return response
  const { error_description: text } = await response.json<{ error_description: string }>()
  const result = {
    ...(isStateless(message) && { resultType: 'complete' }),
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { 'mcp/www_authenticate': [withError(challenge, text)] },
  }
  return Response.json({ jsonrpc: '2.0', id, result }, { headers: { 'Cache-Control': 'no-store' } })
}

// RFC 6750 §3.1 has no error code where no token came. ChatGPT asks the person only where there is one.
function withError(challenge: string, text: string): string {
  if (/\berror="/.test(challenge)) return challenge
  return challenge.replace(/^Bearer /, `Bearer error="invalid_token", error_description="${text}", `)
}
