// Who a person is, and what that entitles them to. The same questions are asked at sign-in, whenever a session is read
// and whenever a token is refreshed, so that someone who is no longer allowed is soon out.
import { base64url } from 'jose'
import { SCOPES } from './config.ts'
import { displayable } from './displayable.ts'
import type { Config } from './settings/load.ts'

/** What a login method has found out about a person. Kept in their session and in each grant they give. */
export interface Identity {
  readonly method: string
  /** Who vouches for the subject; empty where the method itself does. */
  readonly issuer: string
  /** What the issuer never changes and never gives to another. Never an email or a login name. */
  readonly subject: string
  /** What people are shown; nothing is decided by it. */
  readonly name: string
  /** Each way in which a rule of the configuration may mean this person: `github:octocat`, `@example.com`. */
  readonly knownAs: readonly string[]
  /** The method lets nobody in by itself whom the owner has not let in, so no rule needs to name them. */
  readonly invited?: boolean
  /** When they are nobody any more, in milliseconds since the epoch: for guests. */
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
 * it apart from client ids. Whom the setting OWNER names is the owner, so that what is theirs stays theirs when the
 * login method changes.
 */
export async function userIdOf(config: Config, identity: Identity): Promise<string> {
  const { method, issuer, subject } = isOwner(config, identity) ? OWNER : identity
  const bytes = new TextEncoder().encode(JSON.stringify([method, issuer, subject]))
  return `user_${base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))}`
}

/** Whether a text has the form of a user id. Whatever else were asked for, there would be an object of that name. */
export function isUserId(text: string): boolean {
  return /^user_[\w-]{43}$/.test(text)
}

/** What to call somebody: the first of these that people can be shown. */
export function nameOf(...candidates: unknown[]): string {
  return candidates.map(displayable).find((one) => one !== undefined) ?? 'Somebody without a name'
}

/** The rule that means one person: an issuer may let people choose their subject, and no one may choose a group. */
export function rulesOfSubject(method: string, subject: string): string[] {
  return subject.startsWith('group/') ? [] : [`${method}:${subject}`]
}

/** Whether this is the one who owns the deployment. */
export function isOwner({ owner }: Config, identity: Identity): boolean {
  return identity.method === OWNER.method || (owner !== undefined && identity.knownAs.includes(owner))
}

/** Whether the person may be here at all, now. */
export function isAdmitted(config: Config, identity: Identity): boolean {
  if (identity.expiresAt !== undefined && Date.now() >= identity.expiresAt) return false
  if (identity.invited || isOwner(config, identity)) return true
  return config.allowedUsers.some((rule) => means(rule, identity))
}

/** Whether an identity still is the user that it was when a session or a grant began. */
export async function isStill(config: Config, userId: string, identity: Identity): Promise<boolean> {
  return isAdmitted(config, identity) && userId === (await userIdOf(config, identity))
}

/** A lifetime in seconds, cut to that of the identity. */
export function secondsLeft({ expiresAt }: Identity, lifetime: number): number {
  if (expiresAt === undefined) return lifetime
  return Math.max(0, Math.min(lifetime, Math.floor((expiresAt - Date.now()) / 1000)))
}

/** Those of the scopes that this person may grant: the first ceiling that means them counts. */
export function withinCeiling(config: Config, identity: Identity, scopes: readonly string[]): string[] {
  const ceiling = config.scopeCeilings.find(({ rule }) => means(rule, identity))
  return scopes.filter((scope) => !ceiling || !Object.hasOwn(SCOPES, scope) || ceiling.scopes.includes(scope))
}

/** Whether any rule of the configuration says this. */
export function mentions(config: Config, rule: string): boolean {
  return rulesOf(config).includes(rule)
}

/** The organisations of GitHub that rules name. */
export function mentionedOrganisations(config: Config): string[] {
  const prefix = 'github:org/'
  const named = rulesOf(config).filter((rule) => rule.startsWith(prefix))
  return [...new Set(named.map((rule) => rule.slice(prefix.length)))]
}

function rulesOf({ allowedUsers, owner, scopeCeilings }: Config): string[] {
  return [...allowedUsers, ...(owner ? [owner] : []), ...scopeCeilings.map(({ rule }) => rule)]
}

function means(rule: string, { method, knownAs }: Identity): boolean {
  return rule === '*' || rule === `${method}:*` || knownAs.includes(rule)
}
