import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SECRETS } from './scripts/setup.ts'
import { WRANGLER_ENVIRONMENT } from './scripts/wrangler.ts'
import { keepTemporaryFilesInMemory } from './test/support/in-memory.ts'
import { hideExpected } from './test/support/quiet.ts'
import { LongestFirst } from './test/support/sequencer.ts'

const secrets = Object.fromEntries(
  await Promise.all(Object.entries(SECRETS).map(async ([name, make]) => [name, await make()] as const)),
)

hideExpected()
keepTemporaryFilesInMemory()

// Wrangler looks for them here where there is no .dev.vars, and tells each time where it has found them.
for (const [name, value] of Object.entries(secrets)) process.env[name] ??= value
process.env.WRANGLER_LOG ??= 'warn'

/**
 * Modules go to a workerd through a pipe that costs more than the modules: packages go through it bundled, minified, and
 * without their source maps.
 */
const PACKAGES = {
  enabled: true,
  include: [
    '@modelcontextprotocol/server',
    '@passwordless-id/webauthn',
    'hono',
    'hono/cookie',
    'hono/hono-base',
    'hono/html',
    'hono/jsx',
    'hono/jsx/jsx-runtime',
    'hono/router/linear-router',
    'jose',
    'oauth4webapi',
    'zod',
  ],
  rolldownOptions: { output: { minify: true } },
}

const withoutSourceMaps = {
  name: 'packages-without-source-maps',
  enforce: 'post',
  transform: (code: string, id: string) =>
    /\/node_modules\/|\/deps_ssr\//.test(id) ? { code, map: { mappings: '' } as const } : undefined,
} as const

/**
 * Tests in workerd, with real KV and Durable Objects.
 * @param configPath of the Worker under test
 * @param options of miniflare, beside those in its configuration
 */
function inWorkerd(configPath: string, options = {}) {
  return cloudflareTest({ wrangler: { configPath }, miniflare: { bindings: secrets, ...options } })
}

/** Lets each test file empty the storage of its workerd: test/support/empty-storage.ts. */
const storageFolders = {
  name: 'STORAGE_FOLDERS',
  type: 'storage-folders',
  plugin: {
    package: join(import.meta.dirname, 'test/support/storage-folders.ts'),
    name: 'storage-folders',
  },
  options: {},
}

// Some tests make thousands of requests, and a busy machine must not make them fail.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 }

/** Tests in Node that start programs, which load wrangler, too. */
const programs = {
  globalSetup: ['test/support/dev-vars.ts'],
  env: { NODE_COMPILE_CACHE: WRANGLER_ENVIRONMENT.NODE_COMPILE_CACHE, WRANGLER_LOG: 'log' },
  ...timeouts,
}
const inNode = { resolve: { conditions: ['fixture', 'node'] } }

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    silent: 'passed-only',
    // More than cores: much of the time a test waits for a program that it has started.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        // Yours: what stands beside your tools, in your own Worker.
        plugins: [inWorkerd('./wrangler.toml')],
        test: {
          name: 'server',
          include: ['src/**/*.test.{ts,tsx}'],
          setupFiles: ['test/support/watch-log.ts'],
          ...timeouts,
        },
      },
      {
        // The engine, around a server of its own: test/fixture/. It never sees what a fork makes of its files.
        plugins: [
          inWorkerd('./test/fixture/wrangler.toml', { unsafeBindings: [storageFolders] }),
          withoutSourceMaps,
        ],
        // A copy of this project may share node_modules.
        cacheDir: '.wrangler/vite',
        ssr: { resolve: { conditions: ['fixture', 'workerd', 'worker', 'module', 'browser'] } },
        test: {
          name: 'engine',
          deps: { optimizer: { ssr: PACKAGES } },
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,source,commands,fork,agents}/**'],
          // Files share a few workerds, one after the other: to start one takes longer than most files.
          isolate: false,
          setupFiles: ['test/support/fresh-start.ts', 'test/support/watch-log.ts'],
          ...timeouts,
        },
      },
      {
        // The same from outside: over a socket, with real clients and a real browser; and the source as text.
        ssr: inNode,
        test: { ...programs, name: 'outside', include: ['test/{e2e,source}/**/*.test.ts'] },
      },
      {
        // What a person types in a terminal: deployments to a stand-in, forks, `npm create`. `npm test` leaves them out.
        ssr: inNode,
        test: { ...programs, name: 'commands', include: ['test/{commands,fork}/**/*.test.ts'] },
      },
    ],
  },
})
