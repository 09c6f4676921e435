// Grants as people see them: a client may hold several, since each step-up makes one, and is one app.
import type { GrantDescription } from '../oauth/grants/object.ts'
import { resourceNamed } from '../oauth/resource.ts'
import { describeScopes } from '../oauth/scopes.ts'
import type { ConnectedApp } from '../pages/account.tsx'
import type { Gate } from '../settings/resources.ts'

/** The newest first, as the grants are. */
export function groupByClient(gate: Gate, grants: readonly GrantDescription[]): ConnectedApp[] {
  const byClient = Map.groupBy(grants, ({ record }) => record.clientId)
  return [...byClient].map(([clientId, ofClient]) => ({
    clientId,
    name: ofClient[0]?.record.clientName ?? clientId,
    servers: serversOf(gate, ofClient),
    scopes: describeScopes([...new Set(ofClient.flatMap(({ record }) => record.scopes))]),
    since: Math.min(...ofClient.map(({ record }) => record.createdAt)),
    lastUsedAt: Math.max(...ofClient.map(({ lastUsedAt }) => lastUsedAt)),
    endsAt: Math.max(...ofClient.map(({ record }) => record.expiresAt)),
  }))
}

/** What the servers are called that an app may use; none where there is one server. */
function serversOf(gate: Gate, grants: readonly GrantDescription[]): string[] {
  if (gate.resources.length === 1) return []
  const named = grants.map(({ record }) => resourceNamed(gate, record.resource)?.name ?? record.resource)
  return [...new Set(named)]
}
