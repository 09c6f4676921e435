// How the scripts that change a deployment speak: a line for each step when it is done, and one before what takes long.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** What was asked for cannot be done now. The message tells the person what to do about it. */
export class Stopped extends Error {}

/** Whether a person sees what is printed: a secret is shown to nobody else, and never goes into the log of a CI. */
export function isPersonWatching(): boolean {
  return Boolean(process.stdout.isTTY) && !process.env.CI
}

/** Whether somebody can be asked. */
export function canAsk(): boolean {
  return isPersonWatching() && Boolean(process.stdin.isTTY)
}

export function done(what: string): void {
  console.log(`✓ ${what}`)
}

/** Something has begun that may take a while. */
export function begin(what: string): void {
  console.log(`… ${what}`)
}

/** Something is not as it should be, and it goes on all the same. */
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

/** Runs a script: what stops it is said without a stack, and makes its exit code 1. */
export async function run(script: () => Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`\n✗ ${error.message}`)
    process.exitCode = 1
  }
}
