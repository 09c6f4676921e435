// The way to the audit object. It is told of rare events alone: never of a tool call, an MCP request or a plain refresh.
import { env } from 'cloudflare:workers'
import { KEPT, type Line, type Shown } from './events.ts'
import type { AuditObject, KeptEvent, RecentEvents } from './object.ts'

/** Keeps an event, if it is one to keep. Undefined when it is not. */
export function keep(line: Line, { person, app }: Shown): Promise<void> | undefined {
  const kept = KEPT[line.event]
  // What comes of an erasure could arrive after it, and outlive it.
  if (kept === undefined || line.reason === 'account_erased') return undefined
  const { event, ...fields } = line
  // Anybody can be a guest; and what the owner does is the owner's, whatever it is.
  const strangers = line.by !== 'owner' && (kept === 'strangers' || person?.expiresAt !== undefined)
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
  await audit(env).keep(kept)
}

/** @param limit of each of the two lists */
export async function recentEvents(env: Env, limit: number): Promise<RecentEvents> {
  return audit(env).recent(limit)
}

/** Deletes what is kept about a person. */
export async function eraseEvents(env: Env, userId: string): Promise<void> {
  await audit(env).erase(userId)
}

function audit({ AUDIT }: Env): DurableObjectStub<AuditObject> {
  return AUDIT.getByName('audit')
}
