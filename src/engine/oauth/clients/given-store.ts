// The way to the grants that a client was given, which its object remembers, so that its end can end them.
import { orUnavailable } from '../../http/errors.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import type { ClientObject } from './object.ts'
import { objectOf } from './store.ts'

/** Remembers a grant to a client that no object holds: it describes itself, or is the owner's. @throws OAuthError 503 */
export async function rememberGiven(
  env: Env,
  clientId: string,
  grantEndsAt: number,
  grantId: string,
): Promise<void> {
  await orUnavailable(givenObjectOf(env, clientId).give(grantEndsAt, grantId))
}

/** Ids of grants, as many as `limit`; some can be over. @throws OAuthError 503 */
export async function grantsGivenTo(env: Env, clientId: string, limit: number): Promise<string[]> {
  return orUnavailable(givenObjectOf(env, clientId).givenGrants(limit))
}

/** @param ids of grants that are over for good @throws OAuthError 503 */
export async function forgetGiven(env: Env, clientId: string, ids: readonly string[]): Promise<void> {
  await orUnavailable(givenObjectOf(env, clientId).forgetGrants(ids))
}

// Where no object holds the client, one has the client's id for its name.
function givenObjectOf(env: Env, clientId: string): DurableObjectStub<ClientObject> {
  return objectOf(env, clientId) ?? inJurisdiction(env, env.CLIENTS).getByName(clientId)
}
