// /account: what a person has allowed, and taking it back. A client may hold several grants (each step-up makes
// one); the page shows one app, and Revoke ends all of them.
import { Hono } from 'hono'
import { log } from '../log.ts'
import { loginUrl, readSession } from '../login/session.ts'
import type { GrantDescription } from '../oauth/grants/object.ts'
import { grantsOf, revokeGrant } from '../oauth/grants/store.ts'
import { readForm } from '../oauth/parameters.ts'
import { describeScopes } from '../oauth/scopes.ts'
import { type AppEnv, requireOwnPage } from '../origin.ts'
import { accountPage, type ConnectedApp } from '../pages/account.tsx'

export const accountRoutes = new Hono<AppEnv>()

accountRoutes.get('/account', async (c) => {
  const session = await readSession(c)
  if (!session) return c.redirect(loginUrl('/account'), 303)
  const apps = groupByClient(await grantsOf(c.env, session.user.id))
  const notice =
    c.req.query('revoked') === undefined ? undefined : 'Revoked. The app is out within two minutes.'
  return accountPage({ userName: session.user.name, apps, notice })
})

accountRoutes.post('/account/revoke', async (c) => {
  requireOwnPage(c)
  const session = await readSession(c)
  if (!session) return c.redirect(loginUrl('/account'), 303)
  const clientId = (await readForm(c.req.raw)).require('client_id')
  // Looked up among the person's own grants, so that nobody can name another's.
  const grants = (await grantsOf(c.env, session.user.id)).filter(({ record }) => record.clientId === clientId)
  for (const { record } of grants) {
    await revokeGrant(c.env, record.id, 'revoked_by_user')
    log('grant.revoked', {
      grant: record.id,
      user: record.userId,
      client: clientId,
      reason: 'revoked_by_user',
    })
  }
  return c.redirect('/account?revoked', 303)
})

function groupByClient(grants: readonly GrantDescription[]): ConnectedApp[] {
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
