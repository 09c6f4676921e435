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

export function logRevoked(record: GrantRecord, reason: RevocationReason): void {
  audit('grant.revoked', { ...idsOf(record), reason }, namesOf(record))
}
