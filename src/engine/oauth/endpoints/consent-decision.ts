// The decision on a consent page: what was shown, and what has to hold before it counts.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { sha256 } from '../../crypto/digest.ts'
import { type SealKind, unseal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { PageError } from '../../http/page-error.ts'
import type { Parameters } from '../../http/parameters.ts'
import { withinCeiling } from '../../people/ceiling.ts'
import { secondsLeft } from '../../people/identity.ts'
import { readSession, type Session } from '../../people/session.ts'
import type { Gate } from '../../settings/resources.ts'
import { type Client, displayName } from '../clients/client.ts'
import { isDocumentUrl } from '../clients/document-url.ts'
import { TOO_OLD } from '../grants/opening-store.ts'
import { resourceNamed } from '../resource.ts'
import { describeScopes, OFFLINE_ACCESS } from '../scopes.ts'
import { requireClient } from './authorization-request.ts'

/** What an app asks for. */
interface Request {
  readonly scopes: readonly string[]
  readonly resource: string
}

/** What a person is asked: by which app, in which session, for what. */
export interface Question<R extends Request> {
  readonly client: Client
  readonly session: Session
  readonly request: R
  /** What the person could allow beside that. */
  readonly further: readonly string[]
}

/** What every consent page showed, sealed into its form. */
export interface Consent<R extends Request> {
  readonly sessionId: string
  readonly clientId: string
  /** A hash of what the client said of itself when the page was made. */
  readonly shown: string
  readonly request: R
  readonly further?: readonly string[]
}

/** What a person has decided about, as it is now. */
export interface Decision<R extends Request, C extends Consent<R>> extends Question<R> {
  readonly consent: C
  /** The scopes that came with the form. */
  readonly ticked: readonly string[]
}

/**
 * What a request comes to for this person; undefined where they may grant nothing of it.
 * RFC 6749 §3.3: a grant may differ from its request. Most apps cannot ask again once a tool needs more.
 */
export function questionFor<R extends Request>(
  c: Context<AppEnv>,
  client: Client,
  session: Session,
  request: R,
): Question<R> | undefined {
  const allowed = (scopes: readonly string[]) => withinCeiling(c.get('settings'), session.identity, scopes)
  const scopes = allowed(request.scopes)
  if (scopes.length === 0 && request.scopes.length > 0) return undefined
  const ofResource = resourceNamed(c.var, request.resource)?.scopes ?? []
  const further = allowed(ofResource).filter((scope) => !scopes.includes(scope))
  return { client, session, request: { ...request, scopes }, further }
}

/** What is sealed into the form of every consent page. */
export async function consentTo<R extends Request>(question: Question<R>): Promise<Consent<R>> {
  const { client, session, request, further } = question
  return { sessionId: session.id, clientId: client.id, shown: await fingerprint(client), request, further }
}

/** What every consent page shows. */
export function shownOf(gate: Gate, { client, session, request, further }: Question<Request>) {
  return {
    server: serverNamed(gate, request.resource),
    clientName: displayName(client),
    clientId: client.id,
    vouchedBy: isDocumentUrl(client.id) ? new URL(client.id).host : undefined,
    userName: session.identity.name,
    scopes: describeScopes(request.scopes),
    further: describeScopes(further),
    lastsDays: Math.ceil(secondsLeft(session.identity, LIFETIME.grant) / (24 * 60 * 60)),
  }
}

/** What to call the server that an app asks for; undefined where there is one server. */
function serverNamed(gate: Gate, resource: string): string | undefined {
  return gate.resources.length > 1 ? (resourceNamed(gate, resource)?.name ?? resource) : undefined
}

/**
 * What the form answers: the page that this browser was shown, in this session.
 * @param kind of the seal @throws PageError 403
 */
export async function requireDecision<R extends Request, C extends Consent<R>>(
  c: Context<AppEnv>,
  kind: SealKind,
  form: Parameters,
): Promise<Decision<R, C>> {
  const settings = c.get('settings')
  const consent = await unseal<C>(settings, kind, c.get('issuer'), form.get('seal') ?? '')
  const [session, client] = await Promise.all([readSession(c), consent && requireClient(c, consent.clientId)])
  if (!session || !client || consent?.sessionId !== session.id) throw TOO_OLD
  // A ceiling may have come down while the person looked at the page.
  const allowed = (scopes: readonly string[]) => withinCeiling(settings, session.identity, scopes)
  return {
    consent,
    client,
    request: { ...consent.request, scopes: allowed(consent.request.scopes) },
    further: allowed(consent.further ?? []),
    session,
    ticked: form.all('scope'),
  }
}

/** The scopes that were chosen of those that the page showed. */
export function chosenScopes({ request, further, ticked }: Decision<Request, Consent<Request>>): string[] {
  return [...request.scopes, ...further].filter((one) => one === OFFLINE_ACCESS || ticked.includes(one))
}

/** Throws where the request is not safe. Returns a notice where the person has to look again. */
type Check = (
  decision: Decision<Request, Consent<Request>>,
) => string | undefined | Promise<string | undefined>

// First whether the person saw what this is, then what they ticked.
const CHECKS: readonly Check[] = [
  async ({ consent, client }) =>
    (await fingerprint(client)) === consent.shown
      ? undefined
      : 'The app has changed what it says about itself. Look again.',
  ({ request, further, ticked }) => {
    const offered = offeredScopes([...request.scopes, ...further])
    if (ticked.every((scope) => offered.includes(scope))) return undefined
    throw new PageError(403, 'That was not offered', 'A permission was sent that this page did not offer.')
  },
  ({ request, ticked }) =>
    ticked.length === 0 && offeredScopes(request.scopes).length > 0
      ? 'Nothing is ticked. Tick what to allow, or deny.'
      : undefined,
]

/** Whether the decision can be carried out; else the notice with which the person looks again. @throws PageError 403 */
export async function checkDecision(
  decision: Decision<Request, Consent<Request>>,
): Promise<string | undefined> {
  for (const check of CHECKS) {
    const notice = await check(decision)
    if (notice !== undefined) return notice
  }
  return undefined
}

function offeredScopes(scopes: readonly string[]): string[] {
  return describeScopes(scopes).map(({ name }) => name)
}

/** A hash of what a client says of itself. */
function fingerprint(client: Client): Promise<string> {
  return sha256(JSON.stringify(client.metadata))
}
