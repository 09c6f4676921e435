// Client metadata (RFC 7591 §2): the one validator of what a client says about itself. It keeps what this server
// understands, drops what it does not, and refuses what would mislead. Nothing here can raise a client's rights:
// a scope, for one, is not even read, since the person decides about scopes at each consent.
import type { JWK } from 'jose'
import { displayable } from '../../http/displayable.ts'
import { OAuthError } from '../../http/errors.ts'
import { publicKeys } from './public-keys.ts'
import { judgeRedirectUri } from './redirect-uri.ts'

export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

/** RFC 7523 §2.1 */
export const JWT_BEARER_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** RFC 8628 §3.4 */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export type ClientGrantType =
  | 'authorization_code'
  | 'refresh_token'
  | 'client_credentials'
  | typeof JWT_BEARER_GRANT
  | typeof DEVICE_CODE_GRANT

/** What a client can give itself: ways to act for a person who has said so. */
const REGISTRABLE: readonly ClientGrantType[] = ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT]

const MAX_REDIRECT_URIS = 20
const LISTS = [
  'redirect_uris',
  'grant_types',
  'response_types',
  'contacts',
  'token_endpoint_auth_methods_supported',
]

/** snake_case, as on the wire: it is stored and echoed as it is. Absent fields are omitted, never null. */
export interface ClientMetadata {
  readonly client_name?: string
  readonly client_uri?: string
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly ClientGrantType[]
  readonly response_types: readonly 'code'[]
  readonly token_endpoint_auth_method: AuthMethod
  /** Of a document that offers more than one. A registration names one, and has no such list. */
  readonly token_endpoint_auth_methods_supported?: readonly AuthMethod[]
  /** The client's public keys, or where they are: for private_key_jwt, one of the two. */
  readonly jwks?: { readonly keys: readonly JWK[] }
  readonly jwks_uri?: string
  readonly application_type?: 'native' | 'web'
  readonly software_id?: string
  readonly software_version?: string
}

/** How a client may authenticate. A request picks one. */
export function authMethodsOf(metadata: ClientMetadata): readonly AuthMethod[] {
  return metadata.token_endpoint_auth_methods_supported ?? [metadata.token_endpoint_auth_method]
}

/**
 * What a client says, without what it writes as absent. RFC 7591 §2 has no such values, but serializers write each
 * field that they know: `null`, `""`, `[]`.
 */
export function withoutAbsent(claimed: Record<string, unknown>): Record<string, unknown> {
  const isAbsent = (name: string, value: unknown) =>
    value === null || (LISTS.includes(name) ? Array.isArray(value) && value.length === 0 : value === '')
  return Object.fromEntries(Object.entries(claimed).filter(([name, value]) => !isAbsent(name, value)))
}

/**
 * @param claimed withoutAbsent()
 * @param ofApps redirect URIs with an app's own scheme that are known here
 * @throws OAuthError `invalid_redirect_uri`, `invalid_client_metadata` (RFC 7591 §3.2.2)
 */
export function validateClientMetadata(
  claimed: Record<string, unknown>,
  ofApps: readonly string[],
): ClientMetadata {
  const method = authMethod(claimed.token_endpoint_auth_method)
  const grant_types = grantTypes(claimed.grant_types)
  // RFC 7591 §2: for grant types that redirect.
  const redirects = grant_types.includes('authorization_code') || claimed.redirect_uris !== undefined
  return {
    redirect_uris: redirects ? redirectUris(claimed.redirect_uris, ofApps) : [],
    grant_types,
    response_types: responseTypes(claimed.response_types),
    token_endpoint_auth_method: method,
    ...(method === 'private_key_jwt' && publicKeys(claimed)),
    ...optional('client_name', displayable(text(claimed, 'client_name'))),
    ...optional('client_uri', webPage(text(claimed, 'client_uri'))),
    ...optional('application_type', applicationType(text(claimed, 'application_type'))),
    ...optional('software_id', displayable(text(claimed, 'software_id'))),
    ...optional('software_version', displayable(text(claimed, 'software_version'))),
  }
}

function redirectUris(value: unknown, ofApps: readonly string[]): string[] {
  const wrong = (description: string) => new OAuthError('invalid_redirect_uri', description)
  if (!isStringArray(value) || value.length === 0)
    throw wrong('redirect_uris must be a list of one or more URIs.')
  if (value.length > MAX_REDIRECT_URIS)
    throw wrong(`redirect_uris may hold at most ${MAX_REDIRECT_URIS} URIs.`)
  const allowed: string[] = []
  for (const [index, uri] of value.entries()) {
    const verdict = judgeRedirectUri(uri, ofApps)
    if (verdict.kind === 'refused') throw wrong(`Entry ${index + 1} of redirect_uris ${verdict.reason}.`)
    if (verdict.kind === 'allowed') allowed.push(uri)
  }
  if (allowed.length === 0)
    throw wrong('None of the redirect_uris is https, loopback, or a known app redirect.')
  return [...new Set(allowed)]
}

// RFC 7591 §2: absent means authorization_code alone.
function grantTypes(value: unknown): ClientGrantType[] {
  const claimed = value === undefined ? ['authorization_code'] : value
  if (!isStringArray(claimed)) throw invalid('grant_types must be a list of strings.')
  const granted = REGISTRABLE.filter((type) => claimed.includes(type))
  if (granted.every((type) => type === 'refresh_token'))
    throw invalid(`grant_types must include authorization_code or ${DEVICE_CODE_GRANT}.`)
  return granted
}

function responseTypes(value: unknown): 'code'[] {
  const claimed = value === undefined ? ['code'] : value
  if (!isStringArray(claimed) || !claimed.includes('code')) throw invalid('response_types must include code.')
  return ['code']
}

// RFC 7591 §2: absent means client_secret_basic.
function authMethod(value: unknown): AuthMethod {
  const method = AUTH_METHODS.find((one) => one === (value ?? 'client_secret_basic'))
  if (!method) throw invalid(`token_endpoint_auth_method must be one of: ${AUTH_METHODS.join(', ')}.`)
  return method
}

function applicationType(value: string | undefined): 'native' | 'web' | undefined {
  return value === 'native' || value === 'web' ? value : undefined
}

function webPage(value: string | undefined): string | undefined {
  if (!value || value.length > 2000 || !URL.canParse(value)) return undefined
  const url = new URL(value)
  // `https:host` and the like mean something else to a parser that does not repair them.
  const isExact = url.href === value || url.href === `${value}/`
  return url.protocol === 'https:' && !url.username && isExact ? url.href : undefined
}

function text(claimed: Record<string, unknown>, name: string): string | undefined {
  const value = claimed[name]
  if (value !== undefined && typeof value !== 'string') throw invalid(`${name} must be a string.`)
  return value
}

function optional<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: V })
}

export function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description)
}
