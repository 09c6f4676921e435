// Dynamic client registration (RFC 7591). Open to anyone, if the owner has not said otherwise: a registration gives no
// rights, only a name that a person will see on the consent page.
import type { Context } from 'hono'
import { addressKey, withinLimit } from '../../limits.ts'
import { log } from '../../log.ts'
import type { AppEnv } from '../../origin.ts'
import { validateClientMetadata } from '../clients/metadata.ts'
import { registerClient } from '../clients/store.ts'
import { OAuthError, tooOften } from '../errors.ts'
import { readJsonObject } from '../parameters.ts'
import { equalInConstantTime, hashSecret, randomSecret } from '../tokens/secret.ts'

export async function register(c: Context<AppEnv>): Promise<Response> {
  await requirePolicy(c)
  if (!(await withinLimit(c.env.REGISTRATION_LIMIT, addressKey(c)))) throw tooOften()
  const metadata = validateClientMetadata(await readJsonObject(c.req.raw))
  const secret = metadata.token_endpoint_auth_method.startsWith('client_secret') ? randomSecret() : undefined
  const client = await registerClient(c.env, c.get('issuer'), metadata, secret && (await hashSecret(secret)))
  log('client.registered', { client: client.id, name: metadata.client_name })
  // RFC 7591 §3.2.1: what was granted; the secret this once.
  const credentials = secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }
  return Response.json(
    { client_id: client.id, client_id_issued_at: client.issuedAt, ...credentials, ...metadata },
    { status: 201, headers: { 'Cache-Control': 'no-store' } },
  )
}

// RFC 7591 §3: an initial access token, where the owner wants to know who registers.
async function requirePolicy(c: Context<AppEnv>): Promise<void> {
  const { registration, initialAccessToken } = c.get('config')
  if (registration === 'off') {
    throw new OAuthError('access_denied', 'This server registers no clients.', { status: 403 })
  }
  if (registration === 'open' || initialAccessToken === undefined) return
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '') ?? []
  const [given, expected] = await Promise.all([token, initialAccessToken].map(hashSecret))
  if (equalInConstantTime(given as string, expected as string)) return
  throw new OAuthError('invalid_token', 'Registration takes an initial access token.', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  })
}
