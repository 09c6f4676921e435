// Only one command at a time changes a deployment from this folder.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { begin } from './terminal.ts'

const FOLDER = join('.wrangler', 'locks')
const PAUSE_MS = 500
/** SQLite's number for a file that another process holds. */
const SQLITE_BUSY = 5

/** Waits until no other command of this folder changes the Worker, and keeps others waiting until `use` is done. */
export async function alone<T>(worker: string, use: () => Promise<T>): Promise<T> {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  // The system releases it when the process dies for any reason. A file with a process id would stay.
  const lock = new DatabaseSync(join(FOLDER, worker))
  try {
    if (!isTaken(lock)) begin(`Waiting for another command that changes ${worker} from this folder`)
    while (!isTaken(lock)) await wait(PAUSE_MS)
    return await use()
  } finally {
    lock.close()
  }
}

function isTaken(lock: DatabaseSync): boolean {
  if (lock.isTransaction) return true
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}
