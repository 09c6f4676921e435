// A Worker that runs: a process, its storage, a connection, and a token where it asks for one.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SECRETS } from '../scripts/setup.ts'
import { type Build, build } from './build.ts'
import { Client } from './client.ts'
import { memory, temporary } from './folders.ts'
import { Connection, ISSUER, type Sent } from './load.ts'
import { toolCall } from './mcp.ts'
import { Storage } from './storage.ts'
import { type Program, Workerd } from './workerd.ts'

/** One set for all, so that a token of one process is good in the next. */
const secrets = Object.fromEntries(
  await Promise.all(Object.entries(SECRETS).map(async ([name, make]) => [name, await make()] as const)),
)
/** What a deployment sets. */
const settings = { ...secrets, PUBLIC_URL: ISSUER }
export const PASSPHRASE = secrets.OWNER_PASSPHRASE as string

export class Contender {
  readonly program: Program
  readonly storage: Storage
  readonly workerd: Workerd
  readonly connection: Connection
  /** Absent without authentication. */
  client: Client | undefined
  token: string | undefined

  private constructor(program: Program, storage: Storage, workerd: Workerd) {
    this.program = program
    this.storage = storage
    this.workerd = workerd
    this.connection = new Connection(workerd.port)
  }

  /** Bundles and starts a Worker, and has a client get a token of it. */
  static async start(what: Build): Promise<Contender> {
    const storage = await Storage.start()
    const program = {
      bundle: await build(what, temporary, { minify: !what.profiled }),
      config: what.config,
      settings: what.guard === 'ours' ? settings : {},
      storage: storage.address,
      objects: mkdtempSync(join(memory, 'gatehouse-bench-')),
      inspected: what.profiled ?? false,
    }
    const contender = new Contender(program, storage, await Workerd.start(program))
    if (what.guard === 'none') return contender
    contender.client = await Client.start(
      contender.connection,
      what.guard === 'ours' ? PASSPHRASE : undefined,
    )
    contender.token = (await contender.client.connect()).access_token
    return contender
  }

  call(tool: string, args: object = {}): Sent {
    return toolCall(tool, args, this.token)
  }

  async stop(): Promise<void> {
    this.connection.close()
    this.storage.stop()
    await this.workerd.stop()
    rmSync(this.program.objects, { recursive: true, force: true })
  }
}

/** Starts Workers, and stops them whatever happens. */
export async function withContenders<const Names extends string, T>(
  builds: Readonly<Record<Names, Build>>,
  use: (contenders: Readonly<Record<Names, Contender>>) => Promise<T>,
): Promise<T> {
  const started: [string, Contender][] = []
  try {
    for (const [name, what] of Object.entries<Build>(builds))
      started.push([name, await Contender.start(what)])
    return await use(Object.fromEntries(started) as Record<Names, Contender>)
  } finally {
    await Promise.all(started.map(([, contender]) => contender.stop()))
  }
}
