// Requests to addresses that strangers chose: counted for the address that asks, so that what one stranger uses up is
// theirs alone, and not repeated while an address has just failed.
import { BoundedMap } from '../cache/bounded-map.ts'
import { tooOften } from './errors.ts'
import { withinLimit } from './limits.ts'

const FAILED_MS = 30_000
const MAX_FAILED = 1000

/** Who makes this server ask. */
export interface Asker {
  readonly env: Env
  /** See addressKey(). */
  readonly address: string
}

/** By address. Bounded: the entry that was set longest ago goes, and its address is asked once more. */
const failed = new BoundedMap<string, { readonly error: unknown; readonly until: number }>(MAX_FAILED)

/**
 * What `ask` returns.
 * @param asker undefined where the operator chose the address
 * @throws OAuthError 429 · what `ask` throws, and for 30 s again
 */
export async function fetchFor<T>(asker: Asker | undefined, url: string, ask: () => Promise<T>): Promise<T> {
  const known = failed.get(url)
  if (known && Date.now() < known.until) throw known.error
  const allowed = !asker || (await withinLimit(asker.env.CLIENT_DOCUMENT_LIMIT, `for ${asker.address}`))
  if (!allowed) throw tooOften()
  return ask().catch((error: unknown) => {
    failed.set(url, { error, until: Date.now() + FAILED_MS })
    throw error
  })
}
