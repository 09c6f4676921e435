// Who owns the deployment: the holder of the passphrase and the user in OWNER, who share one account, and the users in
// OWNERS, each with an account of their own.
import type { Settings } from '../settings/load.ts'
import { isOwner } from './identity.ts'
import type { Session } from './session.ts'

type Rules = Pick<Settings, 'allowedUsers' | 'owner' | 'owners'>

/**
 * Whether the owner's pages are theirs. A rule counts only if the sign-in proved it: what it could not prove either way
 * (Identity.open) makes no owner, and neither does the account of a guest.
 */
export function owns(rules: Rules, { userId, identity }: Pick<Session, 'userId' | 'identity'>): boolean {
  if (isOwner(rules, identity)) return true
  if (identity.expiresAt !== undefined) return false
  return rules.owners.some((rule) => rule === userId || identity.knownAs.includes(rule))
}
