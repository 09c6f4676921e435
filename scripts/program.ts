// Starts programs of node_modules without a shell and without npm, in the same way on every system.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

interface Manifest {
  readonly bin: string | Readonly<Record<string, string>>
}

export interface Outcome {
  readonly code: number | null
  readonly output: string
}

/** The file that Node runs. @param name of the program, as package.json of its package calls it */
export function programOf(packageName: string, name: string): string {
  const manifest = join(import.meta.dirname, '../node_modules', packageName, 'package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest
  return join(dirname(manifest), typeof bin === 'string' ? bin : (bin[name] as string))
}

/** Runs a program to its end. */
export async function runProgram(program: string, ...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, output: output + complaint }
}
