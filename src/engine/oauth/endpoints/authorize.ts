// The authorization endpoint (RFC 6749 §4.1.1, OAuth 2.1 §4.1). The URL is the pending state: nothing is stored
// until a person has approved. GET checks the request and shows the consent page; POST, from that page, decides.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { seal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { requireOwnPage } from '../../http/own-page.ts'
import { PageError } from '../../http/page-error.ts'
import { Parameters, readForm } from '../../http/parameters.ts'
import { whereFrom } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import { consentPage } from '../../pages/consent.tsx'
import { withinCeiling } from '../../people/ceiling.ts'
import { secondsLeft } from '../../people/identity.ts'
import { loginUrl, proofOf, readSessionAndGrants, type Session } from '../../people/session.ts'
import { displayName } from '../clients/client.ts'
import { isDocumentUrl } from '../clients/document-url.ts'
import { staysOnThisComputer } from '../clients/redirect-uri.ts'
import { approveClient } from '../clients/registration-store.ts'
import { openGrant } from '../grants/opening-store.ts'
import { grantIdsOf } from '../grants/user-store.ts'
import { describeScopes, OFFLINE_ACCESS, RESOURCE_SCOPES } from '../scopes.ts'
import { type AllowedBefore, allowedBefore } from './allowed-before.ts'
import {
  type AuthorizationRequest,
  checkRequest,
  type ReturnAddress,
  requireReturnAddress,
} from './authorization-request.ts'
import { destinationOf, refusalUrl, refuse, responseUrl } from './authorization-response.ts'
import {
  type Consent,
  checkDecision,
  type Decision,
  fingerprint,
  requireDecision,
} from './consent-decision.ts'

/** In characters, as much as comes back from a sign-in elsewhere (login/flow.ts). Clients have been seen to send 4,000. */
const MAX_REQUEST_LENGTH = 12_000

export async function authorize(c: Context<AppEnv>): Promise<Response> {
  if (pathOf(c).length > MAX_REQUEST_LENGTH) throw tooLong()
  const parameters = Parameters.from(new URL(c.req.url).search.slice(1))
  // Asked at the same time: client and account are kept in different places, and neither answer depends on the other.
  const [address, signedIn] = await Promise.all([
    requireReturnAddress(c, parameters),
    readSessionAndGrants(c, parameters.get('client_id') ?? ''),
  ])
  const request = checkRequest(c, parameters)
  if (request instanceof OAuthError) return refuse(c, address, request, signedIn?.session)
  if (!signedIn) return c.redirect(loginUrl(pathOf(c)), 303)
  const { session, grantIds } = signedIn
  const scopes = withinCeiling(c.get('settings'), session.identity, request.scopes)
  if (scopes.length === 0 && request.scopes.length > 0) {
    return refuse(
      c,
      address,
      new OAuthError('invalid_scope', 'This person may grant none of these scopes.'),
      session,
    )
  }
  // RFC 6749 §3.3: a grant may differ from its request. Most apps cannot ask again once a tool needs more.
  const further = withinCeiling(c.get('settings'), session.identity, RESOURCE_SCOPES).filter(
    (scope) => !scopes.includes(scope),
  )
  const before = await allowedBefore(c.env, grantIds, { scopes }, address.redirectUri)
  return askForConsent(c, { address, request: { ...request, scopes }, further, session, before })
}

export async function decide(c: Context<AppEnv>): Promise<Response> {
  requireOwnPage(c)
  const form = (await readForm(c.req.raw)).refuseRepeated('scope')
  const decision = await requireDecision(c, form)
  const { address, request, further, session, ticked } = decision
  if (form.get('decision') !== 'allow') return deny(c, address, session)
  const notice = await checkDecision(decision)
  if (notice !== undefined) {
    const grantIds = await grantIdsOf(c.env, session.userId, address.client.id)
    const before = await allowedBefore(c.env, grantIds, request, address.redirectUri)
    return askForConsent(c, { address, request, further, session, before }, notice)
  }
  const scopes = [...request.scopes, ...further].filter(
    (scope) => scope === OFFLINE_ACCESS || ticked.includes(scope),
  )
  return allow(c, address, { ...request, scopes }, session)
}

interface Question extends Pick<Decision, 'address' | 'request' | 'further' | 'session'> {
  readonly before: AllowedBefore
}

async function askForConsent(
  c: Context<AppEnv>,
  { address, request, further, session, before }: Question,
  notice?: string,
): Promise<Response> {
  const { client, redirectUri, state } = address
  const consent: Consent = {
    sessionId: session.id,
    clientId: client.id,
    shown: await fingerprint(client),
    redirectUri,
    ...(state !== undefined && { state }),
    request,
    further,
  }
  const local = staysOnThisComputer(redirectUri)
  return consentPage({
    clientName: displayName(client),
    clientId: client.id,
    vouchedBy: isDocumentUrl(client.id) ? new URL(client.id).host : undefined,
    redirectUri,
    redirectHost: destinationOf(redirectUri),
    local,
    userName: session.identity.name,
    path: c.req.method === 'GET' ? pathOf(c) : undefined,
    scopes: describeScopes(request.scopes),
    already: before.scopes,
    // Of a program on this computer it proves nothing: another one can use the same port.
    sameAt: local ? undefined : before.sameAt,
    further: describeScopes(further),
    lastsDays: Math.ceil(secondsLeft(session.identity, LIFETIME.grant) / (24 * 60 * 60)),
    seal: await seal(c.get('settings'), 'consent', c.get('issuer'), consent, LIFETIME.consent),
    notice,
  })
}

async function allow(
  c: Context<AppEnv>,
  address: ReturnAddress,
  request: AuthorizationRequest,
  session: Session,
): Promise<Response> {
  const { userId, identity } = session
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
    session: proofOf(session),
  }
  try {
    const grantEndsAt = Date.now() + LIFETIME.grant * 1000
    // First whether there is room for a grant: the client, too, is written to KV.
    const { code, record } = await openGrant(c.env, approval)
    await approveClient(c.env, client, grantEndsAt, record.id)
    const shown = { person: identity, app: record.clientName }
    audit(
      'consent.allowed',
      { user: userId, client: client.id, grant: record.id, scopes: record.scopes },
      shown,
    )
    return c.redirect(responseUrl(c, address, { code }), 303)
  } catch (error) {
    if (error instanceof OAuthError) return c.redirect(refusalUrl(c, address, error), 303)
    throw error
  }
}

function deny(c: Context<AppEnv>, address: ReturnAddress, { userId, identity }: Session): Response {
  const { client } = address
  const shown = { person: identity, app: displayName(client) }
  audit('consent.denied', { user: userId, client: client.id }, shown)
  return c.redirect(refusalUrl(c, address, new OAuthError('access_denied', 'The person said no.')), 303)
}

function tooLong(): PageError {
  return new PageError(
    414,
    'This request is too long',
    `The app sent more than ${MAX_REQUEST_LENGTH} characters. Tell the makers of the app.`,
  )
}

function pathOf(c: Context<AppEnv>): string {
  const { pathname, search } = new URL(c.req.url)
  return pathname + search
}
