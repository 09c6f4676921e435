// A grant begins: what a person has just approved is written in three places, all or none. The grant object (the truth),
// the index of the account, then the KV record.
import { LIFETIME } from '#config'
import { orUnavailable } from '../../http/errors.ts'
import { PageError } from '../../http/page-error.ts'
import { accountOf } from '../../people/account-store.ts'
import { secondsLeft } from '../../people/identity.ts'
import type { SessionProof } from '../../people/sessions.ts'
import { inJurisdiction } from '../../settings/jurisdiction.ts'
import type { Code, GrantRecord } from './grant.ts'

const KV_METADATA_BYTES = 1024
/** KV refuses to keep a record for less. */
const KV_LEAST_SECONDS = 60

const ACCOUNT = { href: '/account', text: 'Your account' }
/** A consent page whose session is over, or that waited too long. */
export const TOO_OLD = new PageError(
  403,
  'This page is too old',
  'You were signed out, or waited too long. Start again in the app.',
)
const REFUSALS = {
  signed_out: TOO_OLD,
  too_many: new PageError(
    429,
    'You have connected as many apps as one person can',
    'Revoke one on your account page, then start again in the app.',
    ACCOUNT,
  ),
  too_often: new PageError(
    429,
    'You have allowed many apps today',
    'Nothing was allowed this time. Try again tomorrow. The apps that are connected stay so.',
    ACCOUNT,
  ),
}

/** What a person has just approved, and where. */
type Approval = Omit<GrantRecord, 'id' | 'createdAt' | 'expiresAt'> & {
  readonly place: string
  readonly session: SessionProof
}

/**
 * Opens a grant for what a person has just approved. keepRecord() comes next.
 * @param code with which its client gets tokens
 * @throws OAuthError 503 · PageError 403 when the session of the approval is over, 429 when the person has given as many
 * grants as one can
 */
export async function openGrant(env: Env, approval: Approval, code: Code): Promise<GrantRecord> {
  const { place, session, ...approved } = approval
  const grants = inJurisdiction(env, env.GRANTS)
  const objectId = grants.newUniqueId()
  const now = Date.now()
  const record: GrantRecord = {
    ...approved,
    id: objectId.toString(),
    createdAt: now,
    expiresAt: now + secondsLeft(approved.identity, LIFETIME.grant) * 1000,
  }
  // First the object: if the others fail, its alarm removes what was written, because no client redeems the code.
  const grant = grants.get(objectId)
  await orUnavailable(grant.open(record, code))
  const client = { id: record.clientId, name: record.clientName }
  const isGuest = record.identity.expiresAt !== undefined
  // The account decides, in one step with the end of its sessions: what ends them ends this, or finds it.
  const added = await orUnavailable(
    accountOf(env, record.userId).addGrant(record.id, client, place, { session, isGuest }),
  )
  // Before any write to KV, because one user must not use up the daily writes of all.
  if (added !== 'added') {
    await orUnavailable(grant.drop())
    throw REFUSALS[added]
  }
  return record
}

/** Writes the KV record of a grant that openGrant() has opened. @throws OAuthError 503 */
export async function keepRecord(env: Env, record: GrantRecord): Promise<void> {
  const written = env.RECORDS.put(`grant:${record.id}`, JSON.stringify(record), {
    expirationTtl: Math.max(Math.ceil((record.expiresAt - record.createdAt) / 1000), KV_LEAST_SECONDS),
    metadata: summary(record),
  })
  await orUnavailable(written)
}

/** What `wrangler kv key list` shows of a grant, within the 1,024 bytes that KV gives it. */
function summary(record: GrantRecord) {
  const cut = (text: string) => text.slice(0, 40)
  const full = {
    user: cut(record.identity.name),
    client: cut(record.clientName),
    scope: record.scopes.join(' '),
    userId: record.userId,
  }
  const bytes = new TextEncoder().encode(JSON.stringify(full)).byteLength
  return bytes <= KV_METADATA_BYTES ? full : { ...full, scope: `${record.scopes.length} scopes` }
}
