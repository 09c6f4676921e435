// What is written down of a grant.
import { audit } from '../../log/audit.ts'
import type { Shown } from '../../log/events.ts'
import type { Activity } from '../../people/activity.ts'
import type { GrantRecord, GrantState, RevocationReason } from './grant.ts'

export function idsOf({ id, userId, clientId }: GrantRecord) {
  return { user: userId, client: clientId, grant: id }
}

export function namesOf({ identity, clientName }: GrantRecord): Shown {
  return { person: identity, app: clientName }
}

/** @param actor the owner who ended it, where one did: a user id */
export function logRevoked(record: GrantRecord, reason: RevocationReason, actor?: string): void {
  const by = actor === undefined ? {} : { actor }
  audit('grant.revoked', { ...idsOf(record), reason, ...by }, namesOf(record))
}

/** What happened in a grant, for its owner to look back on. */
export function activityOf({
  record,
  refreshes,
  revoked,
}: Pick<GrantState, 'record' | 'refreshes' | 'revoked'>): Activity[] {
  const about = record.clientName
  const refreshed = refreshes.map((one) => ({ kind: 'refreshed' as const, about, ...one }))
  return revoked ? [...refreshed, { at: Date.now(), kind: revoked, about, place: '', times: 1 }] : refreshed
}
