// Everything that this server keeps about one user, as they download it. Passkeys and tokens appear without what signs in.
import type { KeptRow } from '../../log/audit-object.ts'
import { eventsOf } from '../../log/audit-store.ts'
import { activityOf } from '../../oauth/grants/logged.ts'
import type { GrantDescription } from '../../oauth/grants/object.ts'
import { grantsOf } from '../../oauth/grants/user-store.ts'
import { accountOf } from '../../people/account-store.ts'
import type { Activity } from '../../people/activity.ts'
import type { Session } from '../../people/session.ts'

/**
 * What your handlers keep of a user, beside `forget` in src/server/index.ts: JSON values under names of your own.
 * Undefined and absent values are left out.
 */
export type ExportData = (env: Env, userId: string) => Promise<Readonly<Record<string, unknown>>>

/** More than an account keeps. */
const ALL = 10_000

/** @throws whatever storage or a tool throws */
export async function dataOf(
  env: Env,
  { userId, identity, method }: Session,
  exportData: ExportData,
): Promise<Record<string, unknown>> {
  const account = accountOf(env, userId)
  const [grants, { activity, sessions }, services, passkeys, tokens, invitations, events, others] =
    await Promise.all([
      grantsOf(env, userId),
      account.past(ALL),
      account.upstreamNames(),
      account.passkeys(),
      account.personalTokens(),
      account.invitations(),
      eventsOf(env, userId),
      exportData(env, userId),
    ])
  const happened = [...activity, ...grants.flatMap(activityOf)].sort((a, b) => b.at - a.at)
  return {
    account: {
      id: userId,
      name: identity.name,
      signs_in_with: identity.method,
      signed_in_with: method,
      issuer: identity.issuer || undefined,
      subject: identity.subject,
      known_as: identity.knownAs,
      ends_at: time(identity.expiresAt),
    },
    apps: grants.map(appOf),
    activity: happened.map(({ at, ...one }: Activity) => ({ at: time(at), ...one })),
    open_sessions: sessions.map(({ method, place, beganAt, seenAt, endsAt }) => ({
      signed_in_with: method,
      place: place || undefined,
      began_at: time(beganAt),
      last_seen_at: time(seenAt),
      ends_at: time(endsAt),
    })),
    signed_in_for_tools_at: services,
    security_events: events.map(eventOf),
    passkeys: passkeys.map(({ name, createdAt, lastUsedAt }) => ({
      name,
      created_at: time(createdAt),
      last_used_at: time(lastUsedAt),
    })),
    personal_access_tokens: tokens.map(({ id, name, scopes, createdAt, expiresAt, lastUsedAt }) => ({
      id,
      name,
      scopes,
      created_at: time(createdAt),
      expires_at: time(expiresAt),
      last_used_at: time(lastUsedAt),
    })),
    open_invitations: invitations.map(({ name, expiresAt }) => ({ name, expires_at: time(expiresAt) })),
    ...others,
  }
}

// Which owner acted is the owner's, not the user's.
function eventOf({ at, event, fields, times }: KeptRow) {
  const { actor: _actor, ...known } = JSON.parse(fields)
  return { at: time(at), event, ...known, times }
}

function appOf({ record, lastUsedAt }: GrantDescription) {
  return {
    client_id: record.clientId,
    name: record.clientName,
    scopes: record.scopes,
    approved_at: time(record.createdAt),
    last_used_at: time(lastUsedAt),
    ends_at: time(record.expiresAt),
  }
}

/** ISO 8601 in UTC. */
function time(at: number | null | undefined): string | undefined {
  return at == null ? undefined : new Date(at).toISOString()
}
