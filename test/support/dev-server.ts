// The fixture server as `npm run dev` starts one: the real command, a socket, storage of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../scripts/free-port.ts'
import { devVar } from '../../scripts/setup.ts'
import { FIXTURE, FIXTURE_ENVIRONMENT, script } from './fixture.ts'

const START_MS = 60_000

// localhost can be two addresses. A busy machine may answer at the first one later than after Node's quarter of a second.
setDefaultAutoSelectFamilyAttemptTimeout(10_000)

/** Whose Worker is run. */
interface Project {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

const FIXTURE_PROJECT: Project = { folder: FIXTURE, environment: FIXTURE_ENVIRONMENT }
const OWN_PROJECT: Project = { folder: '.', environment: {} }

export class DevServer {
  readonly origin: string
  /** Everything that it has printed. */
  readonly output: string[] = []
  readonly #port: number
  readonly #storage: string
  readonly #flags: readonly string[]
  readonly #project: Project
  #process: ChildProcess | undefined

  private constructor(port: number, storage: string, flags: readonly string[], project: Project) {
    this.#flags = flags
    this.#project = project
    this.origin = `http://localhost:${port}`
    this.#port = port
    this.#storage = storage
  }

  /**
   * @param entry the Worker's file, if not the one that wrangler.toml names
   * @param settings in place of those of wrangler.toml, or beside them
   * @param below TOML that an operator has put below the rest of wrangler.toml
   */
  static async start(
    entry?: string,
    settings: Readonly<Record<string, string>> = {},
    below?: string,
  ): Promise<DevServer> {
    const storage = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    // Named, since wrangler looks for it beside the Worker's file.
    const flags = below === undefined ? ['--config', 'wrangler.toml'] : configWith(below, storage)
    for (const [name, value] of Object.entries(settings)) flags.push('--var', `${name}:${value}`)
    return DevServer.#start(storage, [...(entry ? [resolve(entry)] : []), ...flags], FIXTURE_PROJECT)
  }

  /** Runs a Worker of this project's own files, not the fixture. @param flags of wrangler */
  static startOwn(entry: string, flags: readonly string[]): Promise<DevServer> {
    const storage = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    return DevServer.#start(storage, [resolve(entry), '--config', 'wrangler.toml', ...flags], OWN_PROJECT)
  }

  static async #start(storage: string, flags: readonly string[], project: Project): Promise<DevServer> {
    const server = new DevServer(await freePort(), storage, flags, project)
    await server.#run().catch(async (error: unknown) => {
      await server.stop()
      throw error
    })
    return server
  }

  get mcpUrl(): URL {
    return new URL('/mcp', this.origin)
  }

  /** Where it keeps its data. */
  get storage(): string {
    return this.#storage
  }

  get passphrase(): string {
    return devVar('OWNER_PASSPHRASE', this.#project.folder) as string
  }

  /** Kills all of it at once, and starts it again on the same storage. */
  async restart(): Promise<void> {
    await this.#kill()
    await this.#run()
  }

  /** Kills the process that runs the Worker (the other one is wrangler's proxy); the launcher starts another. */
  killWorker(): void {
    for (const pid of this.workers()) process.kill(Number(pid), 'SIGKILL')
  }

  /** The ids of the processes that run the Worker. */
  workers(): string[] {
    const group = String(this.#process?.pid)
    const processes = execFileSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' })
    return processes.split('\n').flatMap((line) => {
      const [pid = '', pgid, ...args] = line.trim().split(/\s+/)
      return pgid === group && args.some((arg) => arg.includes('entry=127.0.0.1:')) ? [pid] : []
    })
  }

  /** Resident memory of the processes that run the Worker, in MiB. */
  memory(): number {
    const group = String(this.#process?.pid)
    const processes = execFileSync('ps', ['-eo', 'pgid=,rss=,args='], { encoding: 'utf8' })
    const ours = processes
      .split('\n')
      .filter((line) => line.trim().startsWith(`${group} `) && line.includes('entry=127.0.0.1:'))
    return ours.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[1]), 0) / 1024
  }

  async stop(): Promise<void> {
    await this.#kill()
    rmSync(this.#storage, { recursive: true, force: true, maxRetries: 5 })
  }

  async #run(): Promise<void> {
    const flags = ['--port', String(this.#port), '--inspector-port', '0', '--persist-to', this.#storage]
    // Its own process group, since stopping the launcher alone would leave workerd running.
    const child = spawn(process.execPath, [script('dev'), ...this.#flags, ...flags], {
      cwd: this.#project.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // As at a person's terminal, where wrangler colours what dev.ts reads.
      env: { ...process.env, ...this.#project.environment, FORCE_COLOR: '1' },
    })
    this.#process = child
    createInterface({ input: child.stderr }).on('line', (line) => this.output.push(line))
    await new Promise<void>((resolve, reject) => {
      const failed = () => reject(new Error(`The server did not start:\n${this.output.join('\n')}`))
      child.on('exit', failed)
      // A Worker that cannot be built is not the end of wrangler: it waits for a better one.
      const deadline = setTimeout(failed, START_MS)
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.output.push(line)
        if (!line.includes('Your MCP server:')) return
        clearTimeout(deadline)
        resolve()
      })
    })
  }

  async #kill(): Promise<void> {
    if (this.#process?.pid === undefined || this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    process.kill(-this.#process.pid, 'SIGKILL')
    await ended
  }
}

/** The flags for a configuration of its own, which is in another folder than what it refers to. */
export function configWith(settings: string, folder: string): string[] {
  const config = readFileSync(join(FIXTURE, 'wrangler.toml'), 'utf8').replace(
    /^(?:main|directory) = "/gm,
    (path) => `${path}${FIXTURE}/`,
  )
  const file = join(folder, 'wrangler.toml')
  writeFileSync(file, `${config}\n${settings}`)
  return ['--config', file, '--env-file', join(FIXTURE, '.dev.vars')]
}
