// A copy of this project in a folder of its own, as a fork has it: what git keeps or would keep, and its history begins.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { programOf } from '../../scripts/program.ts'

export interface Outcome {
  readonly code: number | null
  /** All that it printed. */
  readonly output: string
}

/** Sees what a program prints while it runs. */
export type Watch = (printed: Buffer) => void

/** What vitest and npm tell their own programs, and no one else. */
const INNER = /^(VITEST|npm_|NODE_ENV$|MODE$|DEV$|PROD$|SSR$|TEST$|BASE_URL$)/

export class Copy {
  readonly folder = mkdtempSync(join(tmpdir(), 'fork-'))
  /** How many files it has. */
  readonly files: number

  constructor() {
    const options = { encoding: 'utf8', maxBuffer: 2 ** 26 } as const
    // A file that was deleted and not committed is still listed once.
    const deleted = execFileSync('git', ['ls-files', '-z', '--deleted'], options).split('\0')
    const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], options).split('\0')
    const files = listed.filter((file) => file !== '' && !deleted.includes(file))
    for (const file of files) cpSync(file, this.#path(file), { recursive: true })
    this.files = files.length
    // Not in git: a link is no folder, and .gitignore names a folder.
    symlinkSync(resolve('node_modules'), this.#path('node_modules'), 'junction')
    this.#git('init', '-q')
    writeFileSync(this.#path('.git/info/exclude'), 'node_modules\n')
    this.commit()
  }

  commit(): void {
    this.#git('add', '--all')
    const author = ['-c', 'user.name=Fork', '-c', 'user.email=fork@example.com', '-c', 'commit.gpgsign=false']
    this.#git(...author, 'commit', '-q', '-m', 'fork')
  }

  read(file: string): string {
    return readFileSync(this.#path(file), 'utf8')
  }

  write(file: string, content: string): void {
    mkdirSync(dirname(this.#path(file)), { recursive: true })
    writeFileSync(this.#path(file), content)
  }

  delete(file: string): void {
    rmSync(this.#path(file))
  }

  /** Replaces what the pattern means. @throws Error when nothing does */
  edit(file: string, pattern: RegExp, replacement: string): void {
    const before = this.read(file)
    const after = before.replace(pattern, replacement)
    if (after === before) throw new Error(`${file} has nothing that fits ${pattern}.`)
    this.write(file, after)
  }

  /** Runs a command of package.json, as a person does. */
  npm(script: string, args: readonly string[] = [], watch: Watch = () => undefined): Promise<Outcome> {
    const rest = args.length > 0 ? ['--', ...args] : []
    return this.#run('npm', ['run', '--silent', script, ...rest], watch)
  }

  /** Runs a program of node_modules. */
  program(name: string, args: readonly string[]): Promise<Outcome> {
    return this.#run(process.execPath, [programOf(name, name), ...args])
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #path(file: string): string {
    return join(this.folder, file)
  }

  #git(...args: readonly string[]): void {
    execFileSync('git', args, { cwd: this.folder, stdio: 'ignore' })
  }

  async #run(command: string, args: readonly string[], watch: Watch = () => undefined): Promise<Outcome> {
    const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' }
    for (const name of Object.keys(environment)) if (INNER.test(name)) delete environment[name]
    const child = spawn(command, args, {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
      shell: process.platform === 'win32',
    })
    child.stdout.on('data', watch)
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { code, output: stdout + stderr }
  }
}
