// Temporary files of the tests, in memory where the system has room for them there: each new Durable Object is a file of its
// own, and its first write waits for the disk.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm'
/** A container may have as little as 64 MiB of it. */
const NEEDED_BYTES = 2 * 2 ** 30

/** For this process and those that it starts, until it ends. */
export function keepTemporaryFilesInMemory(): void {
  if (tmpdir().startsWith(MEMORY) || freeBytes(MEMORY) < NEEDED_BYTES) return
  const folder = mkdtempSync(join(MEMORY, 'tests-'))
  process.env.TMPDIR = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}
