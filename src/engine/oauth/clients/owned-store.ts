// Clients that the owner has registered with `npm run client`, for machines or for people, which writes them to KV from
// outside: no object knows them, so that KV is the truth here, and its silence no answer.
import { OAuthError, orUnavailable } from '../../http/errors.ts'
import type { Client, Lookup } from './client.ts'

/** What `npm run client` writes. */
export type OwnedClient = Omit<Client, 'issuer'>

/** 22 characters of base64url: 128 random bits or more. */
const OWNED_ID = /^owned_[\w-]{22}$/

export function isOwnedId(clientId: string): boolean {
  return OWNED_ID.test(clientId)
}

/** The key of its record. */
export function ownedKey(clientId: string): string {
  return `client:${clientId}`
}

/** @throws OAuthError `invalid_client`, 503 */
export async function findOwned({ env, issuer }: Lookup, clientId: string): Promise<Client> {
  const client = await orUnavailable(env.RECORDS.get<OwnedClient>(ownedKey(clientId), { type: 'json' }))
  if (!client) throw new OAuthError('invalid_client', 'There is no such client.')
  return { ...client, issuer }
}

/** The key of the mark that ends every access token of a client, for as long as one can live. */
export function revokedClientKey(clientId: string): string {
  return `revoked:client:${clientId}`
}

/** Whether the owner has removed a client. KV may show it up to a minute late. @throws OAuthError 503 */
export async function isOwnedClientRevoked(env: Env, clientId: string): Promise<boolean> {
  return (await orUnavailable(env.RECORDS.get(revokedClientKey(clientId)))) !== null
}
