// An authorization request (RFC 6749 §4.1.1): first whose it is and where its answer goes, then everything else.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { displayable } from '../../http/displayable.ts'
import { OAuthError } from '../../http/errors.ts'
import { PageError } from '../../http/page-error.ts'
import type { Parameters } from '../../http/parameters.ts'
import { audit } from '../../log/audit.ts'
import { identifierOf } from '../../settings/resources.ts'
import { isLoopback } from '../../settings/secure-address.ts'
import { type Client, displayName, lookupFor } from '../clients/client.ts'
import { isDocumentUrl } from '../clients/document-url.ts'
import { matchesRedirectUri } from '../clients/redirect-uri.ts'
import { findClient } from '../clients/store.ts'
import { requireCodeChallenge } from '../pkce.ts'
import { requireResource } from '../resource.ts'
import { requestedScopes } from '../scopes.ts'

/** Where the answer goes. It exists only once the client and its redirect URI are known to belong together. */
export interface ReturnAddress {
  readonly client: Client
  readonly redirectUri: string
  readonly state: string | undefined
}

export interface AuthorizationRequest {
  readonly scopes: readonly string[]
  readonly resource: string
  readonly codeChallenge: string
}

// RFC 6749 §4.1.2.1: while client and redirect URI are unverified, the user gets a page and no redirect.
export async function requireReturnAddress(
  c: Context<AppEnv>,
  parameters: Parameters,
): Promise<ReturnAddress> {
  for (const name of ['client_id', 'redirect_uri']) {
    if (parameters.all(name).length > 1) throw notUnderstood(`It names more than one ${name}.`)
  }
  const clientId = parameters.get('client_id')
  if (clientId === undefined)
    throw notUnderstood('It does not say which app is asking (client_id is missing).')
  const client = await requireClient(c, clientId)
  const only = client.metadata.redirect_uris.length === 1 ? client.metadata.redirect_uris[0] : undefined
  const redirectUri = parameters.get('redirect_uri') ?? only
  if (redirectUri === undefined)
    throw notUnderstood('It does not say where to send you back (redirect_uri is missing).')
  requireRegistered(client, redirectUri)
  return { client, redirectUri, state: parameters.get('state') }
}

export async function requireClient(c: Context<AppEnv>, clientId: string): Promise<Client> {
  return findClient(lookupFor(c), clientId).catch((error: unknown) => {
    if (!(error instanceof OAuthError)) throw error
    audit('client.refused', { reason: error.code })
    throw refusedClient(c, clientId, error)
  })
}

function refusedClient(c: Context<AppEnv>, clientId: string, error: OAuthError): PageError {
  if (error.status === 429)
    return new PageError(429, 'One moment', 'That was too often. Wait a minute, then try again.')
  if (isDocumentUrl(clientId))
    return new PageError(400, 'This app could not be checked', uncheckable(c, clientId, error))
  if (error.code !== 'invalid_client')
    return new PageError(503, 'One moment', 'Please try again in a few seconds.')
  return new PageError(
    400,
    'This app is not known here',
    'Its registration may have expired. In the app, remove this server and add it again.',
  )
}

/** The fetched address, its answer, and what the user can try. Without the query, which helps no user. */
function uncheckable(c: Context<AppEnv>, clientId: string, error: OAuthError): string {
  const address = displayable(clientId.replace(/\?.*/s, ''))
  if (error.code === 'invalid_client') return `${error.description} Its address is ${address}`
  const silent = `The app describes itself at ${address} and that address does not answer this server. Try again in a moment.`
  const { issuer, settings } = c.var
  if (settings.registration === 'off') return silent
  // An offline user sees this for each app with a metadata document.
  const instead = isLoopback(new URL(issuer).hostname)
    ? 'Is this computer offline? Then start the server with “npm run dev -- --var CLIENT_DOCUMENT_HOSTS:” and connect again'
    : 'If it stays so, choose dynamic client registration in the settings of the app, where it has that, and connect again'
  return `${silent} ${instead}: the app then registers here instead.`
}

export function requireRegistered(client: Client, redirectUri: string): void {
  if (matchesRedirectUri(client.metadata.redirect_uris, redirectUri)) return
  audit(
    'client.refused',
    { client: client.id, reason: 'redirect_uri_not_registered' },
    { app: displayName(client) },
  )
  throw new PageError(
    400,
    'This request is not safe',
    'It would send you to an address that the app did not register. If you did not expect that, close this page. ' +
      'Otherwise remove this server in the app and add it again.',
  )
}

/** The request, or its error. From here on the error may go to the client. */
export function checkRequest(
  c: Context<AppEnv>,
  { metadata }: Client,
  parameters: Parameters,
): AuthorizationRequest | OAuthError {
  try {
    // A client of the device grant may have redirect URIs and no use for them.
    if (!metadata.grant_types.includes('authorization_code')) {
      throw new OAuthError('unauthorized_client', 'This client did not register for authorization_code.')
    }
    parameters.refuseRepeated('resource')
    // OpenID Connect Core §6; RFC 9101. Ignoring one would mean checking other parameters than the client meant.
    if (parameters.get('request') ?? parameters.get('request_uri')) {
      throw new OAuthError('invalid_request', 'Request objects are not supported.')
    }
    if (parameters.require('response_type') !== 'code') {
      throw new OAuthError('unsupported_response_type', 'The response_type must be code.')
    }
    const codeChallenge = requireCodeChallenge(
      parameters.get('code_challenge'),
      parameters.get('code_challenge_method'),
    )
    const resource = requireResource(c.var, parameters.all('resource'))
    const scopes = requestedScopes(resource, parameters.get('scope'))
    return { codeChallenge, resource: identifierOf(c.get('issuer'), resource), scopes }
  } catch (error) {
    if (error instanceof OAuthError) return error
    throw error
  }
}

function notUnderstood(detail: string): PageError {
  return new PageError(400, 'This request is incomplete', `${detail} Start again in the app.`)
}
