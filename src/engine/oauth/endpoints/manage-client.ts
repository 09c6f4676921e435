// /register/<client id>: a client that reads, changes or ends its own registration (RFC 7592), by the token that it was given
// with it.
import type { Context } from 'hono'
import { sha256 } from '../../crypto/digest.ts'
import { randomSecret } from '../../crypto/secrets.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError, tooOften } from '../../http/errors.ts'
import { readJsonObject } from '../../http/json-body.ts'
import { withinLimit } from '../../http/limits.ts'
import { audit } from '../../log/audit.ts'
import { type Client, displayName } from '../clients/client.ts'
import { validateClientMetadata, withoutAbsent } from '../clients/metadata.ts'
import type { Managed } from '../clients/object.ts'
import { endClient, findManaged, updateClient } from '../clients/registration-store.ts'
import { endGivenTo } from './end-given.ts'
import { clientInformation, requireFetchableKeys, takesSecret } from './register.ts'

/** RFC 7592 §2.2: what a client must not send back. */
const NOT_ITS_OWN = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

export async function readRegistration(c: Context<AppEnv>): Promise<Response> {
  const { managed, token } = await requireManaged(c)
  return clientInformation(managed.client, undefined, token)
}

// RFC 7592 §2.2: all of it anew; what is left out is gone.
export async function replaceRegistration(c: Context<AppEnv>): Promise<Response> {
  const { managed, token, hash } = await requireManaged(c)
  const { client } = managed
  const claimed = withoutAbsent(await readJsonObject(c.req.raw))
  if (claimed.client_id !== client.id) throw invalid('client_id must be that of the client.')
  const foreign = NOT_ITS_OWN.find((name) => name in claimed)
  if (foreign !== undefined) throw invalid(`${foreign} is not the client's to say.`)
  if ('client_secret' in claimed && (await hashOf(claimed.client_secret)) !== client.secretHash) {
    throw invalid('client_secret is not the one that the client has.')
  }
  const metadata = validateClientMetadata(claimed, c.get('settings').appRedirectUris)
  requireFetchableKeys(c, metadata)
  const { secretHash, ...rest } = client
  const secret = takesSecret(metadata) && secretHash === undefined ? randomSecret() : undefined
  const kept = secret === undefined ? secretHash : await sha256(secret)
  const changed: Client = {
    ...rest,
    metadata,
    ...(takesSecret(metadata) && kept !== undefined && { secretHash: kept }),
  }
  if ((await updateClient(c.env, managed, hash, changed)) === 'gone') throw unknown()
  audit('client.updated', { client: client.id, name: metadata.client_name }, { app: metadata.client_name })
  return clientInformation(changed, secret, token)
}

// RFC 7592 §2.3: what it was given ends with it.
export async function endRegistration(c: Context<AppEnv>): Promise<Response> {
  const { managed, hash } = await requireManaged(c)
  const { client, isApproved } = managed
  if (isApproved) await endGrantsOf(c.env, client)
  if ((await endClient(c.env, managed, hash)) === 'gone') throw unknown()
  audit('client.removed', { client: client.id, by: 'client' }, { app: displayName(client) })
  return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } })
}

async function endGrantsOf(env: Env, client: Client): Promise<void> {
  if ((await endGivenTo(env, client.id, 'revoked_by_client')) !== 'partly') return
  throw new OAuthError('temporarily_unavailable', 'More was given than one request can end. Ask again.', {
    retryAfter: 1,
  })
}

interface Management {
  readonly managed: Managed
  readonly token: string
  /** Of the token. */
  readonly hash: string
}

// RFC 7592 §2: an unknown client gets the same answer, so that no caller learns which clients exist.
async function requireManaged(c: Context<AppEnv>): Promise<Management> {
  const [, token] = /^Bearer +([\w-]+)$/i.exec(c.req.header('Authorization') ?? '') ?? []
  const clientId = c.req.param('clientId') ?? ''
  if (!token) throw unknown()
  const hash = await sha256(token)
  const managed = await findManaged(c.env, c.get('issuer'), clientId, hash)
  if (!managed) throw unknown()
  if (!(await withinLimit(c.env.REGISTRATION_LIMIT, `manage ${clientId}`))) throw tooOften()
  return { managed, token, hash }
}

function unknown(): OAuthError {
  return new OAuthError('invalid_token', 'This is not the registration access token of this client.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  })
}

async function hashOf(secret: unknown): Promise<string | undefined> {
  return typeof secret === 'string' ? sha256(secret) : undefined
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_client_metadata', description)
}
