// Empties the storage that a workerd keeps for its tests: Durable Objects, KV and rate limits.
import { reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { STORAGE_FOLDERS } from './storage-folders.ts'

/** What else workerd keeps beside the objects of a class: when their alarms are due. It empties that itself. */
const ALARMS = 'metadata.sqlite'

/** Afterwards nothing is stored, no alarm is set, and no object is in memory. */
export async function emptyStorage(): Promise<void> {
  // Empties and ends the objects in memory. Those that were idle for 10 s are no longer there: their files remain.
  await reset()
  const folders = env as unknown as Record<string, Fetcher>
  await Promise.all(Object.keys(STORAGE_FOLDERS).map((name) => deleteFiles(folders[name] as Fetcher, '')))
}

async function deleteFiles(folder: Fetcher, path: string): Promise<void> {
  const listed = await folder.fetch(`http://folder/${path}`)
  const entries = await listed.json<{ name: string; type: string }[]>()
  await Promise.all(
    entries.map(({ name, type }) => {
      if (type === 'directory') return deleteFiles(folder, `${path}${name}/`)
      return name.startsWith(ALARMS) ? undefined : deleteFile(folder, `${path}${name}`)
    }),
  )
}

async function deleteFile(folder: Fetcher, path: string): Promise<void> {
  const { status } = await folder.fetch(`http://folder/${path}`, { method: 'DELETE' })
  // SQLite itself removes the files beside a database when it closes it.
  if (status !== 204 && status !== 404)
    throw new Error(`Could not delete ${path} of an earlier test file: ${status}`)
}
