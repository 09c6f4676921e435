// The official conformance suite as a child process, and what it found, read from the files that it writes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const home = dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'))
const MAX_MS = 300_000

interface Check {
  readonly id: string
  readonly description: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly errorMessage?: string
  /** What of a specification it checks; nothing, when it is only a line of the suite's log. */
  readonly specReferences?: readonly object[]
  readonly details?: object
}

export interface Run {
  readonly exitCode: number | null
  /** By scenario, what was checked. */
  readonly checks: ReadonlyMap<string, readonly Check[]>
}

interface Options {
  /** Sent with every request to this server. */
  readonly bearer?: { readonly mcpUrl: string; readonly token: string }
  /** Does what a line that the suite prints asks a person to do. */
  readonly onLine?: (line: string) => Promise<void>
}

export async function runSuite(
  mode: 'server' | 'authorization',
  flags: readonly string[],
  options: Options,
): Promise<Run> {
  const output = mkdtempSync(join(tmpdir(), 'conformance-'))
  try {
    const { bearer } = options
    const preload = bearer ? ['--import', import.meta.resolve('./bearer.ts')] : []
    const child = spawn(
      process.execPath,
      [...preload, join(home, 'dist/index.js'), mode, ...flags, '-o', output],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: MAX_MS,
        env: { ...process.env, ...(bearer && { MCP_URL: bearer.mcpUrl, MCP_TOKEN: bearer.token }) },
      },
    )
    const kill = () => child.kill()
    process.once('exit', kill)
    const exitCode = await finish(child, options.onLine)
    process.off('exit', kill)
    return { exitCode, checks: readChecks(output, mode) }
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

async function finish(child: ChildProcess, onLine: Options['onLine']): Promise<number | null> {
  const ended = once(child, 'close')
  if (!child.stdout) throw new Error('The suite has no output.')
  try {
    for await (const line of createInterface({ input: child.stdout })) await onLine?.(line)
  } catch (error) {
    // It would wait for minutes for what did not happen.
    child.kill()
    await ended
    throw error
  }
  return (await ended)[0]
}

// One folder a scenario: its kind, its name, and when it ran.
function readChecks(output: string, mode: string): Map<string, readonly Check[]> {
  const kind = mode === 'server' ? 'server' : 'authorization-server'
  const files = globSync(join(output, '*/checks.json'))
  return new Map(
    files.map((file) => {
      const scenario = basename(dirname(file))
        .slice(kind.length + 1)
        .replace(/-\d{4}-\d\d-\d\dT.*$/, '')
      return [scenario, JSON.parse(readFileSync(file, 'utf8'))]
    }),
  )
}

/** The scenarios that a server must pass to conform to a revision of MCP. */
export function requiredScenarios(revision: string): string[] {
  const text = readFileSync(join(home, 'requirements', `${revision}.yaml`), 'utf8')
  const section = /^server:\n((?:[ #].*\n|\n)*)/m.exec(text)?.[1] ?? ''
  return [...section.matchAll(/^ +- (\S+)$/gm)].map((match) => match[1] as string)
}
