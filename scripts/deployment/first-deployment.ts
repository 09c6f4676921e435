// Which of two first deployments goes on, such as a laptop and a CI job that share no disk: Cloudflare lets only one
// create the KV namespace of that name.
import { setTimeout as wait } from 'node:timers/promises'
import { WranglerError, wrangler } from '../wrangler.ts'
import { liveVersion } from './live.ts'
import { begin, done } from './terminal.ts'

/** From the namespace to the Worker is one upload. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 2_000

/**
 * The KV namespace for the records of a Worker that is not there yet: created now, or left by a deployment that was
 * interrupted. Undefined when another deployment brings the Worker meanwhile.
 * @param isResumed whether an earlier run in this folder was interrupted, so that the namespace may be its own
 * @throws WranglerError
 */
export async function claimRecords(worker: string, isResumed: boolean): Promise<string | undefined> {
  const title = `${worker}-records`
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

async function namespaceOf(title: string): Promise<string | undefined> {
  const list = JSON.parse(await wrangler('kv', 'namespace', 'list')) as { id: string; title: string }[]
  return list.find((one) => one.title === title)?.id
}

/** Undefined when it is there already. */
async function createNamespace(title: string): Promise<string | undefined> {
  try {
    const said = await wrangler('kv', 'namespace', 'create', title, '--update-config=false')
    return /"([0-9a-f]{32})"/.exec(said)?.[1] ?? (await namespaceOf(title))
  } catch (error) {
    if (error instanceof WranglerError && error.message.includes('already exists')) return undefined
    throw error
  }
}
