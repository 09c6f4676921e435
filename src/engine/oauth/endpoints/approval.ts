// What follows from Allow: a grant is opened, its client is kept, and both are written down.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import type { AppEnv } from '../../http/app-env.ts'
import { whereFrom } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import { proofOf, type Session } from '../../people/session.ts'
import { type Client, displayName } from '../clients/client.ts'
import { approveClient } from '../clients/registration-store.ts'
import type { Code, GrantRecord } from '../grants/grant.ts'
import { keepRecord, openGrant } from '../grants/opening-store.ts'

interface Approved {
  readonly client: Client
  readonly session: Session
  readonly scopes: readonly string[]
  readonly resource: string
}

/** @param code with which the client gets its tokens @throws OAuthError `access_denied`, 503 · PageError 403, 429 */
export async function approve(
  c: Context<AppEnv>,
  { client, session, scopes, resource }: Approved,
  code: Code,
): Promise<GrantRecord> {
  const { userId, identity } = session
  const approval = {
    issuer: c.get('issuer'),
    userId,
    identity,
    clientId: client.id,
    clientName: displayName(client),
    scopes,
    resource,
    place: whereFrom(c),
    session: proofOf(session),
  }
  const grantEndsAt = Date.now() + LIFETIME.grant * 1000
  // First whether there is room for a grant: both of the others write to KV. Neither of them depends on the other. If one
  // fails, the client gets no code, and the grant ends with it.
  const record = await openGrant(c.env, approval, code)
  await Promise.all([keepRecord(c.env, record), approveClient(c.env, client, grantEndsAt, record.id)])
  const shown = { person: identity, app: record.clientName }
  audit('consent.allowed', { user: userId, client: client.id, grant: record.id, scopes }, shown)
  return record
}

/** Writes a refusal down. */
export function deny({ client, session: { userId, identity } }: Pick<Approved, 'client' | 'session'>): void {
  audit('consent.denied', { user: userId, client: client.id }, { person: identity, app: displayName(client) })
}
