// The fixture server in workerd, for tests of what it does and not of how people start it (dev-server.ts): the same code
// and settings, without the programs around them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { devVar, SECRETS } from '../../scripts/setup.ts'
import { bundle } from './bundle.ts'
import { configWith } from './dev-server.ts'
import { FIXTURE } from './fixture.ts'

/** The code of each Worker, by its file: several test files start the same one. */
const built = new Map<string, Promise<string>>()

export class LocalServer {
  readonly origin: string
  /** Where it keeps its data. */
  readonly storage: string
  /** Everything that it has logged. */
  readonly output: readonly string[]
  readonly #options: MiniflareOptions
  #runtime: Miniflare

  private constructor(
    origin: string,
    storage: string,
    output: readonly string[],
    options: MiniflareOptions,
    runtime: Miniflare,
  ) {
    this.origin = origin
    this.storage = storage
    this.output = output
    this.#options = options
    this.#runtime = runtime
  }

  /**
   * @param entry the Worker's file, if not the one that wrangler.toml names
   * @param settings in place of those of wrangler.toml, or beside them
   * @param below TOML that an operator has put below the rest of wrangler.toml
   * @param beside another Worker, for a service binding
   */
  static async start(
    entry = join(FIXTURE, 'src/index.ts'),
    settings: Readonly<Record<string, string>> = {},
    below = '',
    beside?: Beside,
  ): Promise<LocalServer> {
    const storage = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    const output: string[] = []
    const [script, other] = await Promise.all([scriptOf(entry), beside && workerOf(beside)])
    const options = optionsFor(script, storage, settings, below, output, other)
    const runtime = new Miniflare(options)
    const { port } = await runtime.ready
    return new LocalServer(
      `http://localhost:${port}`,
      storage,
      output,
      { ...options, port: Number(port) },
      runtime,
    )
  }

  get mcpUrl(): URL {
    return new URL('/mcp', this.origin)
  }

  get passphrase(): string {
    return devVar('OWNER_PASSPHRASE', FIXTURE) as string
  }

  /** Stops it, and starts it again on the same storage. */
  async restart(): Promise<void> {
    await this.#runtime.dispose()
    this.#runtime = new Miniflare(this.#options)
    await this.#runtime.ready
  }

  async stop(): Promise<void> {
    await this.#runtime.dispose()
    rmSync(this.storage, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A Worker of another folder. */
interface Beside {
  readonly name: string
  readonly entry: string
  readonly settings: Readonly<Record<string, string>>
}

async function workerOf({ name, entry, settings }: Beside) {
  const script = await scriptOf(entry)
  return { name, script, modules: true, bindings: settings, compatibilityDate: '2026-11-01' } as const
}

function scriptOf(entry: string): Promise<string> {
  const script = built.get(entry) ?? bundle(entry).then(({ code }) => code)
  built.set(entry, script)
  return script
}

function optionsFor(
  script: string,
  storage: string,
  settings: Readonly<Record<string, string>>,
  below: string,
  output: string[],
  beside: Awaited<ReturnType<typeof workerOf>> | undefined,
): MiniflareOptions {
  const [, config] = configWith(below, storage)
  // The code is one module by now, and needs no rules to find others.
  const { modulesRules: _, ...options } = unstable_getMiniflareWorkerOptions(config as string).workerOptions
  const secrets = Object.keys(SECRETS).map((name) => [name, devVar(name, FIXTURE)])
  const worker = {
    ...options,
    name: 'gatehouse',
    script,
    modules: true,
    bindings: { ...(options.bindings as object), ...Object.fromEntries(secrets), ...settings },
  } as const
  return convertV4MiniflareOptions({
    workers: beside ? [worker, beside] : [worker],
    // Where localhost is ::1 at first, that is refused at once, and the next address is this one.
    host: '127.0.0.1',
    port: 0,
    cf: false,
    // Where `npm run client` looks for it.
    resourcePersistencePath: join(storage, 'v3'),
    handleStructuredLogs: ({ message }) => output.push(message),
  })
}

/** Such a Worker at an address of its own. */
export async function runAlone(beside: Beside): Promise<Miniflare> {
  const workers = [await workerOf(beside)]
  return new Miniflare(convertV4MiniflareOptions({ workers, host: '127.0.0.1', port: 0, cf: false }))
}
