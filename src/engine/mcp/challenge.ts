// The answer to a request without a right: RFC 6750 §3, RFC 9728 §5, RFC 9449 §7.1.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { errorResponse, OAuthError } from '../http/errors.ts'
import { logError } from '../log/log.ts'
import { announcedScopes } from '../oauth/scope-names.ts'
import { DPOP_ALGORITHMS } from '../settings/algorithms.ts'
import { identifierOf, metadataUrl } from '../settings/resources.ts'
import { NoToken } from './bearer-auth.ts'

/** What a client can mend with another token or proof. */
const REFUSED: readonly string[] = ['invalid_token', 'invalid_dpop_proof', 'use_dpop_nonce']

/** The answer to a request without a right: 401 with a challenge, or 503 when storage does not answer. */
export function challenge(c: Context<AppEnv>, error: Error): Response {
  if (error instanceof NoToken) return unauthorized(c, {})
  if (error instanceof OAuthError && REFUSED.includes(error.code)) {
    return unauthorized(c, { error: error.code, error_description: error.description }, error.headers)
  }
  if (error instanceof OAuthError && error.code === 'invalid_request') return errorResponse(error)
  const known = error instanceof OAuthError ? error : undefined
  // A limit that does its work is no error of ours.
  if (known?.status !== 429) logError(known?.cause ?? error, { code: known?.code ?? 'server_error' })
  const answer =
    known ?? new OAuthError('server_error', 'Something went wrong here. It has been written down.')
  return Response.json(
    { error: answer.code, error_description: answer.description },
    { status: answer.status, headers: answer.headers },
  )
}

function unauthorized(
  c: Context<AppEnv>,
  error: { error?: string; error_description?: string },
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { issuer, resource, settings } = c.var
  const scopes = announcedScopes(settings, resource.initialScopes)
  // RFC 9449 §7.1. A client without a key reads the scheme that it knows.
  const isDpop = /^dpop /i.test(c.req.header('Authorization') ?? '')
  const parameters = {
    ...error,
    resource_metadata: metadataUrl(issuer, identifierOf(issuer, resource)),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(isDpop && { algs: DPOP_ALGORITHMS.join(' ') }),
  }
  const list = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return Response.json(
    {
      error: error.error ?? 'unauthorized',
      error_description: error.error_description ?? 'An access token is needed.',
    },
    {
      status: 401,
      headers: {
        'WWW-Authenticate': `${isDpop ? 'DPoP' : 'Bearer'} ${list.join(', ')}`,
        'Cache-Control': 'no-store',
        ...headers,
      },
    },
  )
}
