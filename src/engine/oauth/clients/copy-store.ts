// The copy in KV of an approved client. The object is authoritative. Each writer reports to it
// or asks it first, and a copy that lost against a change is written again.
import { orUnavailable } from '../../http/errors.ts'
import type { ClientObject, Copy, Managed } from './object.ts'

/** KV takes one write of a key in this time. */
const KV_WRITE_INTERVAL_MS = 1_100

/** The key of its record. */
export function copyKey(clientId: string): string {
  return `client:${clientId}`
}

/** Writes a copy and tells the client, which spares the next approval a write. Where a change has overtaken it, again. */
export async function publishCopy(
  env: Env,
  object: DurableObjectStub<ClientObject>,
  copy: Copy,
): Promise<void> {
  const { client, revision, until } = copy
  await env.RECORDS.put(copyKey(client.id), JSON.stringify(client), { expiration: Math.floor(until / 1000) })
  if (!(await object.published({ revision, until }))) await renewCopy(env, object, client.id, until)
}

/** Writes the client as it is by then, or takes the copy of one away that is gone. */
export async function renewCopy(
  env: Env,
  object: DurableObjectStub<ClientObject>,
  clientId: string,
  until: number,
): Promise<void> {
  await scheduler.wait(KV_WRITE_INTERVAL_MS)
  const copy = await object.copy(until)
  if (!copy) return env.RECORDS.delete(copyKey(clientId))
  await publishCopy(env, object, copy)
}

/**
 * Only for an approved client: strangers can register and change clients without limit, and the deletions
 * of KV are few. Asks again when KV refuses, because a user may have approved the client in the same second.
 * @throws OAuthError 503
 */
export async function removeCopy(env: Env, { client, isApproved }: Managed): Promise<void> {
  if (!isApproved) return
  const remove = () => env.RECORDS.delete(copyKey(client.id))
  const removeLater = () => scheduler.wait(KV_WRITE_INTERVAL_MS).then(remove)
  await orUnavailable(remove().catch(removeLater))
}
