// The current deployment, as Cloudflare reports it.
import { CloudflareError, cloudflare } from './cloudflare.ts'
import { Stopped } from './terminal.ts'

/** Cloudflare's number for a Worker that does not exist. */
const NO_SUCH_WORKER = 10007

export interface LiveWorker {
  readonly version: string
  /** The hash of the deployed code and configuration; undefined after a change by other means. */
  readonly tag: string | undefined
  /** The mark of the passphrase that `npm run deploy` set; undefined after a change of a secret by other means. */
  readonly message: string | undefined
  /** The names of its secrets. Cloudflare never returns their values. */
  readonly secrets: ReadonlySet<string>
  /** The KV namespace that it keeps its records in. */
  readonly recordsId: string | undefined
  /** PUBLIC_URL: its one origin, once it is set. */
  readonly origin: string | undefined
}

interface Binding {
  readonly type: string
  readonly name: string
  readonly text?: string
  readonly namespace_id?: string
}

interface Version {
  readonly annotations?: Readonly<Record<string, string>>
  readonly resources: { readonly bindings: readonly Binding[] }
}

/** The newest first. */
interface Deployments {
  readonly deployments: readonly { readonly versions: readonly { readonly version_id: string }[] }[]
}

/** The deployed Worker; undefined before its first deployment. @throws CloudflareError */
export async function liveWorker(worker: string): Promise<LiveWorker | undefined> {
  const version = await liveVersion(worker)
  if (version === undefined) return undefined
  const { annotations, resources } = await cloudflare<Version>(
    'GET',
    `/workers/scripts/${worker}/versions/${version}`,
  )
  const { bindings } = resources
  const named = (name: string) => bindings.find((binding) => binding.name === name)
  return {
    version,
    tag: annotations?.['workers/tag'],
    message: annotations?.['workers/message'],
    secrets: new Set(bindings.filter(({ type }) => type === 'secret_text').map(({ name }) => name)),
    recordsId: named('RECORDS')?.namespace_id,
    origin: named('PUBLIC_URL')?.text || undefined,
  }
}

/** The same, for commands that need a deployed Worker. @throws Stopped, CloudflareError */
export async function requireLiveWorker(worker: string): Promise<LiveWorker> {
  const live = await liveWorker(worker)
  if (!live) throw new Stopped(`There is no Worker ${worker} in this account. \`npm run deploy\` makes it.`)
  return live
}

/** The id of the deployed version; undefined before the first deployment. @throws CloudflareError */
export async function liveVersion(worker: string): Promise<string | undefined> {
  try {
    const { deployments } = await cloudflare<Deployments>('GET', `/workers/scripts/${worker}/deployments`)
    return deployments[0]?.versions[0]?.version_id
  } catch (error) {
    if (error instanceof CloudflareError && error.code === NO_SUCH_WORKER) return undefined
    throw error
  }
}
