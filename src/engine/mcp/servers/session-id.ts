// The session of a server behind the gate, for the caller who began it. To such a server the id alone may prove that the
// session is the caller's, as to an `McpAgent`, which also keeps the scopes that it began with. So its client gets the id
// sealed, with the name of its owner.
import type { Context } from 'hono'
import { LIFETIME } from '#config'
import { seal, unseal } from '../../crypto/seal.ts'
import type { AppEnv } from '../../http/app-env.ts'
import type { AccessToken } from '../../oauth/tokens/access-token.ts'

interface Owned {
  readonly id: string
  /** Who began it, where, by which key, and with which scopes. */
  readonly owner: string
}

function ownerOf({ userId, clientId, resource, jkt, scopes }: AccessToken): string {
  return JSON.stringify([userId, clientId, resource, jkt, scopes.toSorted()])
}

/** What the client gets for an id. It is good for seven days, and each answer may bring another one. */
export function sealedId(
  { var: { settings, issuer } }: Context<AppEnv>,
  caller: AccessToken,
  id: string,
): Promise<string> {
  const owned: Owned = { id, owner: ownerOf(caller) }
  return seal(settings, 'handed-session', issuer, owned, LIFETIME.idleSession)
}

/** The id that the server knows; undefined where it is not the caller's. */
export async function ownId(
  { var: { settings, issuer } }: Context<AppEnv>,
  caller: AccessToken,
  sealed: string,
): Promise<string | undefined> {
  const owned = await unseal<Owned>(settings, 'handed-session', issuer, sealed)
  return owned?.owner === ownerOf(caller) ? owned.id : undefined
}
