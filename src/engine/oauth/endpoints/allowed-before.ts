// What a person has allowed the same app before, for the consent page. It asks each time all the same: RFC 6749 §10.2.
import { describeGrants } from '../grants/user-store.ts'
import { describeScopes } from '../scopes.ts'

/** How many grants of one client are looked at: each is a request to its object. */
const MOST = 10

export interface AllowedBefore {
  /** What the app may do already, of what it asks for. */
  readonly scopes: readonly string[]
  /** When the person allowed the same scopes with the same redirect URI, in milliseconds since the epoch. */
  readonly sameAt: number | undefined
}

/** @param grantIds the person's grants to this client, the newest first @throws OAuthError 503 */
export async function allowedBefore(
  env: Env,
  grantIds: readonly string[],
  { scopes, resource }: { readonly scopes: readonly string[]; readonly resource: string },
  redirectUri: string,
): Promise<AllowedBefore> {
  const described = await describeGrants(env, grantIds.slice(0, MOST))
  const grants = described.filter(({ record }) => record.resource === resource)
  const allowed = new Set(grants.flatMap(({ record }) => record.scopes))
  const asked = chosen(scopes)
  const same = grants.find(
    (grant) => grant.redirectUri === redirectUri && chosen(grant.record.scopes).join() === asked.join(),
  )
  return { scopes: asked.filter((scope) => allowed.has(scope)), sameAt: same?.record.createdAt }
}

/** Those that a person decides about, always in one order. */
function chosen(scopes: readonly string[]): string[] {
  return describeScopes(scopes).map(({ name }) => name)
}
