// The short form of `npm run fork`.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isFork } from './changes.ts'
import { fork } from './fork.ts'

const config = readFileSync('src/config.ts', 'utf8')

// In a fork these changes would fit no file.
it.skipIf(isFork(config))('a fork keeps its tests green', { timeout: 600_000 }, async () => {
  await expect(fork({ full: false })).resolves.toBeUndefined()
})
