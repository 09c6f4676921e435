// What a run prints, and what it fails for.

export const problems: string[] = []
let passed = 0

/** One line: how many pass. @param shortfalls by scenario, what is missing, if anything is. */
export function tally(what: string, shortfalls: ReadonlyMap<string, string | undefined>): void {
  const missing = [...shortfalls].filter(([, shortfall]) => shortfall !== undefined)
  countPassed(shortfalls.size - missing.length)
  console.log(`${what}: ${shortfalls.size - missing.length} of ${shortfalls.size} scenarios pass.`)
  for (const [scenario, shortfall] of missing) problems.push(`${what}: ${scenario}\n    ${shortfall}`)
}

export function countPassed(scenarios: number): void {
  passed += scenarios
}

export function conclude(): void {
  if (problems.length > 0) console.log(`\nNot conformant:\n  ${problems.join('\n  ')}\n`)
  console.log(`${passed} passed, ${problems.length} failed`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
