// An account at Cloudflare as wrangler sees it: the calls of the API that a deployment makes, answered from memory. What
// is uploaded is kept as it came, so that it can be run (live-site.ts).
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

export const ACCOUNT_ID = 'a'.repeat(32)
export const API_TOKEN = 'token-of-the-stand-in'
export const SUBDOMAIN = 'acme'

export interface Binding {
  readonly type: string
  readonly name: string
  readonly [field: string]: unknown
}

/** What was uploaded once: code and settings, which never change again. */
export interface Version {
  readonly id: string
  readonly bindings: readonly Binding[]
  readonly modules: ReadonlyMap<string, Buffer>
  readonly mainModule: string
  readonly compatibility: { readonly date: string; readonly flags: readonly string[] }
  /** Static files, by path. */
  readonly assets: ReadonlyMap<string, Buffer>
  /** Classes of Durable Objects. */
  readonly exports: Readonly<Record<string, { readonly storage?: string }>>
  readonly tag: string | undefined
  readonly message: string | undefined
}

interface Namespace {
  readonly id: string
  readonly title: string
  readonly entries: Map<string, Buffer>
}

/** What happens at a call, before it does anything or after it did: nothing, or a refusal to answer with. */
export type Interruption = (call: string, phase: 'before' | 'after') => Refusal | undefined

/** An HTTP status and Cloudflare's number for it. */
export interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
}

/** The paths of static files, with their hashes. */
type Manifest = Readonly<Record<string, { readonly hash: string }>>

class ApiError extends Error {
  readonly refusal: Refusal
  constructor(status: number, code: number, message: string) {
    super(message)
    this.refusal = { status, code, message }
  }
}

const notFound = () => new ApiError(404, 10007, 'This Worker does not exist on your account.')

export class CloudflareAccount {
  /** Every call so far, such as `PUT /workers/scripts/gatehouse`; the account is left out of the path. */
  readonly calls: string[] = []
  readonly namespaces = new Map<string, Namespace>()
  /** The versions of each Worker; the last one is deployed. */
  readonly workers = new Map<string, Version[]>()
  /** Accounts that the same person has, beside this one. */
  readonly others: { readonly id: string; readonly name: string }[] = []
  /** Whether wrangler's credentials are still good. */
  signedIn = true
  interrupt: Interruption = () => undefined
  /** Called when another version of a Worker is live. */
  whenDeployed: () => void = () => undefined
  readonly #enabled = new Set<string>()
  /** Files by their hash, whichever Worker has uploaded them. */
  readonly #files = new Map<string, Buffer>()
  /** What was uploaded for a version that is to come, by the token that a session ends with. */
  readonly #sessions = new Map<string, Manifest>()
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<CloudflareAccount> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const account = new CloudflareAccount(server)
    server.on('request', (request, response) => void account.#serve(request, response))
    return account
  }

  /** With these, wrangler takes it for Cloudflare. */
  get environment(): Record<string, string> {
    const { port } = this.#server.address() as { port: number }
    return {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: API_TOKEN,
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
    }
  }

  /** The version of a Worker that is deployed. */
  live(worker: string): Version | undefined {
    return this.workers.get(worker)?.at(-1)
  }

  /** A Worker that was deployed before, with its records, as far as who asks for those can tell. */
  deployedWithRecords(worker: string): Namespace {
    const { id } = this.#createNamespace(`${worker}-records`)
    const records = { type: 'kv_namespace', name: 'RECORDS', namespace_id: id }
    this.#deploy(worker, {
      id: randomUUID(),
      bindings: [records],
      modules: new Map(),
      mainModule: 'index.js',
      compatibility: { date: '2026-11-01', flags: [] },
      assets: new Map(),
      exports: {},
      tag: undefined,
      message: undefined,
    })
    return this.namespaces.get(id) as Namespace
  }

  /** As a person does at the dashboard. */
  removeSecret(worker: string, name: string): void {
    this.#changeSecrets(worker, { [name]: null })
  }

  /** Those calls that changed something. */
  get changes(): string[] {
    return this.calls.filter((call) => !call.startsWith('GET '))
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const path = url.pathname.replace(/^\/client\/v4/, '').replace(`/accounts/${ACCOUNT_ID}`, '')
    const call = `${request.method} ${path || '/'}`
    this.calls.push(call)
    try {
      const body = await buffer(request)
      this.#stopAt(call, 'before')
      const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
      const isUpload = path === '/workers/assets/upload' && this.#sessions.has(token)
      if (!isUpload && (token !== API_TOKEN || !this.signedIn)) {
        throw new ApiError(401, 10000, 'Authentication error')
      }
      const result = await this.#answer(call, url, body, request.headers['content-type'] ?? '')
      this.#stopAt(call, 'after')
      if (result instanceof Buffer) return void response.end(result)
      const envelope = { success: true, errors: [], messages: [], result, result_info: {} }
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(envelope))
    } catch (error) {
      const { status, code, message } =
        error instanceof ApiError
          ? error.refusal
          : { status: 500, code: 10013, message: `The stand-in failed: ${error}` }
      response.writeHead(status, { 'Content-Type': 'application/json' })
      response.end(
        JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }),
      )
    }
  }

  #stopAt(call: string, phase: 'before' | 'after'): void {
    const refusal = this.interrupt(call, phase)
    if (refusal) throw new ApiError(refusal.status, refusal.code, refusal.message)
  }

  async #answer(call: string, url: URL, body: Buffer, contentType: string): Promise<unknown> {
    const [, , script = ''] = /^\w+ \/workers\/(scripts|services|workers)\/([^/]+)/.exec(call) ?? []
    switch (call.replace(script && `/${script}`, script && '/*')) {
      case 'GET /user/tokens/verify':
        return { status: 'active' }
      case 'GET /user':
        return { email: 'owner@example.com' }
      case 'GET /accounts':
        return [{ id: ACCOUNT_ID, name: 'Acme' }, ...this.others]
      case 'GET /memberships':
        return [{ id: ACCOUNT_ID, name: 'Acme' }, ...this.others].map((account) => ({ account }))
      case 'GET /workers/subdomain':
        return { subdomain: SUBDOMAIN }
      case 'GET /workers/services/*':
        this.#worker(script)
        return {
          default_environment: {
            environment: 'production',
            script: { tag: 'f'.repeat(32), tags: [], last_deployed_from: 'wrangler' },
          },
        }
      case 'GET /workers/scripts/*/secrets':
        return this.#worker(script)
          .bindings.filter(({ type }) => type === 'secret_text')
          .map(({ name, type }) => ({ name, type }))
      case 'GET /workers/scripts/*/settings':
        return { bindings: this.#worker(script).bindings.map(withoutSecret) }
      case 'GET /workers/scripts/*/deployments':
        return {
          deployments: [
            {
              id: randomUUID(),
              source: 'wrangler',
              strategy: 'percentage',
              author_email: 'owner@example.com',
              created_on: '2026-11-01T00:00:00Z',
              versions: [{ version_id: this.#worker(script).id, percentage: 100 }],
            },
          ],
        }
      case 'PUT /workers/scripts/*':
        return this.#upload(script, await formOf(body, contentType))
      case 'POST /workers/scripts/*/assets-upload-session':
        return this.#beginAssets(JSON.parse(body.toString()).manifest)
      case 'POST /workers/assets/upload':
        return this.#keepAssets(await formOf(body, contentType))
      case 'PATCH /workers/scripts/*/secrets-bulk':
        return this.#changeSecrets(script, JSON.parse(body.toString()).secrets)
      case 'GET /workers/workers/*':
        this.#worker(script)
        return { subdomain: { enabled: this.#enabled.has(script), previews_enabled: false } }
      case 'POST /workers/scripts/*/subdomain':
        this.#worker(script)
        this.#enabled.add(script)
        return { enabled: true, previews_enabled: false }
      case 'POST /workers/scripts/*/domains/changeset':
        return { added: [], removed: [], updated: [], conflicting: [] }
      case 'PUT /workers/scripts/*/domains/records':
        return {}
      case 'GET /storage/kv/namespaces':
        if (Number(url.searchParams.get('page') ?? 1) > 1) return []
        return [...this.namespaces.values()].map(({ id, title }) => ({ id, title }))
      case 'POST /storage/kv/namespaces':
        return this.#createNamespace(JSON.parse(body.toString()).title)
    }
    const versionId = /^GET \/workers\/scripts\/[^/]+\/versions\/([^/]+)$/.exec(call)?.[1]
    if (versionId) return this.#describe(script, versionId)
    const [, verb = '', namespace = '', rest = ''] =
      /^(\w+) \/storage\/kv\/namespaces\/(\w+)\/(.+)$/.exec(call) ?? []
    if (namespace) return this.#records(verb, namespace, rest, url, body)
    throw new ApiError(404, 7003, `The stand-in does not know ${call}.`)
  }

  #worker(name: string): Version {
    const version = this.live(name)
    if (!version) throw notFound()
    return version
  }

  #createNamespace(title: string): { id: string; title: string } {
    if ([...this.namespaces.values()].some((one) => one.title === title)) {
      throw new ApiError(400, 10014, 'a namespace with this account ID and title already exists')
    }
    const id = randomBytes(16).toString('hex')
    this.namespaces.set(id, { id, title, entries: new Map() })
    return { id, title }
  }

  #upload(name: string, form: FormDataLike): unknown {
    const metadata = JSON.parse(String(form.get('metadata')))
    const before = this.live(name)?.bindings ?? []
    const named: Binding[] = metadata.bindings.map((binding: Binding) => {
      if (binding.type !== 'inherit') return binding
      const kept = before.find((one) => one.name === binding.name)
      if (!kept) throw new ApiError(400, 10057, `inherit binding '${binding.name}' is invalid`)
      return kept
    })
    const kept = before.filter(
      (one) =>
        metadata.keep_bindings?.includes(one.type) && !named.some((another) => another.name === one.name),
    )
    const version: Version = {
      id: randomUUID(),
      bindings: [...named, ...kept],
      modules: form.files,
      mainModule: metadata.main_module,
      compatibility: { date: metadata.compatibility_date, flags: metadata.compatibility_flags },
      assets: this.#assetsOf(metadata.assets?.jwt),
      exports: metadata.exports ?? {},
      tag: metadata.annotations?.['workers/tag'],
      message: metadata.annotations?.['workers/message'],
    }
    this.#deploy(name, version)
    return { id: name, etag: 'etag', deployment_id: version.id.replaceAll('-', ''), startup_time_ms: 1 }
  }

  #beginAssets(manifest: Manifest): { jwt: string; buckets: string[][] } {
    const jwt = randomUUID()
    this.#sessions.set(jwt, manifest)
    const missing = Object.values(manifest)
      .map(({ hash }) => hash)
      .filter((hash) => !this.#files.has(hash))
    return { jwt, buckets: missing.length > 0 ? [[...new Set(missing)]] : [] }
  }

  // The session's token stays the one with which the version is uploaded.
  #keepAssets({ files }: FormDataLike): object {
    for (const [hash, file] of files) this.#files.set(hash, Buffer.from(file.toString(), 'base64'))
    return { jwt: [...this.#sessions.keys()].at(-1) }
  }

  #assetsOf(jwt: string | undefined): ReadonlyMap<string, Buffer> {
    const manifest = Object.entries(this.#sessions.get(jwt ?? '') ?? {})
    return new Map(manifest.map(([path, { hash }]) => [path, this.#files.get(hash) ?? Buffer.of()]))
  }

  // One call is one version, as on the platform.
  #changeSecrets(name: string, secrets: Record<string, { text: string } | null>): unknown {
    const version = this.#worker(name)
    const untouched = version.bindings.filter((binding) => !Object.hasOwn(secrets, binding.name))
    const changed = Object.entries(secrets).flatMap(([secret, value]) =>
      value === null ? [] : [{ type: 'secret_text', name: secret, text: value.text }],
    )
    this.#deploy(name, {
      ...version,
      id: randomUUID(),
      bindings: [...untouched, ...changed],
      tag: undefined,
      message: undefined,
    })
    return {}
  }

  #deploy(name: string, version: Version): void {
    this.workers.set(name, [...(this.workers.get(name) ?? []), version])
    this.whenDeployed()
  }

  #describe(name: string, id: string): unknown {
    const version = this.workers.get(name)?.find((one) => one.id === id)
    if (!version) throw notFound()
    return {
      id,
      metadata: { created_on: '2026-11-01T00:00:00Z', author_email: 'owner@example.com', source: 'wrangler' },
      annotations: {
        ...(version.tag !== undefined && { 'workers/tag': version.tag }),
        ...(version.message !== undefined && { 'workers/message': version.message }),
      },
      resources: {
        bindings: version.bindings.map(withoutSecret),
        script: { etag: 'etag', handlers: ['fetch'] },
        script_runtime: { compatibility_date: version.compatibility.date },
      },
    }
  }

  #records(verb: string, id: string, rest: string, url: URL, body: Buffer): unknown {
    const entries = this.namespaces.get(id)?.entries
    if (!entries) throw new ApiError(404, 10013, 'namespace not found')
    if (rest === 'keys') {
      const prefix = url.searchParams.get('prefix') ?? ''
      return [...entries.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name }))
    }
    if (rest === 'bulk' && verb === 'PUT') {
      const written = JSON.parse(body.toString()) as { key: string; value: string }[]
      for (const { key, value } of written) entries.set(key, Buffer.from(value))
      return { successful_key_count: written.length, unsuccessful_keys: [] }
    }
    if (rest === 'bulk/get') {
      const { keys } = JSON.parse(body.toString()) as { keys: string[] }
      if (keys.length > 100) throw new ApiError(400, 10029, 'too many keys')
      return { values: Object.fromEntries(keys.map((key) => [key, entries.get(key)?.toString() ?? null])) }
    }
    const name = decodeURIComponent(rest.replace(/^values\//, ''))
    const value = entries.get(name)
    if (verb === 'DELETE') {
      entries.delete(name)
    } else if (value) {
      return value
    } else {
      throw new ApiError(404, 10009, "get: 'key not found'")
    }
    return {}
  }
}

interface FormDataLike {
  get(name: string): unknown
  readonly files: ReadonlyMap<string, Buffer>
}

async function formOf(body: Buffer, contentType: string): Promise<FormDataLike> {
  const form = await new Response(new Uint8Array(body), {
    headers: { 'Content-Type': contentType },
  }).formData()
  const files = new Map<string, Buffer>()
  for (const [name, value] of form) {
    if (typeof value !== 'string') files.set(name, Buffer.from(await value.arrayBuffer()))
  }
  return { get: (name) => form.get(name), files }
}

/** The API never shows a secret again. */
function withoutSecret({ text, ...binding }: Binding): object {
  return binding.type === 'secret_text' ? binding : { ...binding, text }
}
