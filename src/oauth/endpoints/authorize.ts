// The authorization endpoint (RFC 6749 §4.1.1, OAuth 2.1 §4.1). The URL is the pending state: nothing is stored
// until a person has approved. GET checks the request and shows the consent page; POST, from that page, decides.
import type { Context } from 'hono'
import { isLoopback, LIFETIME } from '../../config.ts'
import { log } from '../../log.ts'
import { loginUrl, readSession, type Session } from '../../login/session.ts'
import { type AppEnv, requireOwnPage } from '../../origin.ts'
import { consentPage } from '../../pages/consent.tsx'
import { PageError } from '../../pages/error.tsx'
import { seal, unseal } from '../../seal.ts'
import { type Client, displayName } from '../clients/client.ts'
import { matchesRedirectUri, staysOnThisComputer } from '../clients/redirect-uri.ts'
import { approveClient, findClient } from '../clients/store.ts'
import { OAuthError } from '../errors.ts'
import { openGrant } from '../grants/store.ts'
import { Parameters, readForm } from '../parameters.ts'
import { requireCodeChallenge } from '../pkce.ts'
import { requireResource } from '../resource.ts'
import { describeScopes, OFFLINE_ACCESS, requestedScopes } from '../scopes.ts'
import { hashSecret } from '../tokens/secret.ts'

/** Where the answer goes. It exists only once the client and its redirect URI are known to belong together. */
interface ReturnAddress {
  readonly client: Client
  readonly redirectUri: string
  readonly state: string | undefined
}

interface AuthorizationRequest {
  readonly scopes: readonly string[]
  readonly resource: string
  readonly codeChallenge: string
}

/** What the consent page showed, sealed into its form. */
interface Consent {
  readonly sessionId: string
  readonly clientId: string
  /** A hash of what the client said of itself when the page was made. */
  readonly shown: string
  readonly redirectUri: string
  readonly state?: string
  readonly request: AuthorizationRequest
}

export async function authorize(c: Context<AppEnv>): Promise<Response> {
  const parameters = Parameters.from(new URL(c.req.url).searchParams)
  const address = await requireReturnAddress(c, parameters)
  const request = checkRequest(c, parameters)
  const session = await readSession(c)
  if (request instanceof OAuthError) return refuse(c, address, request, session)
  if (!session) return c.redirect(loginUrl(c.req.url.slice(new URL(c.req.url).origin.length)), 303)
  return askForConsent(c, address, request, session)
}

export async function decide(c: Context<AppEnv>): Promise<Response> {
  requireOwnPage(c)
  const form = (await readForm(c.req.raw)).refuseRepeated('scope')
  const session = await readSession(c)
  const consent = await unseal<Consent>(c.get('config'), 'consent', c.get('issuer'), form.get('seal') ?? '')
  if (!session || consent?.sessionId !== session.id) {
    throw new PageError(
      403,
      'This page is too old',
      'You were signed out, or waited too long. Start again in the app.',
    )
  }
  const { request, redirectUri, state, clientId } = consent
  const address = { client: await requireClient(c, clientId), redirectUri, state }
  if (form.get('decision') !== 'allow') return deny(c, address, session)
  // What the person looked at must be what is allowed.
  requireRegistered(address.client, redirectUri)
  if ((await fingerprint(address.client)) !== consent.shown) {
    return askForConsent(
      c,
      address,
      request,
      session,
      'The app has changed what it says about itself. Look again.',
    )
  }
  const ticked = form.all('scope')
  const offered = describeScopes(request.scopes).map(({ name }) => name)
  if (!ticked.every((scope) => (offered as string[]).includes(scope))) {
    throw new PageError(403, 'That was not offered', 'A permission was sent that this page did not offer.')
  }
  if (ticked.length === 0 && offered.length > 0) {
    return askForConsent(c, address, request, session, 'Nothing is ticked. Tick what to allow, or deny.')
  }
  const scopes = request.scopes.filter((scope) => scope === OFFLINE_ACCESS || ticked.includes(scope))
  return allow(c, address, { ...request, scopes }, session)
}

// RFC 6749 §4.1.2.1: while client and redirect URI are in doubt, nobody is sent anywhere: the person gets a page.
async function requireReturnAddress(c: Context<AppEnv>, parameters: Parameters): Promise<ReturnAddress> {
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

async function requireClient(c: Context<AppEnv>, clientId: string): Promise<Client> {
  return findClient(c.env, c.get('issuer'), clientId).catch((error: unknown) => {
    if (!(error instanceof OAuthError)) throw error
    if (error.code !== 'invalid_client')
      throw new PageError(503, 'One moment', 'Please try again in a few seconds.')
    log('client.refused', { reason: 'unknown_client' })
    throw new PageError(
      400,
      'This app is not known here',
      'It may have waited too long since it introduced itself. In the app, remove this server and add it again.',
    )
  })
}

function requireRegistered(client: Client, redirectUri: string): void {
  if (matchesRedirectUri(client.metadata.redirect_uris, redirectUri)) return
  log('client.refused', { client: client.id, reason: 'redirect_uri_not_registered' })
  throw new PageError(
    400,
    'This request is not safe',
    'It would send you to an address that the app did not register. If you did not expect that, close this page. ' +
      'Otherwise remove this server in the app and add it again.',
  )
}

/** The request, or what is wrong with it. From here on the client may be told. */
function checkRequest(c: Context<AppEnv>, parameters: Parameters): AuthorizationRequest | OAuthError {
  try {
    parameters.refuseRepeated('resource')
    // OpenID Connect Core §6; RFC 9101. Ignoring one would mean checking other parameters than the client meant.
    if (parameters.get('request') ?? parameters.get('request_uri')) {
      throw new OAuthError('invalid_request', 'Request objects are not supported.')
    }
    if (parameters.require('response_type') !== 'code') {
      throw new OAuthError('unsupported_response_type', 'The response_type must be code.')
    }
    return {
      codeChallenge: requireCodeChallenge(
        parameters.get('code_challenge'),
        parameters.get('code_challenge_method'),
      ),
      resource: requireResource(c.get('issuer'), parameters.all('resource')),
      scopes: requestedScopes(parameters.get('scope')),
    }
  } catch (error) {
    if (error instanceof OAuthError) return error
    throw error
  }
}

async function askForConsent(
  c: Context<AppEnv>,
  { client, redirectUri, state }: ReturnAddress,
  request: AuthorizationRequest,
  session: Session,
  notice?: string,
): Promise<Response> {
  const consent: Consent = {
    sessionId: session.id,
    clientId: client.id,
    shown: await fingerprint(client),
    redirectUri,
    ...(state !== undefined && { state }),
    request,
  }
  return consentPage({
    clientName: displayName(client),
    redirectHost: placeOf(redirectUri),
    local: staysOnThisComputer(redirectUri),
    userName: session.user.name,
    scopes: describeScopes(request.scopes),
    lastsDays: LIFETIME.grant / (24 * 60 * 60),
    seal: await seal(c.get('config'), 'consent', c.get('issuer'), consent, LIFETIME.consent),
    notice,
  })
}

async function allow(
  c: Context<AppEnv>,
  address: ReturnAddress,
  request: AuthorizationRequest,
  { user }: Session,
): Promise<Response> {
  const { client, redirectUri } = address
  const approval = {
    ...request,
    issuer: c.get('issuer'),
    userId: user.id,
    userName: user.name,
    clientId: client.id,
    clientName: displayName(client),
    redirectUri,
  }
  try {
    const grantEndsAt = Date.now() + LIFETIME.grant * 1000
    const [{ code, record }] = await Promise.all([
      openGrant(c.env, approval),
      approveClient(c.env, client, grantEndsAt),
    ])
    log('consent.allowed', { grant: record.id, user: user.id, client: client.id, scope: record.scopes })
    return c.redirect(answer(c, address, { code }), 303)
  } catch (error) {
    if (error instanceof OAuthError) return c.redirect(refusalOf(c, address, error), 303)
    throw error
  }
}

function deny(c: Context<AppEnv>, address: ReturnAddress, { user }: Session): Response {
  log('consent.denied', { user: user.id, client: address.client.id })
  return c.redirect(refusalOf(c, address, new OAuthError('access_denied', 'The person said no.')), 303)
}

// RFC 9700 §4.11.2: anyone may register, so a redirect without a person who is signed in would make this server an
// open redirector. Without a session the person is told, and may follow the link.
function refuse(
  c: Context<AppEnv>,
  address: ReturnAddress,
  error: OAuthError,
  session: Session | undefined,
): Response {
  log('client.refused', { client: address.client.id, reason: error.code })
  const url = refusalOf(c, address, error)
  if (session) return c.redirect(url, 303)
  const name = displayName(address.client)
  throw new PageError(
    400,
    'This app asked for something that cannot be done',
    `${name} sent: ${error.description}`,
    {
      href: url,
      text: `Tell the app, at ${placeOf(address.redirectUri)}`,
    },
  )
}

function refusalOf(c: Context<AppEnv>, address: ReturnAddress, error: OAuthError): string {
  return answer(c, address, { error: error.code, error_description: error.description })
}

/** RFC 6749 §4.1.2 and RFC 9207 §2: every answer, good or bad, carries `state` and `iss`. */
function answer(
  c: Context<AppEnv>,
  { redirectUri, state }: ReturnAddress,
  fields: Record<string, string>,
): string {
  const query = new URLSearchParams({
    ...fields,
    ...(state !== undefined && { state }),
    iss: c.get('issuer'),
  })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}

/** The place that a redirect leads to, in words for a person. Hosts are in ASCII, so that none looks like another. */
function placeOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (isLoopback(url.hostname)) return `this computer (${url.host})`
  return url.protocol === 'https:' ? url.host : `the app behind ${url.protocol}//`
}

function fingerprint(client: Client): Promise<string> {
  return hashSecret(JSON.stringify(client.metadata))
}

function notUnderstood(detail: string): PageError {
  return new PageError(400, 'This request is incomplete', `${detail} Start again in the app.`)
}
