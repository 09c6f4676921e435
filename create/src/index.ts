// `npm create gatehouse`: copies the template, applies the answers, and says what to type next.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Answers, Refused, readAnswers, USAGE } from './answers.ts'
import { changesFor } from './changes.ts'
import { unpackedName } from './template.ts'

const TEMPLATE = join(dirname(fileURLToPath(import.meta.url)), '../template')

try {
  const answers = await readAnswers(
    process.argv.slice(2),
    Boolean(process.stdin.isTTY && process.stdout.isTTY),
  )
  if (answers === undefined) console.log(USAGE)
  else create(answers)
} catch (error) {
  if (error instanceof Error && error.name === 'AbortError') {
    console.log('\nNothing was created.')
    process.exitCode = 130
  } else if (error instanceof Refused) {
    console.error(`✗ ${error.message}\n`)
    console.log(USAGE)
    process.exitCode = 2
  } else throw error
}

function create({ name, logins, samples, git, install }: Answers): void {
  const folder = resolve(name)
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Refused(`The folder ${name} is not empty.`)
  cpSync(TEMPLATE, folder, { recursive: true })
  restoreNames(folder)
  for (const [file, change] of changesFor(name, logins)) {
    const path = join(folder, file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
  console.log(`✓ Created ${name}/`)
  const left: string[] = []
  // The secrets of a login method are part of the generated types.
  const commands = [
    ...(logins.includes('github') ? [['npm', 'run', 'types']] : []),
    ...(samples ? [] : [['npm', 'run', 'remove-samples', '--', '--force']]),
  ]
  if (install) {
    console.log('… Installing packages, which takes about a minute')
    for (const command of [['npm', 'install'], ...commands]) runIn(folder, command)
  } else left.push(...[['npm', 'install'], ...commands].map((command) => command.join(' ')))
  if (git) begin(folder)
  console.log(next(name, left, logins.includes('github')))
}

function restoreNames(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) restoreNames(path)
    else if (unpackedName(entry.name) !== entry.name) renameSync(path, join(folder, unpackedName(entry.name)))
  }
}

function runIn(folder: string, [program = '', ...args]: readonly string[]): void {
  const shell = process.platform === 'win32'
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', shell })
  const line = [program, ...args].join(' ')
  if (status === 0) console.log(`✓ ${line}`)
  else throw new Error(`${line} failed in ${folder}:\n${stdout}${stderr}`)
}

function begin(folder: string): void {
  try {
    runIn(folder, ['git', 'init', '--quiet'])
    runIn(folder, ['git', 'add', '--all'])
    runIn(folder, ['git', 'commit', '--quiet', '-m', 'Start from Gatehouse'])
  } catch {
    console.log(
      '… git did not commit. Set your name and address in git, then run: git add --all && git commit',
    )
  }
}

function next(name: string, left: readonly string[], github: boolean): string {
  const lines = [
    `cd ${name}`,
    ...left,
    'npm run dev      # the server on this computer',
    'npm run call     # in a second terminal: what it offers',
    'npm run deploy   # the server on Cloudflare',
  ]
  const note = github ? '\nSign-in with GitHub needs an OAuth app: docs/login.md#github\n' : ''
  return `\nType next:\n\n${lines.map((line) => `  ${line}`).join('\n')}\n${note}`
}
