// Client authentication at the token and revocation endpoints (RFC 6749 §2.3): none, client_secret_basic,
// client_secret_post, private_key_jwt. One method a request, and exactly what the client registered: a secret, a key or
// nothing. A document may offer more than one (ChatGPT's does).
import { sha256 } from '../../crypto/digest.ts'
import { equalInConstantTime } from '../../crypto/secrets.ts'
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import { audit } from '../../log/audit.ts'
import { type Client, displayName, type Lookup } from './client.ts'
import { claimedClient, isGenuine, JWT_BEARER } from './client-assertion.ts'
import { authMethodsOf } from './metadata.ts'
import { findApprovedClient } from './store.ts'

interface Credentials {
  readonly clientId: string
  readonly secret: string | undefined
  /** RFC 7523 §2.2 */
  readonly assertion?: string
}

/** @throws OAuthError `invalid_client`, `invalid_request`, 503 */
export async function authenticateClient(
  lookup: Lookup,
  headers: Headers,
  parameters: Parameters,
): Promise<Client> {
  const authorization = headers.get('Authorization')
  // RFC 6749 §5.2: a client that tried Basic gets a challenge.
  const challenge =
    authorization === null ? {} : { headers: { 'WWW-Authenticate': `Basic realm="${lookup.issuer}"` } }
  const credentials =
    authorization === null ? fromBody(parameters) : fromBasic(authorization, parameters, challenge)
  const client = await findApprovedClient(lookup, credentials.clientId).catch((error: unknown) => {
    throw error instanceof OAuthError && error.code === 'invalid_client'
      ? new OAuthError('invalid_client', error.description, challenge)
      : error
  })
  if (!(await isProven(lookup, client, credentials))) {
    audit('client.refused', { client: client.id, reason: 'not_authenticated' }, { app: displayName(client) })
    throw new OAuthError(
      'invalid_client',
      'The client secret or assertion is wrong, missing, or not what this client registered.',
      challenge,
    )
  }
  return client
}

async function isProven(
  lookup: Lookup,
  client: Client,
  { secret, assertion }: Credentials,
): Promise<boolean> {
  const methods = authMethodsOf(client.metadata)
  // What was presented decides: an assertion or a secret that is wrong never falls back to nothing at all.
  if (assertion !== undefined) {
    return methods.includes('private_key_jwt') && isGenuine(lookup, client, assertion)
  }
  const { secretHash } = client
  if (secret === undefined) return secretHash === undefined && methods.includes('none')
  return secretHash !== undefined && equalInConstantTime(await sha256(secret), secretHash)
}

function fromBody(parameters: Parameters): Credentials {
  const secret = parameters.get('client_secret')
  const assertion = parameters.get('client_assertion')
  const type = parameters.get('client_assertion_type')
  if (assertion === undefined && type === undefined) {
    return { clientId: parameters.require('client_id'), secret }
  }
  if (type !== JWT_BEARER || assertion === undefined) {
    throw new OAuthError('invalid_request', `A client_assertion is of the type ${JWT_BEARER}.`)
  }
  if (secret !== undefined) throw twoWays()
  const clientId = claimedClient(assertion)
  // RFC 7521 §4.2: unnecessary here, but never another.
  if ((parameters.get('client_id') ?? clientId) !== clientId) {
    throw new OAuthError('invalid_client', 'Two different clients are named.')
  }
  return { clientId, secret: undefined, assertion }
}

function twoWays(): OAuthError {
  return new OAuthError('invalid_request', 'The client authenticates in two ways at once.')
}

function fromBasic(authorization: string, parameters: Parameters, challenge: object): Credentials {
  const wrong = (description: string) => new OAuthError('invalid_client', description, challenge)
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? []
  const [id, secret, ...rest] = encoded ? decodeBasic(encoded).split(':') : []
  if (id === undefined || secret === undefined || rest.length > 0)
    throw wrong('The Authorization header is malformed.')
  const others = ['client_secret', 'client_assertion', 'client_assertion_type']
  if (others.some((name) => parameters.get(name) !== undefined)) throw twoWays()
  const clientId = formDecode(id)
  if ((parameters.get('client_id') ?? clientId) !== clientId) throw wrong('Two different clients are named.')
  // RFC 6749 §2.3.1: a public client may leave its secret empty, as Go's oauth2 does at its first try.
  return { clientId, secret: formDecode(secret) || undefined }
}

function decodeBasic(encoded: string): string {
  try {
    return atob(encoded)
  } catch {
    return ''
  }
}

// RFC 6749 §2.3.1 has both parts form-encoded; many clients do not, which makes no difference to our ids and secrets.
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
