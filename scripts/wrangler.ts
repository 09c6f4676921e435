// wrangler as a program that scripts run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { printable } from './printable.ts'

const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')

/** The file to run with Node. */
export const WRANGLER: string = join(
  dirname(manifest),
  JSON.parse(readFileSync(manifest, 'utf8')).bin.wrangler,
)

/** Its environment. Node keeps compiled code, so that wrangler starts in little more than half the time. */
export const WRANGLER_ENVIRONMENT: NodeJS.ProcessEnv = {
  WRANGLER_SEND_METRICS: 'false',
  NODE_COMPILE_CACHE: join(dirname(manifest), '..', '.cache', 'node'),
  ...process.env,
}

/** wrangler failed. The message is its own. */
export class WranglerError extends Error {
  /** Cloudflare's error code, if Cloudflare refused. */
  readonly code: number | undefined
  /** What it printed before it failed. */
  readonly output: string

  constructor(message: string, code: number | undefined, output: string) {
    super(message)
    this.code = code
    this.output = output
  }
}

/** What wrangler reports to programs: a line of JSON for each thing that it did. */
type Report = Readonly<Record<string, unknown>>

/** What wrangler printed. @throws WranglerError */
export async function wrangler(...args: readonly string[]): Promise<string> {
  return (await runWrangler(args)).output
}

/**
 * Runs wrangler without a terminal, so that it never asks.
 * @param input what it reads from stdin
 * @param environment beside the usual
 * @throws WranglerError
 */
export async function runWrangler(
  args: readonly string[],
  { input = '', environment = {} }: { input?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<{ output: string; report: readonly Report[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'wrangler-'))
  const reportFile = join(folder, 'report')
  try {
    const child = spawn(process.execPath, [WRANGLER, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...WRANGLER_ENVIRONMENT,
        ...environment,
        FORCE_COLOR: '0',
        WRANGLER_OUTPUT_FILE_PATH: reportFile,
      },
    })
    // wrangler may end before it has read all input. Its output then says why.
    child.stdin.on('error', () => undefined).end(input)
    const [output, complaint, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    const report = existsSync(reportFile) ? readReport(reportFile) : []
    if (code !== 0) throw failureOf(args, output, complaint, report)
    return { output, report }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readReport(file: string): Report[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

function failureOf(
  args: readonly string[],
  output: string,
  complaint: string,
  report: readonly Report[],
): WranglerError {
  const code = report.find(({ type }) => type === 'command-failed')?.code
  // wrangler's stack trace, log path and issue tracker do not help the user.
  const said = printable(complaint.trim() || output)
    .split('\n')
    .filter((line) => !/^\s+at |Logs were written to|If you think this is a bug/.test(line))
    .join('\n')
    .replace(/\n\s*\n+/g, '\n')
    .trim()
  const message = `wrangler ${args.slice(0, 2).join(' ')} failed:\n${said}`
  return new WranglerError(message, typeof code === 'number' ? code : undefined, output)
}
