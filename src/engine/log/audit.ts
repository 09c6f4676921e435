// Rare security events: a line of the log, and a row on the owner's page.
import { waitUntil } from 'cloudflare:workers'
import { keep } from './audit-store.ts'
import type { AuditEvent, Fields, Shown } from './events.ts'
import { logError, writeLine } from './log.ts'

/**
 * Writes one line and keeps the event in the audit object, after the answer.
 * @param shown names, for the owner's page alone
 */
export function audit<E extends AuditEvent>(event: E, fields: Fields<E>, shown: Shown = {}): void {
  const line = writeLine('log', { event, ...fields })
  const kept = keep(event, line, shown)
  if (kept) waitUntil(kept.catch((error: unknown) => logError(error, { part: 'audit' })))
}
