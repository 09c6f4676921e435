// What a caller could be granted by asking for more: so that lists show it, and leave out what no step-up reaches. Asked
// for lists alone, and of storage only where the deployment has ceilings.
import { logError } from '../log/log.ts'
import { describeGrants } from '../oauth/grants/user-store.ts'
import { RESOURCE_SCOPES } from '../oauth/scopes.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { withinCeiling } from '../people/ceiling.ts'
import type { Settings } from '../settings/load.ts'

/** The token with what its lists may show, for a message that asks for one. */
export async function withAttainable(
  env: Env,
  settings: Settings,
  token: AccessToken,
  message: { readonly method?: unknown } | undefined,
): Promise<AccessToken> {
  if (typeof message?.method !== 'string' || !message.method.endsWith('/list')) return token
  const attainable = await attainableBy(env, settings, token)
  return attainable ? { ...token, attainable } : token
}

/** The scopes; undefined where nothing limits them. A ceiling that cannot be judged leaves what the token holds. */
async function attainableBy(
  env: Env,
  settings: Settings,
  { userId, clientId, scopes, grant, scopeNames, attainable }: AccessToken,
): Promise<readonly string[] | undefined> {
  if (attainable) return attainable
  // A machine cannot ask for more.
  if (userId === clientId) return scopes
  // The ceilings are for those who sign in here.
  if (settings.scopeCeilings.length === 0 || scopeNames) return undefined
  if (!grant) return scopes
  const [description] = await describeGrants(env, [grant.id]).catch((error: unknown) => {
    logError(error, { grant: grant.id })
    return []
  })
  return description ? withinCeiling(settings, description.record.identity, RESOURCE_SCOPES) : scopes
}
