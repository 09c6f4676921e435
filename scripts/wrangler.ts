// wrangler as a program that scripts run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')

/** The file to run with Node. */
export const WRANGLER: string = join(
  dirname(manifest),
  JSON.parse(readFileSync(manifest, 'utf8')).bin.wrangler,
)

/** What wrangler printed. @throws Error with what it said when it failed */
export async function wrangler(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { WRANGLER_SEND_METRICS: 'false', ...process.env, FORCE_COLOR: '0' },
  })
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (code !== 0)
    throw new Error(`wrangler ${args.slice(0, 3).join(' ')} failed:\n${complaint.trim() || output.trim()}`)
  return output
}
