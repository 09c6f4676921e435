// Where a run keeps what it makes. Gone with it.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bundles and configurations. */
export const temporary: string = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))

/** For what a disk would slow down: a file system in memory, where there is one. */
export const memory: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
