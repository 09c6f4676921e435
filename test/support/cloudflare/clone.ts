// A fork in a folder of its own, in which its commands are run as programs: the engine around the files of the fixture.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { FIXTURE } from '../fixture.ts'

/** What a fork keeps as it is. */
const PARTS = ['src/engine', 'scripts', 'package.json', 'tsconfig.json']
/** What it makes its own. */
const OWN = ['src', 'public', 'wrangler.toml']

export interface Outcome {
  readonly code: number | null
  /** What it printed for programs. */
  readonly stdout: string
  /** All that it printed. */
  readonly output: string
}

export class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), 'clone-'))
  readonly environment: Record<string, string>

  /** @param environment with which its commands run, beside the usual */
  constructor(environment: Readonly<Record<string, string>>) {
    this.environment = { ...environment }
    for (const part of PARTS) cpSync(part, join(this.folder, part), { recursive: true })
    for (const part of OWN) cpSync(join(FIXTURE, part), join(this.folder, part), { recursive: true })
    symlinkSync(resolve('node_modules'), join(this.folder, 'node_modules'))
  }

  /** Runs a script to its end, as a CI does: without a terminal. */
  async run(script: string, ...args: string[]): Promise<Outcome> {
    return this.#start([process.execPath, `scripts/${script}.ts`, ...args]).outcome
  }

  /** Runs it as a person does, by npm. */
  async runByNpm(script: string, ...args: string[]): Promise<Outcome> {
    return this.#start(['npm', 'run', script, ...args]).outcome
  }

  /** Runs a script at a terminal of its own. */
  async runAtTerminal(script: string, ...args: string[]): Promise<Outcome> {
    const command = [process.execPath, `scripts/${script}.ts`, ...args]
    // The program `script` makes a terminal; it has its own ways on each system.
    const inTerminal =
      process.platform === 'linux'
        ? ['script', '-qec', command.join(' '), '/dev/null']
        : ['script', '-q', '/dev/null', ...command]
    return this.#start(inTerminal).outcome
  }

  /** Runs a script until something kills it and all that it has started. */
  start(script: string, ...args: string[]): { kill: () => void; outcome: Promise<Outcome> } {
    const { child, outcome } = this.#start([process.execPath, `scripts/${script}.ts`, ...args])
    return { kill: () => child.pid && process.kill(-child.pid, 'SIGKILL'), outcome }
  }

  write(file: string, content: string): void {
    writeFileSync(join(this.folder, file), content)
  }

  /** Changes wrangler.toml. */
  configure(change: (config: string) => string): void {
    const file = join(this.folder, 'wrangler.toml')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #start([command = '', ...args]: string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
    const { CI: _, ...environment } = process.env
    // A group of its own, which dies as a whole.
    const child = spawn(command, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...this.environment },
    })
    const outcome = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
      ([stdout, stderr, [code]]) => ({ code, stdout, output: stdout + stderr }),
    )
    return { child, outcome }
  }
}
