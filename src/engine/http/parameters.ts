// Request parameters, read once and strictly (RFC 6749 §3.1, §3.2): no parameter twice, none without a value. The work is
// linear in what was sent, and bounded by MAX_PARAMETERS and MAX_BODY_BYTES.
import { OAuthError } from './errors.ts'
import { readAtMost, TooLarge } from './read-at-most.ts'

const MAX_BODY_BYTES = 64 * 1024
/** No request here has more than twenty. */
const MAX_PARAMETERS = 100

/** The parameters of one request. Only `resource` and `scope` ticked in a form may stand more than once. */
export class Parameters {
  readonly #values: Map<string, string[]>

  private constructor(values: Map<string, string[]>) {
    this.#values = values
  }

  /**
   * RFC 6749 §3.1: a parameter sent without a value is treated as if it were omitted.
   * @param encoded as in a query or a form, without `?`
   * @throws OAuthError `invalid_request` when there are too many
   */
  static from(encoded: string): Parameters {
    // Before anything is parsed: a stranger can send thousands in one request.
    if (encoded.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS) {
      throw new OAuthError('invalid_request', `A request has at most ${MAX_PARAMETERS} parameters.`)
    }
    const values = new Map<string, string[]>()
    for (const [name, value] of new URLSearchParams(encoded)) {
      const known = values.get(name)
      if (known && value !== '') known.push(value)
      else if (value !== '') values.set(name, [value])
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
  const text = await readBody(request)
  if (/\0|%00/.test(text)) throw new OAuthError('invalid_request', 'The body holds a NUL byte.')
  const parameters = Parameters.from(text)
  // Escapes that are not UTF-8 become U+FFFD, and would compare equal to one another.
  if (text.includes('%') && [...new URLSearchParams(text)].flat().join('').includes('\uFFFD')) {
    throw new OAuthError('invalid_request', 'The body is not UTF-8.')
  }
  return parameters
}

/** A body of at most 64 KiB, as text. @throws OAuthError 400, 413 */
export async function readBody(request: Request): Promise<string> {
  const bytes = await readAtMost(request, MAX_BODY_BYTES).catch((error: unknown) => {
    if (!(error instanceof TooLarge)) throw error
    throw new OAuthError('invalid_request', 'The body is too large.', { status: 413 })
  })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new OAuthError('invalid_request', 'The body is not UTF-8.')
  }
}

/** A parameter name as error_description may hold it (RFC 6749 §5.2), and no longer than useful. */
function printable(name: string): string {
  return name.replace(/[^\w.-]/g, '?').slice(0, 40)
}
