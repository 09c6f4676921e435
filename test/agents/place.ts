// Where one client runs: a home of its own, a browser that is the user's, a scripted model.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { DevServer } from '../support/dev-server.ts'
import { runScript } from '../support/fixture.ts'
import type { Model } from './model.ts'
import type { Person } from './person.ts'

const FOLDER = import.meta.dirname
const PATIENCE_MS = 60_000

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Whether it runs in a terminal, without which some begin no sign-in. */
  readonly terminal?: boolean
  /** What the person types once the program has printed a question. */
  readonly answers?: Readonly<Record<string, string>>
  /** How it ends if all went well. */
  readonly code?: number
}

interface Registered {
  readonly client_id: string
  readonly client_secret?: string
}

export class Place {
  readonly home = mkdtempSync(join(tmpdir(), 'gatehouse-agent-'))
  /** Where its programs run. */
  readonly folder = join(this.home, 'project')
  readonly mcpUrl: URL
  readonly person: Person
  readonly model: Model
  readonly #storage: string
  readonly #ended = new AbortController()

  /** @param server where clients reach it, and where it keeps its data */
  constructor({ mcpUrl, storage }: Pick<DevServer, 'mcpUrl' | 'storage'>, person: Person, model: Model) {
    this.mcpUrl = mcpUrl
    this.#storage = storage
    this.person = person
    this.model = model
    const bin = join(this.home, 'bin')
    mkdirSync(bin)
    mkdirSync(this.folder)
    const opener = `#!/usr/bin/env node\nfetch('${person.opener}', { method: 'POST', body: process.argv.at(-1) })\n`
    for (const name of ['open', 'xdg-open']) {
      writeFileSync(join(bin, name), opener)
      chmodSync(join(bin, name), 0o755)
    }
  }

  /** What a program of this client finds in its environment. */
  get env(): Record<string, string> {
    const bin = join(this.home, 'bin')
    const { PATH = '', LANG = 'C.UTF-8' } = process.env
    return {
      PATH: [bin, dirname(process.execPath), PATH].join(delimiter),
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, '.config'),
      XDG_DATA_HOME: join(this.home, '.local/share'),
      XDG_CACHE_HOME: join(this.home, '.cache'),
      BROWSER: join(bin, 'xdg-open'),
      // Some open no browser where they see no screen.
      DISPLAY: ':0',
      LANG,
      NO_COLOR: '1',
    }
  }

  /** Writes a file of its home. Returns its path. */
  write(name: string, content: string | object): string {
    const file = join(this.home, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  /** Runs a program of an installed package to its end. Returns all that it has printed. @throws when it fails */
  async run(
    program: string,
    args: readonly string[],
    { env, terminal = false, answers = {}, code = 0 }: RunOptions = {},
  ): Promise<string> {
    const words = [programPath(program), ...args]
    const [command = '', ...rest] = terminal ? inTerminal(words) : words
    const child = spawn(command, rest, {
      cwd: this.folder,
      // Nothing of ours, such as what npm sets.
      env: { ...this.env, ...env } as NodeJS.ProcessEnv,
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(PATIENCE_MS)]),
    })
    let printed = ''
    const open = new Map(Object.entries(answers))
    if (open.size === 0) child.stdin.end()
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk
        this.person.notice(printed)
        for (const [question, typed] of open) {
          if (!printed.includes(question)) continue
          open.delete(question)
          child.stdin.write(typed)
        }
      })
    }
    const [ended] = await once(child, 'close').catch((error) => [error])
    if (ended !== code) throw new Error(`${program} ${args.join(' ')}: ${ended}\n${printed}`)
    return printed
  }

  /** As the owner registers an app for users: `npm run client -- add`. */
  async register(...options: readonly string[]): Promise<Registered> {
    const where = ['--persist-to', this.#storage, '--json']
    const { code, output, complaint } = await runScript('client', 'add', ...options, ...where)
    if (code !== 0) throw new Error(complaint)
    return JSON.parse(output)
  }

  stop(): void {
    this.#ended.abort()
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** As `script` of util-linux runs a command. */
function inTerminal(words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  return ['script', '-qefc', quoted.join(' '), '/dev/null']
}

/** The file of a program that npm has installed here. */
export function programPath(name: string): string {
  return join(FOLDER, 'node_modules/.bin', name)
}

export function versionOf(packageName: string): string {
  return JSON.parse(readFileSync(join(FOLDER, 'node_modules', packageName, 'package.json'), 'utf8')).version
}
