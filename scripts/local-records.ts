// The KV records of the local server. wrangler's own module opens them, with the settings of wrangler.toml.
import { join } from 'node:path'
import type { Store } from './record-store.ts'

const BINDING = 'RECORDS'

/** @param persistTo the data folder of the server */
export async function localStore(persistTo = '.wrangler/state'): Promise<Store> {
  // It would tell where it has found which settings, among the JSON.
  process.env.WRANGLER_LOG = 'error'
  const { getPlatformProxy } = await import('wrangler')
  const { env, dispose } = await getPlatformProxy<Record<typeof BINDING, KVNamespace>>({
    persist: { path: join(persistTo, 'v3') },
    remoteBindings: false,
  })
  const records = env[BINDING]
  return {
    names: async (prefix) => {
      const names: string[] = []
      for (let cursor: string | undefined; ; ) {
        const list = await records.list({ prefix, ...(cursor !== undefined && { cursor }) })
        names.push(...list.keys.map(({ name }) => name))
        if (list.list_complete) return names
        cursor = list.cursor
      }
    },
    read: (name) => records.get(name),
    readAll: async (names) => [...(await records.get([...names])).values()],
    write: async (entries) => {
      for (const { key, value, expiration_ttl: expirationTtl, metadata } of entries)
        await records.put(key, value, {
          ...(expirationTtl && { expirationTtl }),
          ...(metadata && { metadata }),
        })
    },
    remove: (name) => records.delete(name),
    close: dispose,
  }
}
