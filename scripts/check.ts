// `npm run check`: types, lint and format, in seconds. A check that fails does not hide the others.
import { areTypesFresh, GENERATED } from './generated-types.ts'
import { readOptions } from './options.ts'
import { programOf, runProgram } from './program.ts'

const USAGE = `Usage: npm run check

Checks types, lint and format. \`npm run format\` repairs most of the last two.`

/** What is wrong, or undefined. */
type Check = () => Promise<string | undefined>

const CHECKS: Readonly<Record<string, Check>> = {
  'Generated types are up to date': checkGenerated,
  'Types of your server and of the scripts': () => outputOf('typescript', 'tsc'),
  'Types of the engine and its tests': () => outputOf('typescript', 'tsc', '-p', 'test'),
  'Lint and format': checkFormat,
}

readOptions(USAGE, {})

const findings = await Promise.all(
  Object.entries(CHECKS).map(async ([rule, check]) => {
    const problem = await check().catch((error: Error) => error.message)
    console.log(problem === undefined ? `✓ ${rule}` : `✗ ${rule}\n\n${problem.trim()}\n`)
    return problem
  }),
)
const failed = findings.filter((problem) => problem !== undefined).length
console.log(`${findings.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function checkGenerated(): Promise<string | undefined> {
  const fresh = await Promise.all(GENERATED.map(areTypesFresh))
  const stale = GENERATED.filter((_, index) => !fresh[index])
  if (stale.length === 0) return undefined
  const lines = stale.map(({ file, configuration }) => `${configuration} has changed since ${file} was made.`)
  return `${lines.join('\n')}\nRun: npm run types`
}

async function checkFormat(): Promise<string | undefined> {
  const output = await outputOf('@biomejs/biome', 'biome', 'check', '--colors=off')
  return output && `${output.trim()}\n\nRepair most of it: npm run format`
}

async function outputOf(packageName: string, name: string, ...args: string[]): Promise<string | undefined> {
  const { code, output } = await runProgram(programOf(packageName, name), ...args)
  return code === 0 ? undefined : output
}
