// The decision on the consent page: what was shown, and what has to hold before it counts.
import type { Context } from 'hono'
import { sha256 } from '../../crypto/digest.ts'
import { unseal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { PageError } from '../../http/page-error.ts'
import type { Parameters } from '../../http/parameters.ts'
import { withinCeiling } from '../../people/ceiling.ts'
import { readSession, type Session } from '../../people/session.ts'
import type { Client } from '../clients/client.ts'
import { TOO_OLD } from '../grants/opening-store.ts'
import { describeScopes } from '../scopes.ts'
import {
  type AuthorizationRequest,
  type ReturnAddress,
  requireClient,
  requireRegistered,
} from './authorization-request.ts'

/** What the consent page showed, sealed into its form. */
export interface Consent {
  readonly sessionId: string
  readonly clientId: string
  /** A hash of what the client said of itself when the page was made. */
  readonly shown: string
  readonly redirectUri: string
  readonly state?: string
  readonly request: AuthorizationRequest
  /** What the person could allow beside that. */
  readonly further?: readonly string[]
}

/** What a person has decided about, as it is now. */
export interface Decision {
  readonly consent: Consent
  readonly address: ReturnAddress
  readonly request: AuthorizationRequest
  readonly further: readonly string[]
  readonly session: Session
  /** The scopes that came with the form. */
  readonly ticked: readonly string[]
}

/** What the form answers: the page that this browser was shown, in this session. @throws PageError 403 */
export async function requireDecision(c: Context<AppEnv>, form: Parameters): Promise<Decision> {
  const settings = c.get('settings')
  const consent = await unseal<Consent>(settings, 'consent', c.get('issuer'), form.get('seal') ?? '')
  const [session, client] = await Promise.all([readSession(c), consent && requireClient(c, consent.clientId)])
  if (!session || !client || consent?.sessionId !== session.id) throw TOO_OLD
  const { redirectUri, state } = consent
  // A ceiling may have come down while the person looked at the page.
  const allowed = (scopes: readonly string[]) => withinCeiling(settings, session.identity, scopes)
  return {
    consent,
    address: { client, redirectUri, state },
    request: { ...consent.request, scopes: allowed(consent.request.scopes) },
    further: allowed(consent.further ?? []),
    session,
    ticked: form.all('scope'),
  }
}

/** Throws where the request is not safe. Returns a notice where the person has to look again. */
type Check = (decision: Decision) => string | undefined | Promise<string | undefined>

// First where the answer goes, then whether the person saw what this is, then what they ticked.
const CHECKS: readonly Check[] = [
  ({ address }) => {
    requireRegistered(address.client, address.redirectUri)
    return undefined
  },
  async ({ consent, address }) =>
    (await fingerprint(address.client)) === consent.shown
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
export async function checkDecision(decision: Decision): Promise<string | undefined> {
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
export function fingerprint(client: Client): Promise<string> {
  return sha256(JSON.stringify(client.metadata))
}
