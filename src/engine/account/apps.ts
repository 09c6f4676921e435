// Grants as people see them: a client may hold several, since each step-up makes one, and is one app.
import type { GrantDescription } from '../oauth/grants/object.ts'
import { describeScopes } from '../oauth/scopes.ts'
import type { ConnectedApp } from '../pages/account.tsx'

/** The newest first, as the grants are. */
export function groupByClient(grants: readonly GrantDescription[]): ConnectedApp[] {
  const byClient = Map.groupBy(grants, ({ record }) => record.clientId)
  return [...byClient].map(([clientId, ofClient]) => ({
    clientId,
    name: ofClient[0]?.record.clientName ?? clientId,
    scopes: describeScopes([...new Set(ofClient.flatMap(({ record }) => record.scopes))]),
    since: Math.min(...ofClient.map(({ record }) => record.createdAt)),
    lastUsedAt: Math.max(...ofClient.map(({ lastUsedAt }) => lastUsedAt)),
    endsAt: Math.max(...ofClient.map(({ record }) => record.expiresAt)),
  }))
}
