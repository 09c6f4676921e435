// Grants as people see them: a client may hold several, since each step-up makes one, and is one app.
import { orUnavailable } from '../http/errors.ts'
import type { GrantDescription } from '../oauth/grants/object.ts'
import { describeGrants } from '../oauth/grants/user-store.ts'
import { resourceNamed } from '../oauth/resource.ts'
import { describeScopes } from '../oauth/scopes.ts'
import type { Apps, ConnectedApp } from '../pages/apps.tsx'
import { accountOf } from '../people/account-store.ts'
import type { Gate } from '../settings/resources.ts'

/** Of one page. Each grant is one request to its object: with the rest, a page makes at most 50 requests. */
const MOST = { apps: 20, ids: 40 }

/**
 * A page of the apps of a person, those that were approved last first.
 * @param from what an earlier page gave as its next
 * @throws OAuthError 503
 */
export async function appsOf(
  env: Env,
  gate: Gate,
  userId: string,
  from = '',
): Promise<{ apps: Apps; grants: readonly GrantDescription[] }> {
  const offset = /^\d{1,5}$/.test(from) ? Number(from) : 0
  const given = await orUnavailable(accountOf(env, userId).givenApps(offset, MOST))
  const ids = given.page.flatMap((app) => app.ids)
  const grants = await describeGrants(env, ids)
  const end = offset + given.page.length
  return {
    grants,
    apps: {
      shown: groupByClient(gate, grants),
      next: end < given.apps ? String(end) : undefined,
      total: given.apps,
      approvals: given.grants,
      isFirst: offset === 0,
      isWhole: ids.length === given.grants,
    },
  }
}

/** The newest first, as the grants are. */
function groupByClient(gate: Gate, grants: readonly GrantDescription[]): ConnectedApp[] {
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
