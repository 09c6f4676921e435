// The fixture server as a project of its own: what stands in the place of a fork's files.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

const root = resolve(import.meta.dirname, '../..')

/** Its folder, with a wrangler.toml and a .dev.vars. */
export const FIXTURE: string = resolve(root, 'test/fixture')

/** With which programs take its files for those of the fork: Node, and esbuild in wrangler. */
export const FIXTURE_ENVIRONMENT = {
  NODE_OPTIONS: '--conditions=fixture',
  WRANGLER_BUILD_CONDITIONS: 'fixture,workerd,worker,browser',
} as const

/** A script of this project, to be run in any folder. */
export function script(name: string): string {
  return resolve(root, 'scripts', `${name}.ts`)
}

/** Runs one for the fixture server to its end. */
export async function runScript(name: string, ...args: readonly string[]) {
  const program = spawn(process.execPath, [script(name), ...args], {
    cwd: FIXTURE,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...FIXTURE_ENVIRONMENT },
  })
  const [output, complaint, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'close'),
  ])
  return { code: code as number, output, complaint }
}
