// Runs checks one after the other, and tells what each has found.
import { printable } from '../printable.ts'

/** @typeParam T what is examined, and what earlier checks have found of it */
export interface Check<T> {
  readonly rule: string
  readonly fix: string
  /** It leaves an unused client behind. */
  readonly registers?: boolean
  /** Nothing after it makes sense unless it holds. */
  readonly vital?: boolean
  /** @returns what is worth knowing although the rule holds @throws Error that says what it saw, or NotChecked */
  readonly look: (subject: T) => Promise<string | undefined> | Promise<void>
}

export interface Finding<T> {
  readonly check: Check<T>
  readonly problem?: string
  readonly note?: string
  /** Why the rule could not be checked. */
  readonly unchecked?: string
}

/** A rule that says nothing here. The message tells why. */
export class NotChecked extends Error {}

/** What one check finds the next may need. */
export async function* examine<T>(subject: T, checks: readonly Check<T>[]): AsyncGenerator<Finding<T>> {
  for (const check of checks) {
    const finding = await lookAt(subject, check)
    yield finding
    if (check.vital && (finding.problem ?? finding.unchecked) !== undefined) return
  }
}

// What it says quotes a server that may be hostile.
async function lookAt<T>(subject: T, check: Check<T>): Promise<Finding<T>> {
  try {
    const note = await check.look(subject)
    return note ? { check, note: printable(note) } : { check }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const said = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
    return error instanceof NotChecked
      ? { check, unchecked: printable(said) }
      : { check, problem: printable(said) }
  }
}
