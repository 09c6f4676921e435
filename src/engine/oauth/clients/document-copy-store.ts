// The copy in KV of a client's metadata document, for while its address does not answer.
import { sha256 } from '../../crypto/digest.ts'
import { orUnavailable } from '../../http/errors.ts'
import type { ClientDocument } from './metadata-document.ts'

const COPY_SECONDS = 8 * 24 * 60 * 60

/** Undefined also while KV does not answer: there is still the document itself. */
export async function readCopy(env: Env, clientId: string): Promise<ClientDocument | undefined> {
  const copy = await env.RECORDS.get<ClientDocument>(await copyKey(clientId), { type: 'json' }).catch(
    () => null,
  )
  return copy ?? undefined
}

/** @throws OAuthError 503 */
export async function writeCopy(env: Env, document: ClientDocument): Promise<void> {
  const key = await copyKey(document.clientId)
  await orUnavailable(env.RECORDS.put(key, JSON.stringify(document), { expirationTtl: COPY_SECONDS }))
}

/** @throws OAuthError 503 */
export async function deleteCopy(env: Env, clientId: string): Promise<void> {
  await orUnavailable(env.RECORDS.delete(await copyKey(clientId)))
}

// A hash, since a key holds 512 bytes and a client id may be longer.
async function copyKey(clientId: string): Promise<string> {
  return `cimd:${await sha256(clientId)}`
}
