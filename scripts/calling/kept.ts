// What `npm run call` keeps between two runs: its registration and its tokens, one file for each server, outside of the
// project, readable by this user alone.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type {
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'

export interface Kept {
  readonly client?: StoredOAuthClientInformation
  readonly tokens?: StoredOAuthTokens
  /** Where the server and its authorization server are. */
  readonly discovery?: OAuthDiscoveryState
}

/** Where it is kept. */
export interface Keeper {
  read(): Kept
  /** Replaces the named parts; undefined removes one. */
  write(changes: Changes): void
  remove(): void
}

type Changes = { readonly [Name in keyof Kept]: Kept[Name] | undefined }

/** For one run. */
export class InMemory implements Keeper {
  #kept: Kept = {}

  read = () => this.#kept
  write = (changes: Changes) => {
    this.#kept = { ...this.#kept, ...changes } as Kept
  }
  remove = () => {
    this.#kept = {}
  }
}

/** The folder of programs' settings, as the system has it. */
function folder({ XDG_CONFIG_HOME, APPDATA }: NodeJS.ProcessEnv = process.env): string {
  return join(XDG_CONFIG_HOME || APPDATA || join(homedir(), '.config'), 'gatehouse')
}

export class KeptFile implements Keeper {
  readonly path: string

  constructor({ origin }: URL) {
    this.path = join(folder(), `${encodeURIComponent(origin)}.json`)
  }

  /** Nothing, if there is no file that can be read. */
  read(): Kept {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8'))
    } catch {
      return {}
    }
  }

  write(changes: Changes): void {
    mkdirSync(folder(), { recursive: true, mode: 0o700 })
    // A new file each time: an old one may have another mode, and a run that is cut short leaves the old one whole.
    const unfinished = `${this.path}.${process.pid}`
    rmSync(unfinished, { force: true })
    writeFileSync(unfinished, JSON.stringify({ ...this.read(), ...changes }, null, 2), {
      mode: 0o600,
      flag: 'wx',
    })
    renameSync(unfinished, this.path)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}
