// Which of two first deployments goes on, such as a laptop and a CI job that share no disk: Cloudflare lets only one
// create the KV namespace of that name.
import { setTimeout as wait } from 'node:timers/promises'
import { CloudflareError, cloudflare } from './cloudflare.ts'
import { liveVersion } from './live.ts'
import { begin, done } from './terminal.ts'

/** From the namespace to the Worker is one upload. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 2_000

const NAMESPACES = '/storage/kv/namespaces'
const PAGE = 100
/** Cloudflare's number for a namespace whose title another one has. */
const TITLE_IS_TAKEN = 10014

interface Namespace {
  readonly id: string
  readonly title: string
}

/**
 * The KV namespace for the records of a Worker that is not there yet: created now, or left by a deployment that was
 * interrupted. Undefined when another deployment brings the Worker meanwhile.
 * @param isResumed whether an earlier run in this folder was interrupted, so that the namespace may be its own
 * @throws CloudflareError
 */
export async function claimRecords(worker: string, isResumed: boolean): Promise<string | undefined> {
  const title = titleOf(worker)
  const before = await namespaceOf(title)
  if (before === undefined) {
    const id = await createNamespace(title)
    if (id !== undefined) return id
  }
  if (!(before !== undefined && isResumed)) {
    begin(`Another deployment of ${worker} has begun or was interrupted: waiting up to 60 s for its Worker`)
    const began = Date.now()
    do {
      await wait(PAUSE_MS)
      if ((await liveVersion(worker)) !== undefined) return undefined
    } while (Date.now() - began < PATIENCE_MS)
  }
  const id = before ?? (await namespaceOf(title))
  done(`Found the records of an earlier deployment (KV namespace ${id})`)
  return id
}

/** What the KV namespace of a Worker's records is called. */
export function titleOf(worker: string): string {
  return `${worker}-records`
}

/** The id of the KV namespace for a Worker's records; undefined if it is not there. @throws CloudflareError */
export function recordsNamespace(worker: string): Promise<string | undefined> {
  return namespaceOf(titleOf(worker))
}

async function namespaceOf(title: string): Promise<string | undefined> {
  for (let page = 1; ; page++) {
    const list = await cloudflare<Namespace[]>('GET', `${NAMESPACES}?page=${page}&per_page=${PAGE}`)
    const found = list.find((one) => one.title === title)
    if (found || list.length < PAGE) return found?.id
  }
}

/** Undefined when it is there already. */
async function createNamespace(title: string): Promise<string | undefined> {
  try {
    return (await cloudflare<Namespace>('POST', NAMESPACES, { title })).id
  } catch (error) {
    if (error instanceof CloudflareError && error.code === TITLE_IS_TAKEN) return undefined
    throw error
  }
}
