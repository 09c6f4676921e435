// Grants as KV lists them: an overview of all users', up to a minute late. Each grant's object is authoritative.
// The free plan allows 1,000 lists a day.
import { orUnavailable } from '../../http/errors.ts'
import type { GrantSummary } from './opening-store.ts'

const PREFIX = 'grant:'

/** A user who has approved an app. */
interface Holder {
  readonly userId: string
  /** Cut to 40 characters. */
  readonly name: string
}

/**
 * Who holds the next 1,000 grants, each person once, by name. Beyond 1,000 a person can come again.
 * @param cursor where to go on
 * @throws OAuthError 503
 */
export async function listHolders(
  env: Env,
  cursor: string | undefined,
): Promise<{ holders: Holder[]; next?: string }> {
  const { keys, next } = await list(env, cursor)
  const byUser = new Map(keys.map(({ metadata }) => [metadata?.userId, metadata?.user]))
  const holders = [...byUser].flatMap(([userId, name]) =>
    userId === undefined || name === undefined ? [] : [{ userId, name }],
  )
  holders.sort((a, b) => a.name.localeCompare(b.name) || a.userId.localeCompare(b.userId))
  return { holders, ...(next !== undefined && { next }) }
}

/**
 * Ids of grants that were given to a client, as many as `most`.
 * @param clientHash SHA-256 of its id
 * @throws OAuthError 503
 */
export async function grantIdsOfClient(env: Env, clientHash: string, most: number): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const { keys, next } = await list(env, cursor)
    const found = keys.filter(({ metadata }) => metadata?.clientHash === clientHash)
    ids.push(...found.map(({ name }) => name.slice(PREFIX.length)))
    cursor = next
  } while (cursor !== undefined && ids.length < most)
  return ids.slice(0, most)
}

async function list(env: Env, cursor: string | undefined) {
  const page = env.RECORDS.list<GrantSummary>({ prefix: PREFIX, ...(cursor !== undefined && { cursor }) })
  const answer = await orUnavailable(page)
  return { keys: answer.keys, next: answer.list_complete ? undefined : answer.cursor }
}
