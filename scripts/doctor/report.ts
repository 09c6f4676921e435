// What the doctor prints of its findings: a line for each rule, and below it what is wrong and how to mend it.
import type { Finding } from './examine.ts'

export interface Count {
  rules: number
  failures: number
  unchecked: number
  /** Whether a rule ended the examination. */
  stopped: boolean
}

/** Prints each finding when it comes. */
export async function report<T>(findings: AsyncIterable<Finding<T>>): Promise<Count> {
  const count: Count = { rules: 0, failures: 0, unchecked: 0, stopped: false }
  for await (const finding of findings) {
    console.log(describe(finding))
    const isMissed = (finding.problem ?? finding.unchecked) !== undefined
    count.rules++
    count.failures += Number(finding.problem !== undefined)
    count.unchecked += Number(finding.unchecked !== undefined)
    count.stopped = isMissed && finding.check.vital === true
  }
  return count
}

function describe<T>({ check, problem, note, unchecked }: Finding<T>): string {
  if (problem !== undefined) return `✗ ${check.rule}\n    ${problem}\n    Fix: ${check.fix}`
  if (unchecked !== undefined) return `– ${check.rule}\n    Not checked: ${unchecked}`
  return `✓ ${check.rule}${note === undefined ? '' : `\n    ${note}`}`
}
