// Rules that say who is meant: who may sign in, who is the owner, and how much some can grant.
import { SCOPES } from '#config'
import { SettingsError } from './setting.ts'

/** The most that those whom a rule means can grant. */
export interface ScopeCeiling {
  readonly rule: string
  readonly scopes: readonly string[]
}

/**
 * Names are compared as they are written; addresses and GitHub's logins mean the same in any case.
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
  return rules.map((rule) => (/@|^github:/.test(rule) ? rule.toLowerCase() : rule))
}

/** @throws SettingsError */
export function readOwner(value: string | undefined): string | undefined {
  const [owner, ...more] = readRules('OWNER', value)
  if (
    owner?.startsWith('@') ||
    owner?.includes('*') ||
    owner?.startsWith('github:org/') ||
    owner?.includes(':group/') ||
    more.length > 0
  ) {
    throw new SettingsError('OWNER names one person, such as "github:octocat" or "alice@example.com".')
  }
  return owner
}

/** @throws SettingsError */
export function readCeilings(value: string | undefined): readonly ScopeCeiling[] {
  const lines = (value ?? '').split(/[\n;]/).filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const [left = '', right, ...rest] = line.split('=')
    const [rule, ...others] = readRules('SCOPE_CEILINGS', left)
    const scopes = (right ?? '').split(/\s+/).filter(Boolean)
    const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope))
    if (rule === undefined || right === undefined || others.length + rest.length > 0) {
      throw new SettingsError(
        `SCOPE_CEILINGS: "${line.trim()}" is not of the form "@example.com = notes:read".`,
      )
    }
    if (unknown !== undefined) throw new SettingsError(`SCOPE_CEILINGS: there is no scope ${unknown}.`)
    return { rule, scopes }
  })
}
