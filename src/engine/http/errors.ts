// What goes wrong in OAuth, as one type. Code throws it; each endpoint's channel renders it:
// JSON here, a redirect in authorize.ts, a page in pages/error.tsx, a bearer challenge in mcp/bearer-auth.ts.
import { LIMIT_PERIOD } from '#config'

/** RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §5. */
type ErrorCode =
  | 'access_denied'
  | 'authorization_pending'
  | 'expired_token'
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_dpop_proof'
  | 'invalid_grant'
  | 'invalid_redirect_uri'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_token'
  | 'server_error'
  | 'slow_down'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'use_dpop_nonce'

const STATUS: Partial<Record<ErrorCode, number>> = {
  invalid_client: 401,
  invalid_token: 401,
  server_error: 500,
  temporarily_unavailable: 503,
}

interface Details {
  /** HTTP status, where the table's is too coarse (413, 415, 429). */
  status?: number
  /** Seconds, for `Retry-After`. */
  retryAfter?: number
  /** Extra headers, such as a `WWW-Authenticate`. */
  headers?: Record<string, string>
  cause?: unknown
}

export class OAuthError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly headers: Record<string, string>

  /** @param description for the client's developer, in ASCII without quotes (RFC 6749 §5.2). */
  constructor(code: ErrorCode, description: string, details: Details = {}) {
    super(description, { cause: details.cause })
    this.code = code
    this.status = details.status ?? STATUS[code] ?? 400
    this.headers = {
      ...details.headers,
      ...(details.retryAfter !== undefined && { 'Retry-After': String(details.retryAfter) }),
    }
  }

  get description(): string {
    return this.message
  }
}

/**
 * What storage answers, or 503 when it does not. Never `invalid_client` or `invalid_grant`: clients throw their
 * registration or their tokens away on those. @throws OAuthError `temporarily_unavailable`
 */
export async function orUnavailable<P extends Promise<unknown>>(answer: P): Promise<Awaited<P>> {
  try {
    return await answer
  } catch (cause) {
    throw new OAuthError('temporarily_unavailable', 'Storage did not answer. Try again in a moment.', {
      retryAfter: 5,
      cause,
    })
  }
}

/** 429, with the time after which it may be tried again. */
export function tooOften(retryAfter: number = LIMIT_PERIOD): OAuthError {
  return new OAuthError('temporarily_unavailable', 'That was too often. Wait, then try again.', {
    status: 429,
    retryAfter,
  })
}

/** RFC 6749 §5.2. */
export function errorResponse(error: OAuthError): Response {
  return Response.json(
    { error: error.code, error_description: error.description },
    { status: error.status, headers: { 'Cache-Control': 'no-store', ...error.headers } },
  )
}
