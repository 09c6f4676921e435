// `npm test`, and the larger parts of it. A part that fails does not hide the others; the end says what ran.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { readOptions, refuse } from '../scripts/options.ts'
import { programOf } from '../scripts/program.ts'
import { getBrowser, NoBrowser } from './support/get-browser.ts'
import { keepTemporaryFilesInMemory } from './support/in-memory.ts'

const USAGE = `Usage: npm test
       npm run test:server     your own tests, in seconds
       npm run test:engine     the tests of the engine
       npm run test:commands   the tests of the commands: deployments, rotation, forks
       npm run test:watch      your own tests, again after each change

Runs types, lint, the tests of your server and of the engine, and the MCP conformance suite, and says at the end what it
ran. The tests need a browser: the command finds or installs one before it begins. CHROMIUM_PATH names a browser in an
unusual place.`

const PARTS: Readonly<Record<string, readonly string[]>> = {
  engine: ['engine', 'outside'],
  commands: ['commands'],
}

/** What a part of the run came to. */
interface Result {
  readonly part: string
  readonly passed: number
  /** What failed, by name. */
  readonly failed: readonly string[]
  readonly seconds: number
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const { positionals } = readOptions(USAGE, {}, { positionals: true })
const part = positionals[0] === undefined ? undefined : PARTS[positionals[0]]
if (positionals.length > (part ? 1 : 0)) refuse(`There is no part "${positionals.at(-1)}".`, USAGE)

keepTemporaryFilesInMemory()
try {
  const browser = await getBrowser()
  console.log(`Browser: ${browser}\n`)
  process.env.CHROMIUM_PATH = browser
  conclude(await runParts())
} catch (error) {
  if (!(error instanceof NoBrowser)) throw error
  console.error(`✗ ${error.message}`)
  process.exitCode = 1
}

async function runParts(): Promise<Result[]> {
  if (part) return runTests(...part)
  return [
    await runCommand('check', 'scripts/check.ts'),
    ...(await runTests('server', 'engine', 'outside')),
    await runCommand('conformance', 'test/conformance/run.ts'),
  ]
}

/** Runs a script of ours, whose last line says how many passed and failed. */
async function runCommand(part: string, script: string): Promise<Result> {
  console.log(`\n${part}\n`)
  const started = Date.now()
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let counts: RegExpExecArray | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    counts = /^(\d+) passed, (\d+) failed$/.exec(line)
    if (!counts) console.log(line)
  }
  const [code] = await ended
  const wrong = Math.max(Number(counts?.[2] ?? 0), code === 0 ? 0 : 1)
  return {
    part,
    passed: Number(counts?.[1] ?? 0),
    failed: Array.from({ length: wrong }, () => `${part}: see above`),
    seconds: (Date.now() - started) / 1000,
  }
}

/** Runs projects of vitest.config.ts. Returns a result for each. */
async function runTests(...projects: readonly string[]): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tests-'))
  const started = Date.now()
  try {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const program = programOf('vitest', 'vitest')
    const chosen = projects.map((project) => `--project=${project}`)
    const child = spawn(process.execPath, [program, 'run', ...chosen, ...reporters], { stdio: 'inherit' })
    const [code] = await once(child, 'close')
    return resultsOf(readReport(file), code, (Date.now() - started) / 1000)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // vitest ended before it wrote one, and said why.
    return { testResults: [] }
  }
}

function resultsOf({ testResults }: Report, code: number, seconds: number): Result[] {
  const results = new Map<string, { passed: number; failed: string[] }>()
  for (const { name, status, assertionResults } of testResults) {
    const file = relative('.', name)
    const project = projectOf(file)
    const result = results.get(project) ?? { passed: 0, failed: [] }
    const failed = assertionResults.filter((one) => one.status === 'failed')
    result.passed += assertionResults.filter((one) => one.status === 'passed').length
    result.failed.push(...failed.map(({ fullName }) => `${file}: ${fullName}`))
    if (status === 'failed' && failed.length === 0) result.failed.push(`${file}: could not run`)
    results.set(project, result)
  }
  // Such as an error that no test caught.
  if (code !== 0 && [...results.values()].every(({ failed }) => failed.length === 0))
    results.set('tests', { passed: 0, failed: ['vitest: see above'] })
  return [...results].map(([part, counts]) => ({ part, ...counts, seconds }))
}

function projectOf(file: string): string {
  if (file.startsWith('src')) return 'tests of your server'
  if (/^test.(fork|commands)\b/.test(file)) return 'tests of the commands'
  return /^test.(e2e|source)\b/.test(file) ? 'tests from outside' : 'tests of the engine'
}

function conclude(results: readonly Result[]): void {
  const rows = results.map(({ part, passed, failed, seconds }) => [
    part,
    `${passed} passed`,
    failed.length === 0 ? '' : `${failed.length} failed`,
    `${Math.round(seconds)} s`,
  ])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  console.log('\nWhat ran (the tests run side by side):')
  for (const row of rows) console.log(`  ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ')}`)
  const failed = results.flatMap((result) => result.failed)
  if (failed.length > 0) console.log(`\nFailed:\n  ${failed.join('\n  ')}`)
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  console.log(`\n${passed} passed, ${failed.length} failed`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
