// Request parameters, read once and strictly (RFC 6749 §3.1, §3.2): no parameter twice, none without a value.
import { OAuthError } from './errors.ts'
import { readAtMost, TooLarge } from './read-at-most.ts'

const MAX_BODY_BYTES = 64 * 1024

/** The parameters of one request. Only `resource` and `scope` ticked in a form may stand more than once. */
export class Parameters {
  readonly #values: Map<string, string[]>

  private constructor(values: Map<string, string[]>) {
    this.#values = values
  }

  /** RFC 6749 §3.1: a parameter sent without a value is treated as if it were omitted. */
  static from(search: URLSearchParams): Parameters {
    const values = new Map<string, string[]>()
    for (const [name, value] of search) {
      if (value !== '') values.set(name, [...(values.get(name) ?? []), value])
    }
    return new Parameters(values)
  }

  get(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  all(name: string): string[] {
    return this.#values.get(name) ?? []
  }

  /** RFC 6749 §3.1: no parameter more than once; RFC 8707 §2: `resource` may be. @throws OAuthError */
  refuseRepeated(...repeatable: string[]): this {
    for (const [name, values] of this.#values) {
      if (values.length > 1 && !repeatable.includes(name)) {
        throw new OAuthError('invalid_request', `Parameter ${printable(name)} is there more than once.`)
      }
    }
    return this
  }

  /** @throws OAuthError `invalid_request` when the parameter is absent. */
  require(name: string): string {
    const value = this.get(name)
    if (value === undefined) throw new OAuthError('invalid_request', `Parameter ${name} is missing.`)
    return value
  }
}

/** Reads an `application/x-www-form-urlencoded` body of at most 64 KiB. @throws OAuthError 400, 413, 415 */
export async function readForm(request: Request): Promise<Parameters> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    throw new OAuthError('invalid_request', 'The body must be application/x-www-form-urlencoded.', {
      status: 415,
    })
  }
  const text = decodeUtf8(await readBody(request))
  if (/\0|%00/.test(text)) throw new OAuthError('invalid_request', 'The body holds a NUL byte.')
  const search = new URLSearchParams(text)
  // Escapes that are not UTF-8 become this character, and would compare equal to one another.
  if (/%/.test(text) && [...search].flat().some((part) => part.includes('\uFFFD'))) {
    throw new OAuthError('invalid_request', 'The body is not UTF-8.')
  }
  return Parameters.from(search)
}

/** Reads a JSON object of at most 64 KiB. @throws OAuthError 400, 413, 415 */
export async function readJsonObject(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new OAuthError('invalid_request', 'The body must be application/json.', { status: 415 })
  }
  const text = decodeUtf8(await readBody(request))
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OAuthError('invalid_request', 'The body is not a JSON object.')
  }
  return value as Record<string, unknown>
}

function readBody(request: Request): Promise<Uint8Array> {
  return readAtMost(request, MAX_BODY_BYTES).catch((error: unknown) => {
    if (!(error instanceof TooLarge)) throw error
    throw new OAuthError('invalid_request', 'The body is too large.', { status: 413 })
  })
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new OAuthError('invalid_request', 'The body is not UTF-8.')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new OAuthError('invalid_request', 'The body is not JSON.')
  }
}

/** A parameter name as error_description may hold it (RFC 6749 §5.2), and no longer than useful. */
function printable(name: string): string {
  return name.replace(/[^\w.-]/g, '?').slice(0, 40)
}
