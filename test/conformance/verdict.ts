// What the checks of a scenario come to.
import type { Run } from './suite.ts'

/** Why a scenario did not pass; undefined when it did. What the suite itself skips it takes for passed. */
export function failureOf({ checks }: Run, scenario: string): string | undefined {
  const found = checks.get(scenario) ?? []
  if (found.length === 0) return 'did not run'
  const failed = found.filter((check) => check.status === 'FAILURE')
  const skipped = found.every((check) => check.status === 'SKIPPED')
  if (failed.length === 0 && !skipped) return undefined
  return (skipped ? found : failed)
    .map((check) => `${check.id}: ${check.errorMessage ?? check.description}`)
    .join('\n    ')
}

/**
 * What of a scenario did not succeed or was not tried; undefined when all did. The suite passes a server that leaves out
 * what a scenario is about, and only remarks on it.
 * @param leftOut checks that do not count
 */
export function shortfallOf(
  { checks }: Run,
  scenario: string,
  leftOut: readonly string[] = [],
): string | undefined {
  const counted = (checks.get(scenario) ?? []).filter(
    ({ id, status, specReferences }) =>
      !leftOut.includes(id) && (status === 'FAILURE' || specReferences?.length),
  )
  // That one is of every message on the wire, whatever the scenario came to.
  if (counted.every(({ id }) => id === 'wire-schema-valid')) return 'did not run'
  const short = counted.filter(({ status }) => status !== 'SUCCESS')
  if (short.length === 0) return undefined
  return short
    .map(({ id, status, errorMessage, description }) => `${id}: ${status}: ${errorMessage ?? description}`)
    .join('\n    ')
}

/** Whether one check of a scenario succeeded each time. */
export function passes({ checks }: Run, scenario: string, id: string): boolean {
  const found = (checks.get(scenario) ?? []).filter((check) => check.id === id)
  return found.length > 0 && found.every(({ status }) => status === 'SUCCESS')
}

export function warningsOf({ checks }: Run, scenario: string): string[] {
  const warnings = (checks.get(scenario) ?? []).filter((check) => check.status === 'WARNING')
  return warnings.map((check) => `${check.id}: ${check.errorMessage ?? check.description}`)
}
