// What an account has deployed, as the internet sees it: a proxy to which a program says where it wants to go, and
// behind it the version that is deployed, in workerd, just as it was uploaded.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { WRANGLER, WRANGLER_ENVIRONMENT } from '../../../scripts/wrangler.ts'
import { freePort } from '../dev-server.ts'
import { type CloudflareAccount, SUBDOMAIN, type Version } from './account.ts'

/** Hosts beside workers.dev that lead to the Worker, as a custom domain does. */
type Hosts = Readonly<Record<string, string>>

export class LiveSite {
  readonly #account: CloudflareAccount
  readonly #hosts: Hosts
  readonly #proxy: Server
  readonly #folder = mkdtempSync(join(tmpdir(), 'live-'))
  readonly #sockets = new Set<Socket>()
  #running: { host: string; version: string; port: Promise<number>; process: ChildProcess } | undefined

  private constructor(account: CloudflareAccount, hosts: Hosts, proxy: Server) {
    this.#account = account
    this.#hosts = hosts
    this.#proxy = proxy
    proxy.on('connect', (request, socket: Socket) => void this.#connect(request.url ?? '', socket))
  }

  static async start(account: CloudflareAccount, hosts: Hosts = {}): Promise<LiveSite> {
    const proxy = createServer().listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const site = new LiveSite(account, hosts, proxy)
    // Else who keeps a connection would go on talking to the version that it was made to.
    account.whenDeployed = () => site.#hangUp()
    return site
  }

  /** With these, a program of Node reaches it instead of the internet. */
  get environment(): Record<string, string> {
    const { port } = this.#proxy.address() as { port: number }
    return {
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: '127.0.0.1,localhost',
      // Its certificate was made a moment ago, by wrangler, for nobody in particular.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    }
  }

  async stop(): Promise<void> {
    this.#hangUp()
    this.#proxy.close()
    this.#proxy.closeAllConnections()
    await this.#kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  async #connect(target: string, socket: Socket): Promise<void> {
    this.#sockets.add(socket.on('error', () => socket.destroy()))
    const host = target.replace(/:443$/, '')
    const worker = this.#hosts[host] ?? host.match(`^(.+)\\.${SUBDOMAIN}\\.workers\\.dev$`)?.[1]
    const version = worker === undefined ? undefined : this.#account.live(worker)
    // As long as nothing is deployed, the name leads nowhere.
    if (!version) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const port = await this.#run(host, version)
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    this.#sockets.add(upstream.on('error', () => socket.destroy()))
    socket.on('close', () => upstream.destroy())
  }

  async #run(host: string, version: Version): Promise<number> {
    if (this.#running?.version !== version.id || this.#running.host !== host) {
      await this.#kill()
      const process = this.#spawn(host, version, await freePort())
      this.#running = { host, version: version.id, ...process }
    }
    return this.#running.port
  }

  #spawn(host: string, version: Version, port: number): { port: Promise<number>; process: ChildProcess } {
    const folder = join(this.#folder, version.id)
    writeWorker(folder, version)
    const flags = [
      '--port',
      String(port),
      '--inspector-port',
      '0',
      '--persist-to',
      join(this.#folder, 'state'),
    ]
    const asHost = ['--local-protocol', 'https', '--local-upstream', host, '--upstream-protocol', 'https']
    const child = spawn(
      process.execPath,
      [WRANGLER, 'dev', '--no-bundle', '--ip', '127.0.0.1', ...flags, ...asHost],
      {
        cwd: folder,
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...WRANGLER_ENVIRONMENT, FORCE_COLOR: '0' },
      },
    )
    const ready = new Promise<number>((resolve, reject) => {
      child.on('exit', () => reject(new Error('What was uploaded does not run.')))
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('Ready on')) resolve(port)
      })
    })
    return { port: ready, process: child }
  }

  async #kill(): Promise<void> {
    const child = this.#running?.process
    this.#running = undefined
    if (child?.pid === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }
}

/** Puts what was uploaded where `wrangler dev` can run it, and nothing beside. */
function writeWorker(
  folder: string,
  { modules, mainModule, bindings, compatibility, exports }: Version,
): void {
  for (const [name, content] of modules) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const ofType = (type: string) => bindings.filter((binding) => binding.type === type)
  const secrets = ofType('secret_text')
  const settings = [...ofType('plain_text'), ...ofType('json')]
  const config = {
    name: 'live',
    main: mainModule,
    compatibility_date: compatibility.date,
    compatibility_flags: compatibility.flags,
    vars: Object.fromEntries(settings.map(({ name, text, json }) => [name, text ?? json])),
    secrets: { required: secrets.map(({ name }) => name) },
    kv_namespaces: ofType('kv_namespace').map(({ name, namespace_id }) => ({
      binding: name,
      id: namespace_id,
    })),
    durable_objects: {
      bindings: ofType('durable_object_namespace').map(({ name, class_name }) => ({ name, class_name })),
    },
    exports,
    ratelimits: ofType('ratelimit').map(({ name, namespace_id, simple }) => ({ name, namespace_id, simple })),
  }
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(config))
  writeFileSync(join(folder, '.dev.vars'), secrets.map(({ name, text }) => `${name}='${text}'\n`).join(''))
}
