// The authorization endpoint (RFC 6749 §4.1.1, OAuth 2.1 §4.1). The URL is the pending state: nothing is stored
// until a person has approved. GET checks the request and shows the consent page; POST, from that page, decides.
import type { Context } from 'hono'
import { LIFETIME } from '../../config.ts'
import { secondsLeft, withinCeiling } from '../../identity.ts'
import { log } from '../../log.ts'
import { loginUrl, readSession, type Session } from '../../login/session.ts'
import { type AppEnv, requireOwnPage, whereFrom } from '../../origin.ts'
import { consentPage } from '../../pages/consent.tsx'
import { PageError } from '../../pages/error.tsx'
import { seal, unseal } from '../../seal.ts'
import { type Client, displayName } from '../clients/client.ts'
import { isDocumentUrl } from '../clients/document-url.ts'
import { staysOnThisComputer } from '../clients/redirect-uri.ts'
import { approveClient } from '../clients/store.ts'
import { OAuthError } from '../errors.ts'
import { openGrant } from '../grants/store.ts'
import { Parameters, readForm } from '../parameters.ts'
import { describeScopes, OFFLINE_ACCESS } from '../scopes.ts'
import { hashSecret } from '../tokens/secret.ts'
import {
  type AuthorizationRequest,
  checkRequest,
  type ReturnAddress,
  requireClient,
  requireRegistered,
  requireReturnAddress,
} from './authorization-request.ts'
import { answer, placeOf, refusalOf, refuse } from './authorization-response.ts'

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
  // Asked at the same time: client and account are kept in different places, and neither answer depends on the other.
  const [address, session] = await Promise.all([requireReturnAddress(c, parameters), readSession(c)])
  const request = checkRequest(c, parameters)
  if (request instanceof OAuthError) return refuse(c, address, request, session)
  if (!session) return c.redirect(loginUrl(pathOf(c)), 303)
  const scopes = withinCeiling(c.get('config'), session.identity, request.scopes)
  if (scopes.length === 0 && request.scopes.length > 0) {
    return refuse(
      c,
      address,
      new OAuthError('invalid_scope', 'This person may grant none of these scopes.'),
      session,
    )
  }
  return askForConsent(c, address, { ...request, scopes }, session)
}

export async function decide(c: Context<AppEnv>): Promise<Response> {
  requireOwnPage(c)
  const form = (await readForm(c.req.raw)).refuseRepeated('scope')
  const consent = await unseal<Consent>(c.get('config'), 'consent', c.get('issuer'), form.get('seal') ?? '')
  const [session, client] = await Promise.all([readSession(c), consent && requireClient(c, consent.clientId)])
  if (!session || !client || consent?.sessionId !== session.id) {
    throw new PageError(
      403,
      'This page is too old',
      'You were signed out, or waited too long. Start again in the app.',
    )
  }
  const { redirectUri, state } = consent
  // What the person may grant can have become less while they looked at the page.
  const scopesNow = withinCeiling(c.get('config'), session.identity, consent.request.scopes)
  const request = { ...consent.request, scopes: scopesNow }
  const address = { client, redirectUri, state }
  if (form.get('decision') !== 'allow') return deny(c, address, session)
  // What the person looked at must be what is allowed.
  requireRegistered(client, redirectUri)
  if ((await fingerprint(client)) !== consent.shown) {
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
    vouchedBy: isDocumentUrl(client.id) ? new URL(client.id).host : undefined,
    redirectHost: placeOf(redirectUri),
    local: staysOnThisComputer(redirectUri),
    userName: session.identity.name,
    path: c.req.method === 'GET' ? pathOf(c) : undefined,
    scopes: describeScopes(request.scopes),
    lastsDays: Math.ceil(secondsLeft(session.identity, LIFETIME.grant) / (24 * 60 * 60)),
    seal: await seal(c.get('config'), 'consent', c.get('issuer'), consent, LIFETIME.consent),
    notice,
  })
}

async function allow(
  c: Context<AppEnv>,
  address: ReturnAddress,
  request: AuthorizationRequest,
  { userId, identity }: Session,
): Promise<Response> {
  const { client, redirectUri } = address
  const approval = {
    ...request,
    issuer: c.get('issuer'),
    userId,
    identity,
    place: whereFrom(c),
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
    const shown = { person: identity, app: record.clientName }
    log(
      'consent.allowed',
      { user: userId, client: client.id, grant: record.id, scopes: record.scopes },
      shown,
    )
    return c.redirect(answer(c, address, { code }), 303)
  } catch (error) {
    if (error instanceof OAuthError) return c.redirect(refusalOf(c, address, error), 303)
    throw error
  }
}

function deny(c: Context<AppEnv>, address: ReturnAddress, { userId, identity }: Session): Response {
  const { client } = address
  const shown = { person: identity, app: displayName(client) }
  log('consent.denied', { user: userId, client: client.id }, shown)
  return c.redirect(refusalOf(c, address, new OAuthError('access_denied', 'The person said no.')), 303)
}

function pathOf(c: Context<AppEnv>): string {
  const { pathname, search } = new URL(c.req.url)
  return pathname + search
}

function fingerprint(client: Client): Promise<string> {
  return hashSecret(JSON.stringify(client.metadata))
}
