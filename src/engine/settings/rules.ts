// Rules that name users: who may sign in, who is the owner, and the most that each can grant.
import { SCOPES } from '#config'
import { SettingsError } from './setting.ts'

/** The most that the users of a rule can grant. */
export interface ScopeCeiling {
  readonly rule: string
  readonly scopes: readonly string[]
}

/**
 * Addresses and GitHub's names mean the same in any case, and are folded. Subjects and groups are compared as they are
 * written.
 * @throws SettingsError
 */
export function readRules(name: string, value: string | undefined): readonly string[] {
  const rules = (value ?? '').split(/[\s,]+/).filter(Boolean)
  const wrong = rules.find((rule) => !/^(\*|[\w-]+:\S+|[^@\s]*@[\w.-]+)$/.test(rule))
  if (wrong !== undefined) {
    throw new SettingsError(
      `${name}: "${wrong}" is no rule. Rules are "alice@example.com", "@example.com", "github:octocat", "github:org/acme", ` +
        'the name of a login method with a subject, or "*" for everyone.',
    )
  }
  return rules.map((rule) => (isAddressRule(rule) || /^github:/i.test(rule) ? rule.toLowerCase() : rule))
}

/** Whether a rule is about addresses: `alice@example.com`, `@example.com`. A subject can look like one behind its method. */
export function isAddressRule(rule: string): boolean {
  return rule.includes('@') && !/^[\w-]+:/.test(rule)
}

/** Whether a rule means one person. */
export function namesOnePerson(rule: string): boolean {
  return !rule.startsWith('@') && !/^\*$|^[\w-]+:(\*$|group\/)|^github:org\//.test(rule)
}

/** Whether a rule still means the same once it is written into a setting. */
export function canBePasted(rule: string): boolean {
  try {
    return readRules('', rule).join(' ') === rule
  } catch {
    return false
  }
}

/** @throws SettingsError */
export function readOwner(value: string | undefined): string | undefined {
  const [owner, ...more] = readRules('OWNER', value)
  if (owner !== undefined && (!namesOnePerson(owner) || more.length > 0)) {
    throw new SettingsError('OWNER names one person, such as "github:octocat" or "alice@example.com".')
  }
  return owner
}

/** Ids of users, and rules that a few people fit. @throws SettingsError */
export function readOwners(value: string | undefined): readonly string[] {
  const [ids = [], others = []] = [true, false].map((isId) =>
    (value ?? '').split(/[\s,]+/).filter((one) => one !== '' && /^user_[\w-]{43}$/.test(one) === isId),
  )
  const rules = readRules('OWNERS', others.join(' '))
  // Anyone could get an address of a mail provider, or an account with a method.
  const wide = rules.find((rule) => rule.startsWith('@') || /^\*$|^[\w-]+:\*$/.test(rule))
  if (wide !== undefined) {
    throw new SettingsError(
      `OWNERS: "${wide}" means too many. It takes people and groups, such as "github:octocat", "alice@example.com", ` +
        '"github:org/acme", "acme:group/admins", or the id of a user.',
    )
  }
  return [...ids, ...rules]
}

/** @throws SettingsError */
export function readCeilings(value: string | undefined): readonly ScopeCeiling[] {
  const lines = (value ?? '').split(/[\n;]/).filter((line) => line.trim() !== '')
  const ceilings = lines.map(readCeiling)
  // A user without a line could grant everything. The owner has to decide that.
  if (ceilings.length > 0 && ceilings.at(-1)?.rule !== '*') {
    throw new SettingsError(
      `SCOPE_CEILINGS needs a last line for everyone else: "* = ${Object.keys(SCOPES).join(' ')}", or fewer scopes.`,
    )
  }
  return ceilings
}

function readCeiling(line: string): ScopeCeiling {
  // The last one: a subject may hold others.
  const at = line.lastIndexOf('=')
  const [rule, ...others] = at < 0 ? [] : readRules('SCOPE_CEILINGS', line.slice(0, at))
  if (rule === undefined || others.length > 0) {
    throw new SettingsError(
      `SCOPE_CEILINGS: "${line.trim()}" is not of the form "@example.com = notes:read".`,
    )
  }
  const scopes = line
    .slice(at + 1)
    .split(/\s+/)
    .filter(Boolean)
  const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope))
  if (unknown !== undefined) throw new SettingsError(`SCOPE_CEILINGS: there is no scope ${unknown}.`)
  return { rule, scopes }
}
