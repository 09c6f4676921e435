// Who a person is, and what that entitles them to. Sign-in, every session read and every refresh ask the same questions,
// so that a user who is no longer admitted soon loses access.
import { sha256 } from '../crypto/digest.ts'
import { displayable } from '../http/displayable.ts'
import type { Settings } from '../settings/load.ts'

/**
 * A fact that a rule may name. `github:org/` and `acme:group/` stand for every rule that begins so, `@example.com` for
 * every address of that domain, `@` for every address; anything else is one rule.
 */
export type Fact = string

/** What a login method has found out about a person. Kept in their session and in each grant they give. */
export interface Identity {
  readonly method: string
  /** Who vouches for the subject; empty where the method itself does. */
  readonly issuer: string
  /** What the issuer never changes and never gives to another. Never an email or a login name. */
  readonly subject: string
  /** What people are shown; nothing is decided by it. */
  readonly name: string
  /** Each way in which a rule of the settings may mean this person: `github:octocat`, `@example.com`. */
  readonly knownAs: readonly string[]
  /** What this sign-in could not prove either way; see ceiling.ts. */
  readonly open?: readonly Fact[]
  /** Rules that an open fact would cover, and that were found not to mean this person. */
  readonly ruledOut?: readonly string[]
  /** The owner admitted this person by hand (an invitation), so no rule needs to name them. */
  readonly invited?: boolean
  /** When the identity ends, in milliseconds since the epoch: for guests. */
  readonly expiresAt?: number
}

/** The one who holds the passphrase. */
export const OWNER: Identity = {
  method: 'passphrase',
  issuer: '',
  subject: 'owner',
  name: 'Owner',
  knownAs: ['passphrase:owner'],
  invited: true,
}

/**
 * The id of a user: a hash of the login method, the issuer that vouches for them, and the subject. The prefix keeps
 * it apart from client ids. The user that the setting OWNER names has the owner's id, so that the owner's account
 * stays the same when the login method changes.
 */
export async function userIdOf(rules: AdmissionRules, identity: Identity): Promise<string> {
  const { method, issuer, subject } = isOwner(rules, identity) ? OWNER : identity
  return `user_${await sha256(JSON.stringify([method, issuer, subject]))}`
}

/** Whether a text has the form of a user id. A Durable Object exists for any name, so only these are looked up. */
export function isUserId(text: string): boolean {
  return /^user_[\w-]{43}$/.test(text)
}

/** A user's display name: the first displayable candidate. */
export function nameOf(...candidates: unknown[]): string {
  return candidates.map(displayable).find((one) => one !== undefined) ?? 'Unnamed user'
}

/** The rule that means one person: an issuer may let people choose their subject, and no one may choose a group. */
export function rulesOfSubject(method: string, subject: string): string[] {
  return subject.startsWith('group/') ? [] : [`${method}:${subject}`]
}

/** The settings that decide who may be here. */
type AdmissionRules = Pick<Settings, 'allowedUsers' | 'owner'>

/** The same with what it takes to judge a stored user id without waiting: see isStillAdmitted(). */
export interface Admission extends AdmissionRules {
  readonly ownerId: string
}

let ownerId: Promise<string> | undefined

export async function admissionOf({ allowedUsers, owner }: AdmissionRules): Promise<Admission> {
  ownerId ??= userIdOf({ allowedUsers: [], owner: undefined }, OWNER)
  return { allowedUsers, owner, ownerId: await ownerId }
}

/** Whether this is the one who owns the deployment. */
export function isOwner({ owner }: AdmissionRules, identity: Identity): boolean {
  return identity.method === OWNER.method || (owner !== undefined && identity.knownAs.includes(owner))
}

/** Whether the person may be here at all. @param now in milliseconds since the epoch */
export function isAdmitted(rules: AdmissionRules, identity: Identity, now = Date.now()): boolean {
  if (identity.expiresAt !== undefined && now >= identity.expiresAt) return false
  if (identity.invited || isOwner(rules, identity)) return true
  return rules.allowedUsers.some((rule) => fits(rule, identity))
}

/**
 * Whether an identity is admitted, and still is the user that it was when a session or a grant began. Only OWNER can
 * change who a user is. Synchronous, so that a grant's object can ask in the step that decides.
 */
export function isStillAdmitted(
  admission: Admission,
  userId: string,
  identity: Identity,
  now = Date.now(),
): boolean {
  const isSameUser = isOwner(admission, identity) === (userId === admission.ownerId)
  return isSameUser && isAdmitted(admission, identity, now)
}

/** A lifetime in seconds, cut to that of the identity. */
export function secondsLeft({ expiresAt }: Identity, lifetime: number): number {
  if (expiresAt === undefined) return lifetime
  return Math.max(0, Math.min(lifetime, Math.floor((expiresAt - Date.now()) / 1000)))
}

/** Whether any rule of the settings says this. */
export function mentions(settings: Settings, rule: string): boolean {
  return rulesOf(settings).includes(rule)
}

/** The GitHub organizations that rules name. */
export function mentionedOrganizations(settings: Settings): string[] {
  const prefix = 'github:org/'
  const named = rulesOf(settings).filter((rule) => rule.startsWith(prefix))
  return [...new Set(named.map((rule) => rule.slice(prefix.length)))]
}

/** The ceilings' rules that begin so. */
export function ceilingRules({ scopeCeilings }: Settings, prefix: string): string[] {
  return scopeCeilings.map(({ rule }) => rule).filter((rule) => rule.startsWith(prefix))
}

function rulesOf({ allowedUsers, owner, scopeCeilings }: Settings): string[] {
  return [...allowedUsers, ...(owner ? [owner] : []), ...scopeCeilings.map(({ rule }) => rule)]
}

/** Whether a rule is known to mean this person. */
export function fits(rule: string, { method, knownAs }: Identity): boolean {
  return rule === '*' || rule === `${method}:*` || knownAs.includes(rule)
}
