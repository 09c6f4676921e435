// Sends rare events to the audit object: never a tool call, an MCP request or a plain refresh.
import { env } from 'cloudflare:workers'
import { inJurisdiction } from '../settings/jurisdiction.ts'
import type { AuditObject, KeptEvent, KeptRow, RecentEvents, Wanted } from './audit-object.ts'
import { type AuditEvent, KEPT, type Line, type Shown } from './events.ts'

/** Keeps an event. Undefined for one that an erasure causes: it could arrive after the erasure, and outlive it. */
export function keep(event: AuditEvent, line: Line, { person, app }: Shown): Promise<void> | undefined {
  if (line.reason === 'account_erased') return undefined
  const { event: _, ...fields } = line
  // Strangers can become guests. The owner's own events are never a stranger's.
  const strangers = line.by !== 'owner' && (KEPT[event] === 'strangers' || person?.expiresAt !== undefined)
  return put({
    event,
    fields: JSON.stringify(fields),
    person: person?.name ?? null,
    app: app ?? null,
    strangers,
  })
}

async function put(kept: KeptEvent): Promise<void> {
  // One key for all of them: what a flood costs is bounded, and only its own lines are missing. The log has each.
  if (kept.strangers && !(await env.AUDIT_LIMIT.limit({ key: 'strangers' })).success) return
  await objectOf(env).keep(kept)
}

/** @param limit of each of the two lists */
export async function recentEvents(env: Env, limit: number, wanted: Wanted): Promise<RecentEvents> {
  return objectOf(env).recent(limit, wanted)
}

/** What is kept about a person, the newest first. */
export async function eventsOf(env: Env, userId: string): Promise<KeptRow[]> {
  return objectOf(env).of(userId)
}

/** Deletes what is kept about a person. */
export async function eraseEvents(env: Env, userId: string): Promise<void> {
  await objectOf(env).erase(userId)
}

function objectOf(env: Env): DurableObjectStub<AuditObject> {
  return inJurisdiction(env, env.AUDIT).getByName('audit')
}
