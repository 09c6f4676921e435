// Dynamic client registration (RFC 7591). Open to anyone, if the owner has not said otherwise: a registration gives no
// rights, only a name that a person will see on the consent page.
import type { Context } from 'hono'
import { sha256 } from '../../crypto/digest.ts'
import { equalInConstantTime, randomSecret } from '../../crypto/secrets.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { OAuthError, tooOften } from '../../http/errors.ts'
import { readJsonObject } from '../../http/json-body.ts'
import { withinLimit } from '../../http/limits.ts'
import { addressKey } from '../../http/requester.ts'
import { audit } from '../../log/audit.ts'
import type { Client } from '../clients/client.ts'
import { whyNotFetched } from '../clients/document-url.ts'
import { type ClientMetadata, validateClientMetadata, withoutAbsent } from '../clients/metadata.ts'
import { registerClient } from '../clients/registration-store.ts'

export async function register(c: Context<AppEnv>): Promise<Response> {
  await requirePolicy(c)
  if (!(await withinLimit(c.env.REGISTRATION_LIMIT, addressKey(c)))) throw tooOften()
  const claimed = withoutAbsent(await readJsonObject(c.req.raw))
  const metadata = validateClientMetadata(claimed, c.get('settings').appRedirectUris)
  requireFetchableKeys(c, metadata)
  const secret = takesSecret(metadata) ? randomSecret() : undefined
  const management = randomSecret()
  const [secretHash, managementHash] = await Promise.all([secret && sha256(secret), sha256(management)])
  const client = await registerClient(c.env, c.get('issuer'), metadata, secretHash, managementHash)
  audit('client.registered', { client: client.id, name: metadata.client_name }, { app: metadata.client_name })
  return clientInformation(client, secret, management, 201)
}

/** Whether keys that are elsewhere can be had. @throws OAuthError `invalid_client_metadata` */
export function requireFetchableKeys(c: Context<AppEnv>, { jwks_uri }: ClientMetadata): void {
  const url = jwks_uri === undefined ? undefined : new URL(jwks_uri)
  const why = url && whyNotFetched(c.get('settings'), c.get('issuer'), url)
  if (why) throw new OAuthError('invalid_client_metadata', `The jwks_uri ${why}.`)
}

/** RFC 7591 §3.2.1, RFC 7592 §3: what was granted; a secret only when it is new. @param management the client's token */
export function clientInformation(
  { id, issuer, issuedAt, metadata }: Client,
  secret: string | undefined,
  management: string,
  status = 200,
): Response {
  const body = {
    client_id: id,
    client_id_issued_at: issuedAt,
    ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    registration_access_token: management,
    registration_client_uri: `${issuer}/register/${id}`,
    ...metadata,
  }
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store' } })
}

/** Whether a client of this kind has a secret. */
export function takesSecret({ token_endpoint_auth_method: method }: ClientMetadata): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

// RFC 7591 §3: an initial access token, where the owner wants to know who registers.
async function requirePolicy(c: Context<AppEnv>): Promise<void> {
  const { registration, initialAccessToken } = c.get('settings')
  if (registration === 'off') {
    throw new OAuthError('access_denied', 'This server registers no clients.', { status: 403 })
  }
  if (registration === 'open' || initialAccessToken === undefined) return
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '') ?? []
  const [given, expected] = await Promise.all([token, initialAccessToken].map(sha256))
  if (equalInConstantTime(given as string, expected as string)) return
  throw new OAuthError('invalid_token', 'Registration takes an initial access token.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  })
}
