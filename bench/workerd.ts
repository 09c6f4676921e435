// One Worker in one process of workerd, without wrangler's proxy before it: what the process does is what the Worker does.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { unstable_readConfig as readConfig } from 'wrangler'

const WORKERD = createRequire(import.meta.url).resolve('workerd/bin/workerd')

// Whatever ends the bench ends them, too.
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Program {
  readonly bundle: string
  /** The wrangler.toml whose bindings it has. */
  readonly config: string
  /** Secrets, and variables that its deployment sets. */
  readonly settings: Readonly<Record<string, string>>
  /** Where its KV and its D1 are: host and port. */
  readonly storage: string
  /** Where its Durable Objects are: a folder. */
  readonly objects: string
  /** Whether V8's inspector listens. */
  readonly inspected: boolean
}

interface Ports {
  readonly http: number
  /** Of V8's inspector, where the program is inspected. */
  readonly inspector: number | undefined
}

export class Workerd {
  readonly port: number
  readonly inspector: number | undefined
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, { http, inspector }: Ports) {
    this.#process = child
    this.port = http
    this.inspector = inspector
  }

  /** @returns once it listens: its modules have been evaluated by then. */
  static async start(program: Program): Promise<Workerd> {
    const file = `${program.bundle}.capnp`
    writeFileSync(file, configOf(program))
    const inspected = program.inspected ? ['--inspector-addr=127.0.0.1:0'] : []
    const child = spawn(WORKERD, ['serve', file, '--experimental', '--control-fd=3', ...inspected], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    const failed = once(child, 'exit').then(() => Promise.reject(new Error(`workerd refuses ${file}.`)))
    failed.catch(() => undefined)
    const listening = (async (): Promise<Ports> => {
      let inspector: number | undefined
      for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
        const { event, port } = JSON.parse(line) as { event: string; port: number }
        if (event === 'listen-inspector') inspector = port
        if (event === 'listen') return { http: port, inspector }
      }
      return failed
    })()
    return new Workerd(child, await Promise.race([listening, failed]))
  }

  /** CPU time of the process so far, in microseconds. */
  cpu(): number {
    const tasks = `/proc/${this.#process.pid}/task`
    const nanoseconds = readdirSync(tasks).map((task) => {
      const [onCpu] = readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')
      return Number(onCpu)
    })
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}

/** What is read of a wrangler.toml. */
interface Settings {
  readonly compatibility_date: string
  readonly compatibility_flags: readonly string[]
  readonly vars: Readonly<Record<string, unknown>>
  readonly kv_namespaces: readonly { readonly binding: string }[]
  readonly d1_databases: readonly { readonly binding: string }[]
  readonly durable_objects: { readonly bindings: readonly { name: string; class_name: string }[] }
  readonly ratelimits: readonly { readonly name: string }[]
}

/** The configuration in Cap'n Proto, as node_modules/workerd/workerd.capnp describes it. */
function configOf({ bundle, config, settings, storage, objects }: Program): string {
  const read = readConfig({ config }) as Settings
  const { compatibility_date, compatibility_flags, vars, kv_namespaces, durable_objects } = read
  const quoted = (value: unknown) => JSON.stringify(value)
  const classes = durable_objects.bindings
  const bindings = [
    ...Object.entries({ ...vars, ...settings }).map(([name, value]) =>
      typeof value === 'string'
        ? `(name = ${quoted(name)}, text = ${quoted(value)})`
        : `(name = ${quoted(name)}, json = ${quoted(quoted(value))})`,
    ),
    ...kv_namespaces.map(({ binding }) => `(name = ${quoted(binding)}, kvNamespace = "storage")`),
    ...read.d1_databases.map(({ binding }) => wrapped(binding, 'cloudflare-internal:d1-api', FETCHER)),
    ...classes.map(
      ({ name, class_name }) => `(name = ${quoted(name)}, durableObjectNamespace = ${quoted(class_name)})`,
    ),
    ...read.ratelimits.map(({ name }) => wrapped(name, 'bench:no-limit')),
  ]
  const namespaces = classes.map(
    ({ class_name }) =>
      `(className = ${quoted(class_name)}, uniqueKey = ${quoted(class_name)}, enableSql = true)`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "objects", disk = (path = ${quoted(objects)}, writable = true)),
    (name = "storage", external = (address = ${quoted(storage)}, http = ())),
  ],
  sockets = [(
    name = "http", address = "127.0.0.1:0", service = "worker",
    http = (forwardedProtoHeader = "X-Forwarded-Proto")
  )],
  extensions = [(modules = [(name = "bench:no-limit", esModule = ${quoted(NO_LIMIT)}, internal = true)])],
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed ${quoted(`./${bundle.slice(dirname(bundle).length + 1)}`)})],
  compatibilityDate = ${quoted(compatibility_date)},
  compatibilityFlags = [${compatibility_flags.map(quoted).join(', ')}],
  bindings = [${bindings.join(',\n    ')}],
  durableObjectNamespaces = [${namespaces.join(',\n    ')}],
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "worker",
);
`
}

/** A binding that a module makes of others. */
function wrapped(name: string, module: string, inner = ''): string {
  return `(name = "${name}", wrapped = (moduleName = "${module}", innerBindings = [${inner}]))`
}

/** Of D1: what answers its queries. */
const FETCHER = '(name = "fetcher", service = "storage")'

/** The bench registers more clients in a minute than the limits allow. */
const NO_LIMIT = 'export default () => ({ limit: async () => ({ success: true }) })'
