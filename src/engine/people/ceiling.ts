// The most that a person may grant. The person's browser can keep a sign-in from proving something: it changes what is
// asked of the provider. So a fact that was not proven either way never widens a right.
import { SCOPES } from '#config'
import type { Settings } from '../settings/load.ts'
import { isAddressRule } from '../settings/rules.ts'
import { type Fact, fits, type Identity } from './identity.ts'

/**
 * Those of the scopes that this person may grant. The first ceiling that means them counts, together with each one
 * before it that may mean them.
 */
export function withinCeiling(
  { scopeCeilings }: Pick<Settings, 'scopeCeilings'>,
  identity: Identity,
  scopes: readonly string[],
): string[] {
  const last = scopeCeilings.findIndex(({ rule }) => fits(rule, identity))
  const before = last < 0 ? scopeCeilings : scopeCeilings.slice(0, last + 1)
  const counting = before.filter(({ rule }, index) => index === last || isOpen(rule, identity))
  return scopes.filter(
    (scope) => !Object.hasOwn(SCOPES, scope) || counting.every((ceiling) => ceiling.scopes.includes(scope)),
  )
}

/** Whether a rule may mean this person, and their sign-in did not say. */
function isOpen(rule: string, { open = [], ruledOut = [] }: Identity): boolean {
  return !ruledOut.includes(rule) && open.some((fact) => covers(fact, rule))
}

function covers(fact: Fact, rule: string): boolean {
  if (fact.startsWith('@')) return isAddressRule(rule) && (fact === '@' || rule.endsWith(fact))
  return fact.endsWith('/') ? rule.startsWith(fact) : rule === fact
}
