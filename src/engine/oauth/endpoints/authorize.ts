// The authorization endpoint (RFC 6749 §4.1.1, OAuth 2.1 §4.1). The URL is the pending state: nothing is stored
// until a person has approved. GET checks the request and shows the consent page; POST, from that page, decides.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { sha256 } from '../../crypto/digest.ts'
import { seal } from '../../crypto/seal.ts'
import { randomSecret } from '../../crypto/secrets.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError } from '../../http/errors.ts'
import { requireOwnPage } from '../../http/own-page.ts'
import { PageError } from '../../http/page-error.ts'
import { Parameters, readForm } from '../../http/parameters.ts'
import { consentPage, ON_THIS_COMPUTER } from '../../pages/consent.tsx'
import { loginUrl, readSessionAndGrants } from '../../people/session.ts'
import { staysOnThisComputer } from '../clients/redirect-uri.ts'
import { grantIdsOf } from '../grants/user-store.ts'
import { formatHandle } from '../tokens/handle.ts'
import { allowedBefore } from './allowed-before.ts'
import { approve, deny } from './approval.ts'
import {
  type AuthorizationRequest,
  checkRequest,
  type ReturnAddress,
  requireRegistered,
  requireReturnAddress,
} from './authorization-request.ts'
import { destinationOf, refusalUrl, refuse, responseUrl } from './authorization-response.ts'
import {
  type Consent,
  checkDecision,
  chosenScopes,
  consentTo,
  type Decision,
  type Question,
  questionFor,
  requireDecision,
  shownOf,
} from './consent-decision.ts'

/** What the consent page showed, with where the answer goes. */
type Asked = Consent<AuthorizationRequest> & Pick<ReturnAddress, 'redirectUri'> & { readonly state?: string }

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
  const request = checkRequest(c, address.client, parameters)
  if (request instanceof OAuthError) return refuse(c, address, request, signedIn?.session)
  if (!signedIn) return c.redirect(loginUrl(pathOf(c)), 303)
  const { session, grantIds } = signedIn
  const question = questionFor(c, address.client, session, request)
  if (question) return askForConsent(c, address, question, grantIds)
  const error = new OAuthError('invalid_scope', 'This person may grant none of these scopes.')
  return refuse(c, address, error, session)
}

export async function decide(c: Context<AppEnv>): Promise<Response> {
  requireOwnPage(c)
  const form = (await readForm(c.req.raw)).refuseRepeated('scope')
  const decision = await requireDecision<AuthorizationRequest, Asked>(c, 'consent', form)
  const { client, consent, session } = decision
  const address = { client, redirectUri: consent.redirectUri, state: consent.state }
  if (form.get('decision') !== 'allow') {
    deny(decision)
    const error = new OAuthError('access_denied', 'The person said no.')
    return c.redirect(refusalUrl(c, address, error), 303)
  }
  // First where the answer goes: the client may have changed while the person looked at the page.
  requireRegistered(client, address.redirectUri)
  const notice = await checkDecision(decision)
  if (notice === undefined) return allow(c, address, decision)
  const grantIds = await grantIdsOf(c.env, session.userId, client.id)
  return askForConsent(c, address, decision, grantIds, notice)
}

/** @param grantIds the person's grants to this client, the newest first */
async function askForConsent(
  c: Context<AppEnv>,
  { redirectUri, state }: ReturnAddress,
  question: Question<AuthorizationRequest>,
  grantIds: readonly string[],
  notice?: string,
): Promise<Response> {
  const consent: Asked = {
    ...(await consentTo(question)),
    redirectUri,
    ...(state !== undefined && { state }),
  }
  const before = await allowedBefore(c.env, grantIds, question.request, redirectUri)
  const local = staysOnThisComputer(redirectUri)
  return consentPage({
    ...shownOf(c.var, question),
    action: '/authorize',
    facts: [{ name: 'You will be sent to', value: destinationOf(redirectUri) }],
    warning: local ? ON_THIS_COMPUTER : undefined,
    redirectUri,
    path: c.req.method === 'GET' ? pathOf(c) : undefined,
    already: before.scopes,
    // Of a program on this computer it proves nothing: another one can use the same port.
    sameAt: local ? undefined : before.sameAt,
    seal: await seal(c.get('settings'), 'consent', c.get('issuer'), consent, LIFETIME.consent),
    notice,
  })
}

async function allow(
  c: Context<AppEnv>,
  address: ReturnAddress,
  decision: Decision<AuthorizationRequest, Asked>,
): Promise<Response> {
  const { client, session, request } = decision
  const { resource, codeChallenge } = request
  const secret = randomSecret()
  const code = {
    hash: await sha256(secret),
    redirectUri: address.redirectUri,
    codeChallenge,
    expiresAt: Date.now() + LIFETIME.code * 1000,
  }
  try {
    const scopes = chosenScopes(decision)
    const { id } = await approve(c, { client, session, scopes, resource }, code)
    return c.redirect(responseUrl(c, address, { code: formatHandle(id, secret) }), 303)
  } catch (error) {
    if (error instanceof OAuthError) return c.redirect(refusalUrl(c, address, error), 303)
    throw error
  }
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
