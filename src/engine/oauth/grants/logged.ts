// What is written down of a grant.

import { audit } from '../../log/audit.ts'
import type { Shown } from '../../log/events.ts'
import type { GrantRecord, RevocationReason } from './grant.ts'

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
