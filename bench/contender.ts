// A Worker that runs: a process, its storage, a connection, and a token where it asks for one.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SECRETS } from '../scripts/setup.ts'
import { type Build, build } from './build.ts'
import { Client, signIn, signUp } from './client.ts'
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
    const program = await programOf(what, storage)
    if (what.tables) await makeTables({ ...what, name: `${what.name}-tables`, entry: what.tables }, storage)
    const contender = new Contender(program, storage, await Workerd.start(program))
    if (what.guard === 'none') return contender
    contender.client = await newClient(contender.connection, what.guard)
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

async function programOf(what: Build, storage: Storage): Promise<Program> {
  return {
    bundle: await build(what, temporary, { minify: !what.profiled }),
    config: what.config,
    settings: what.guard === 'ours' ? settings : {},
    storage: storage.address,
    objects: mkdtempSync(join(memory, 'gatehouse-bench-')),
    inspected: what.profiled ?? false,
  }
}

async function makeTables(what: Build, storage: Storage): Promise<void> {
  const workerd = await Workerd.start(await programOf(what, storage))
  const connection = new Connection(workerd.port)
  const { status, body } = await connection.send({ path: '/' })
  connection.close()
  await workerd.stop()
  if (status !== 200) throw new Error(`No tables: ${status} ${body}`)
}

/** A client of a person who is signed in, where people sign in. */
export async function newClient(connection: Connection, guard: Build['guard']): Promise<Client> {
  if (guard === 'ours') return Client.start(connection, await signIn(connection, PASSPHRASE))
  return Client.start(connection, guard === 'better-auth' ? await signUp(connection) : '')
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
