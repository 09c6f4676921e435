// The temporary folders of a run. They are deleted when it ends.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bundles and configurations. */
export const temporary: string = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))

/** For files that a disk would slow down: in memory, if the system has such a folder. */
export const memory: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
