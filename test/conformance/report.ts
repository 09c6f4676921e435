// What a run prints, and what it fails for.

export const problems: string[] = []

/** One line: how many pass. @param shortfalls by scenario, what is missing, if anything is. */
export function tally(what: string, shortfalls: ReadonlyMap<string, string | undefined>): void {
  const missing = [...shortfalls].filter(([, shortfall]) => shortfall !== undefined)
  console.log(`${what}: ${shortfalls.size - missing.length} of ${shortfalls.size} scenarios pass.`)
  for (const [scenario, shortfall] of missing) problems.push(`${what}: ${scenario}\n    ${shortfall}`)
}

export function conclude(): void {
  if (problems.length === 0) return
  console.error(`\nNot conformant:\n  ${problems.join('\n  ')}`)
  process.exitCode = 1
}
