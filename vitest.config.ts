import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SECRETS } from './scripts/setup.ts'
import { WRANGLER_ENVIRONMENT } from './scripts/wrangler.ts'

const secrets = Object.fromEntries(
  await Promise.all(Object.entries(SECRETS).map(async ([name, make]) => [name, await make()] as const)),
)

export default defineConfig({
  test: {
    silent: 'passed-only',
    // More than cores: much of the time a test waits for a program that it has started.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        // Inside workerd, with real KV and Durable Objects.
        plugins: [
          cloudflareTest({ wrangler: { configPath: './wrangler.toml' }, miniflare: { bindings: secrets } }),
        ],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/source/**'],
          setupFiles: ['test/support/watch-log.ts'],
          // A few tests make thousands of requests; a busy machine must not make them fail.
          testTimeout: 120_000,
        },
      },
      {
        // From outside: the server over a socket, real clients, a real browser; and the source as text.
        test: {
          name: 'outside',
          globalSetup: ['test/support/dev-vars.ts'],
          // The programs that are started load wrangler, too.
          env: { NODE_COMPILE_CACHE: WRANGLER_ENVIRONMENT.NODE_COMPILE_CACHE },
          include: ['test/e2e/**/*.test.ts', 'test/source/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
