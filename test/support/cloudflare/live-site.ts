// What an account has deployed, as the internet sees it: a proxy to which a program says where it wants to go, and
// behind it the version that is deployed, in workerd, just as it was uploaded.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from 'miniflare'
import { type CloudflareAccount, SUBDOMAIN, type Version } from './account.ts'

/** Hosts beside workers.dev that lead to the Worker, as a custom domain does. */
type Hosts = Readonly<Record<string, string>>

interface Limit {
  readonly limit: number
  readonly period: 10 | 60
}

export class LiveSite {
  readonly #account: CloudflareAccount
  readonly #hosts: Hosts
  readonly #proxy: Server
  readonly #sockets = new Set<Socket>()
  #runtime: Miniflare | undefined
  #running: { version: string; port: Promise<number> } | undefined

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

  /** With these, our scripts reach it instead of the internet: they go by the proxy that the environment names. */
  get environment(): Record<string, string> {
    const { port } = this.#proxy.address() as { port: number }
    return {
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: '127.0.0.1,localhost',
      // Miniflare has just made its certificate, which no authority signed.
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    }
  }

  async stop(): Promise<void> {
    this.#hangUp()
    this.#proxy.close()
    this.#proxy.closeAllConnections()
    await this.#running?.port.catch(() => undefined)
    await this.#runtime?.dispose()
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
    const port = await this.#run(version)
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    this.#sockets.add(upstream.on('error', () => socket.destroy()))
    socket.on('close', () => upstream.destroy())
  }

  /** Returns the port on which the version listens. */
  #run(version: Version): Promise<number> {
    if (this.#running?.version !== version.id) {
      const before = this.#running?.port
      this.#running = { version: version.id, port: this.#start(version, before) }
    }
    return this.#running.port
  }

  async #start(version: Version, before: Promise<unknown> | undefined): Promise<number> {
    await before
    const options = optionsFor(version)
    if (this.#runtime) await this.#runtime.setOptions(options)
    else this.#runtime = new Miniflare(options)
    return Number((await this.#runtime.ready).port)
  }
}

/** What was uploaded, and nothing beside. */
function optionsFor({
  id,
  modules,
  mainModule,
  bindings,
  compatibility,
  assets,
  exports,
}: Version): MiniflareOptions {
  const ofType = (type: string) => bindings.filter((binding) => binding.type === type)
  const settings = [...ofType('plain_text'), ...ofType('json'), ...ofType('secret_text')]
  // The main one first. A source map is uploaded, but never run.
  const code = [...modules]
    .filter(([name]) => !name.endsWith('.map'))
    .sort(([name]) => (name === mainModule ? -1 : 1))
  return convertV4MiniflareOptions({
    name: id,
    host: '127.0.0.1',
    port: 0,
    https: true,
    cf: false,
    modules: code.map(([path, contents]) => ({
      type: 'ESModule',
      path,
      contents: contents.toString(),
    })),
    compatibilityDate: compatibility.date,
    compatibilityFlags: [...compatibility.flags],
    bindings: Object.fromEntries(settings.map(({ name, text, json }) => [name, (text ?? json) as string])),
    kvNamespaces: Object.fromEntries(
      ofType('kv_namespace').map(({ name, namespace_id }) => [name, String(namespace_id)]),
    ),
    durableObjects: Object.fromEntries(
      ofType('durable_object_namespace').map(({ name, class_name }) => [
        name,
        { className: String(class_name), useSQLite: exports[String(class_name)]?.storage === 'sqlite' },
      ]),
    ),
    serviceBindings: Object.fromEntries(
      ofType('assets').map(({ name }) => [
        name,
        (request: { url: string }) => {
          const file = assets.get(new URL(request.url).pathname)
          return new Response(file && new Uint8Array(file), { status: file ? 200 : 404 }) as never
        },
      ]),
    ),
    ratelimits: Object.fromEntries(
      ofType('ratelimit').map(({ name, namespace_id, simple }) => [
        name,
        { namespace_id: String(namespace_id), simple: simple as Limit },
      ]),
    ),
  })
}
