// The Worker's way to grants. An approval is written in three places, all or none: the grant object (the
// truth), the owner's index, the KV record. Hashes are made here, before the object is called, so that
// nothing inside it has to wait. Storage that does not answer is 503, never a refusal.
import { accountOf } from '../../account/store.ts'
import { LIFETIME } from '../../config.ts'
import { secondsLeft } from '../../identity.ts'
import { orUnavailable } from '../errors.ts'
import { formatHandle, type Handle, hashSecret, randomSecret, successorOf } from '../tokens/secret.ts'
import type {
  Code,
  GrantRecord,
  RedeemEvent,
  RedeemOutcome,
  RefreshEvent,
  RefreshOutcome,
  RevocationReason,
} from './grant.ts'
import { logRevoked } from './logged.ts'
import type { GrantDescription, GrantObject } from './object.ts'

const KV_METADATA_BYTES = 1024
/** KV refuses to keep a record for less. */
const KV_LEAST_SECONDS = 60

/** What a person has just approved, and what its code will be checked against. */
export type Approval = Omit<GrantRecord, 'id' | 'createdAt' | 'expiresAt'> &
  Pick<Code, 'redirectUri' | 'codeChallenge'> & { readonly place: string }

/** Opens a grant for what a person has just approved. Returns its authorization code. @throws OAuthError 503 */
export async function openGrant(
  env: Env,
  approval: Approval,
): Promise<{ code: string; record: GrantRecord }> {
  const { redirectUri, codeChallenge, place, ...approved } = approval
  const objectId = env.GRANTS.newUniqueId()
  const now = Date.now()
  const record: GrantRecord = {
    ...approved,
    id: objectId.toString(),
    createdAt: now,
    expiresAt: now + secondsLeft(approved.identity, LIFETIME.grant) * 1000,
  }
  const secret = randomSecret()
  const code = {
    hash: await hashSecret(secret),
    redirectUri,
    codeChallenge,
    expiresAt: now + LIFETIME.code * 1000,
  }
  // First the object: if the others fail, its alarm removes whatever was written, since nobody redeems the code.
  await orUnavailable(env.GRANTS.get(objectId).open(record, code))
  const inIndex = accountOf(env, record.userId).addGrant(
    record.id,
    { id: record.clientId, name: record.clientName },
    place,
  )
  await orUnavailable(Promise.all([inIndex, putRecord(env, record)]))
  return { code: formatHandle(record.id, secret), record }
}

async function putRecord(env: Env, record: GrantRecord): Promise<void> {
  await env.RECORDS.put(`grant:${record.id}`, JSON.stringify(record), {
    expirationTtl: Math.max(Math.ceil((record.expiresAt - record.createdAt) / 1000), KV_LEAST_SECONDS),
    metadata: await summary(record),
  })
}

/** What a list of KV shows of a grant, within the 1,024 bytes that KV gives it. */
export interface GrantSummary {
  readonly user: string
  readonly client: string
  readonly scope: string
  readonly userId: string
  /** Of the client's id, which can be longer than this. */
  readonly clientHash: string
}

async function summary(record: GrantRecord): Promise<GrantSummary> {
  const cut = (text: string) => text.slice(0, 40)
  const full = {
    user: cut(record.identity.name),
    client: cut(record.clientName),
    scope: record.scopes.join(' '),
    userId: record.userId,
    clientHash: await hashSecret(record.clientId),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(full)).byteLength
  return bytes <= KV_METADATA_BYTES ? full : { ...full, scope: `${record.scopes.length} scopes` }
}

export type Redemption = RedeemOutcome & { refreshToken?: string | undefined }

/** Redeems an authorization code, once. @throws OAuthError 503 */
export async function redeemCode(
  env: Env,
  code: Handle,
  request: Pick<RedeemEvent, 'issuer' | 'clientId' | 'redirectUri' | 'codeChallenge' | 'resources'>,
  options: { withRefreshToken: boolean },
): Promise<Redemption> {
  const grant = grantOf(env, code.grantId)
  if (!grant) return { kind: 'refused', reason: 'unknown_token' }
  const secret = options.withRefreshToken ? randomSecret() : undefined
  const outcome = await orUnavailable(
    grant.redeem({
      type: 'redeem',
      ...request,
      codeHash: await hashSecret(code.secret),
      refreshTokenHash: secret && (await hashSecret(secret)),
    }),
  )
  const redeemed = outcome.kind === 'redeemed' && secret !== undefined
  return redeemed ? { ...outcome, refreshToken: formatHandle(code.grantId, secret) } : outcome
}

export type Rotation = RefreshOutcome & { refreshToken?: string }

/** Rotates a refresh token, or repeats the answer that a client of ours has missed. @throws OAuthError 503 */
export async function rotateRefreshToken(
  env: Env,
  token: Handle,
  request: Pick<RefreshEvent, 'issuer' | 'clientId' | 'resources' | 'scopes' | 'place'>,
): Promise<Rotation> {
  const grant = grantOf(env, token.grantId)
  if (!grant) return { kind: 'refused', reason: 'unknown_token' }
  const salt = randomSecret()
  const [tokenHash, successorHash] = await Promise.all([
    hashSecret(token.secret),
    successorOf(token.secret, salt).then(hashSecret),
  ])
  const outcome = await orUnavailable(
    grant.refresh({ type: 'refresh', ...request, tokenHash, salt, successorHash }),
  )
  if (outcome.kind !== 'rotated' && outcome.kind !== 'forgiven') return outcome
  let secret = token.secret
  for (const step of outcome.salts) secret = await successorOf(secret, step)
  return { ...outcome, refreshToken: formatHandle(token.grantId, secret) }
}

/** Tells the grant that an access token of it was accepted. Returns whether the grant is live. @throws OAuthError 503 */
export async function confirmGrant(env: Env, grantId: string, generation: number): Promise<boolean> {
  const grant = grantOf(env, grantId)
  return grant ? orUnavailable(grant.confirm(generation)) : false
}

/** Ends a grant, and writes it down. Returns what it was, or undefined when it was over already. @throws OAuthError 503 */
export async function revokeGrant(
  env: Env,
  grantId: string,
  reason: RevocationReason,
): Promise<GrantRecord | undefined> {
  const grant = grantOf(env, grantId)
  const record = grant && (await orUnavailable(grant.revoke(reason)))
  if (record) logRevoked(record, reason)
  return record
}

/** How many grants one request ends: a Worker may ask others only so often. */
export const MOST = 100

/**
 * Ends the first of these grants, as many as MOST. Returns those that were not over already, as they were.
 * @throws OAuthError 503
 */
export async function revokeGrants(
  env: Env,
  ids: readonly string[],
  reason: RevocationReason,
): Promise<GrantRecord[]> {
  const ended = await Promise.all(ids.slice(0, MOST).map((id) => revokeGrant(env, id, reason)))
  return ended.filter((record) => record !== undefined)
}

/** The client to which this code or refresh token was given; undefined when it is unknown. @throws OAuthError 503 */
export async function clientOfHandle(env: Env, handle: Handle): Promise<string | undefined> {
  const grant = grantOf(env, handle.grantId)
  return grant && orUnavailable(grant.clientOf(await hashSecret(handle.secret)))
}

/** The live grants of a user, the newest first. @throws OAuthError 503 */
export async function grantsOf(env: Env, userId: string): Promise<GrantDescription[]> {
  return describeGrants(env, await grantIdsOf(env, userId))
}

/**
 * The ids of a user's grants, the newest first, or of those that they gave to one client.
 * @throws OAuthError 503
 */
export async function grantIdsOf(env: Env, userId: string, clientId?: string): Promise<string[]> {
  const account = accountOf(env, userId)
  return orUnavailable(clientId === undefined ? account.grantIds() : account.grantIdsFor(clientId))
}

/** Those of the grants that are live. @throws OAuthError 503 */
export async function describeGrants(env: Env, ids: readonly string[]): Promise<GrantDescription[]> {
  const descriptions = await orUnavailable(
    Promise.all(ids.map((id) => env.GRANTS.get(env.GRANTS.idFromString(id)).describe())),
  )
  return descriptions.filter((description) => description !== undefined)
}

/**
 * Whether a grant is marked as revoked, by KV and, where KV fails, by the grant itself.
 * KV may show the mark up to a minute late: see SECURITY.md. @throws OAuthError 503
 */
export async function isRevoked(env: Env, grantId: string): Promise<boolean> {
  try {
    return (await env.RECORDS.get(`revoked:${grantId}`)) !== null
  } catch {
    return !(await isGrantLive(env, grantId))
  }
}

/** Whether a grant lives, as the grant itself knows. @throws OAuthError 503 */
export async function isGrantLive(env: Env, grantId: string): Promise<boolean> {
  const grant = grantOf(env, grantId)
  return grant !== undefined && (await orUnavailable(grant.describe())) !== undefined
}

// An id that is not one of ours is refused here, without I/O.
function grantOf(env: Env, grantId: string): DurableObjectStub<GrantObject> | undefined {
  try {
    return env.GRANTS.get(env.GRANTS.idFromString(grantId))
  } catch {
    return undefined
  }
}
