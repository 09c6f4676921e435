// A JSON object in the body of a request, as RFC 7591 and RFC 7592 have it.
import { OAuthError } from './errors.ts'
import { readBody } from './parameters.ts'

/** Reads a JSON object of at most 64 KiB. @throws OAuthError 400, 413, 415 */
export async function readJsonObject(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new OAuthError('invalid_request', 'The body must be application/json.', { status: 415 })
  }
  const value = parseJson(await readBody(request))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OAuthError('invalid_request', 'The body is not a JSON object.')
  }
  return value as Record<string, unknown>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new OAuthError('invalid_request', 'The body is not JSON.')
  }
}
