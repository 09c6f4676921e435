// The KV records of a deployed server, by Cloudflare's API.
import { CloudflareError, cloudflare, ofAccount } from './deployment/cloudflare.ts'
import { requireLiveWorker } from './deployment/live.ts'
import type { Store } from './record-store.ts'

interface Page {
  readonly result: readonly { readonly name: string }[]
  readonly result_info?: { readonly cursor?: string }
}

/** @throws Stopped when the Worker is not deployed or has no records · CloudflareError */
export async function remoteStore(worker: string): Promise<Store> {
  const { recordsId } = await requireLiveWorker(worker)
  if (recordsId === undefined)
    throw new Error(`${worker} has no KV namespace RECORDS. Run \`npm run deploy\`.`)
  return namespaceStore(recordsId)
}

/** Any KV namespace of the account, such as one of another server. Its methods throw CloudflareError. */
export function namespaceStore(id: string): Store {
  const namespace = `/storage/kv/namespaces/${id}`
  const value = (name: string) => `${namespace}/values/${encodeURIComponent(name)}`
  return {
    names: async (prefix) => {
      const names: string[] = []
      for (let cursor = ''; ; ) {
        const query = new URLSearchParams({ prefix, ...(cursor && { cursor }) })
        const { result, result_info } = (await (
          await ofAccount('GET', `${namespace}/keys?${query}`)
        ).json()) as Page
        names.push(...result.map(({ name }) => name))
        cursor = result_info?.cursor ?? ''
        if (!cursor) return names
      }
    },
    read: async (name) => {
      try {
        return await (await ofAccount('GET', value(name))).text()
      } catch (error) {
        if (error instanceof CloudflareError && error.status === 404) return null
        throw error
      }
    },
    readAll: async (keys) => {
      const { values } = await cloudflare<{ values: Record<string, string | null> }>(
        'POST',
        `${namespace}/bulk/get`,
        { keys },
      )
      return Object.values(values)
    },
    write: async (entries) => {
      await cloudflare('PUT', `${namespace}/bulk`, entries)
    },
    remove: async (name) => {
      await ofAccount('DELETE', value(name))
    },
    close: async () => undefined,
  }
}
