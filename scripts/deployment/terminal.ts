// The output of the scripts that change a deployment: a line after each step, and one before each slow step.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { printable } from '../printable.ts'

/** The command cannot continue. The message tells the user what to do. */
export class Stopped extends Error {}

/** Whether a user watches the output. Only then may it show a secret; the log of a CI never gets one. */
export function isPersonWatching(): boolean {
  return Boolean(process.stdout.isTTY) && !process.env.CI
}

/** Whether the command can ask the user. */
export function canAsk(): boolean {
  return isPersonWatching() && Boolean(process.stdin.isTTY)
}

export function done(what: string): void {
  console.log(`✓ ${what}`)
}

/** A slow step has begun. */
export function begin(what: string): void {
  console.log(`… ${what}`)
}

/** Something is wrong, and the command continues. */
export function warn(what: string): void {
  console.log(`! ${what}`)
}

/** Asks for a secret, which is not echoed. */
export async function askSecret(question: string): Promise<string> {
  process.stdout.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, written) => written() })
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return (await reader.question('')).trim()
  } finally {
    reader.close()
    process.stdout.write('\n')
  }
}

/** Runs a script. A `Stopped` prints its message without a stack trace, and sets exit code 1. */
export async function run(script: () => Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // It can have what another server said.
    console.error(`\n✗ ${printable(error.message)}`)
    process.exitCode = 1
  }
}
