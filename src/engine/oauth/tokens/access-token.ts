// Access tokens: JWTs (RFC 9068), checked without storage. `grant` and `gen` name its grant and rotation.
import { jwtVerify, SignJWT } from 'jose'
import { LIFETIME } from '#config'
import { OAuthError } from '../../http/errors.ts'
import type { Settings } from '../../settings/load.ts'
import { ALGORITHM, signingKey, verificationKey } from './signing-keys.ts'

const TYPE = 'at+jwt'

export interface AccessToken {
  readonly userId: string
  readonly userName: string
  /** When the user is over, in milliseconds since the epoch: for guests. */
  readonly userExpiresAt?: number
  readonly clientId: string
  readonly scopes: readonly string[]
  /** The identifier of the server that it is for (RFC 8707). */
  readonly resource: string
  /** The grant that it came of, and with which rotation; absent where no person gave one. */
  readonly grant?: { readonly id: string; readonly generation: number }
  /** The thumbprint of the key to which it is bound (RFC 9449 §6); absent: a bearer token. */
  readonly jkt?: string | undefined
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** What our scopes are called at the server that issued it; absent: as here. */
  readonly scopeNames?: Readonly<Record<string, string>>
  /** What lists may show; see mcp/attainable.ts. */
  readonly attainable?: readonly string[]
}

/** What a token is to be issued for. */
export type Authorized = Omit<AccessToken, 'expiresAt'> & {
  readonly issuer: string
  /** When it is over in any case, in milliseconds since the epoch. */
  readonly endsAt: number
}

/** @returns the token, and the seconds until it expires: an hour at most, and never beyond what it is issued for. */
export async function issueAccessToken(
  settings: Settings,
  { issuer, resource, endsAt, userId, userName, userExpiresAt, clientId, scopes, grant, jkt }: Authorized,
): Promise<{ token: string; expiresIn: number }> {
  const now = Math.floor(Date.now() / 1000)
  const expiresAt = Math.min(now + LIFETIME.accessToken, Math.floor(endsAt / 1000))
  const claims = {
    client_id: clientId,
    scope: scopes.join(' '),
    name: userName,
    ...(userExpiresAt !== undefined && { user_expires_at: userExpiresAt }),
    ...(grant && { grant: grant.id, gen: grant.generation }),
    ...(jkt !== undefined && { cnf: { jkt } }),
  }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: settings.signingKey.kid })
    .setIssuer(issuer)
    .setSubject(userId)
    .setAudience(resource)
    .setIssuedAt(now)
    .setExpirationTime(expiresAt)
    .setJti(crypto.randomUUID())
    .sign(await signingKey(settings))
  return { token, expiresIn: expiresAt - now }
}

/** RFC 9068 §4. @throws OAuthError `invalid_token` */
export async function verifyAccessToken(
  settings: Settings,
  issuer: string,
  resource: string | string[],
  token: string,
): Promise<AccessToken> {
  const { payload } = await jwtVerify(token, ({ kid }) => requireKey(settings, kid), {
    algorithms: [ALGORITHM],
    typ: TYPE,
    issuer,
    audience: resource,
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'scope'],
  }).catch((cause) => {
    throw new OAuthError('invalid_token', 'The access token is invalid or has expired.', { cause })
  })
  if ((payload.grant === undefined) !== (payload.gen === undefined)) {
    throw new OAuthError('invalid_token', 'The access token names half a grant.')
  }
  return {
    userId: payload.sub as string,
    userName: String(payload.name ?? ''),
    ...(typeof payload.user_expires_at === 'number' && { userExpiresAt: payload.user_expires_at }),
    clientId: payload.client_id as string,
    scopes: (payload.scope as string).split(' ').filter(Boolean),
    resource: payload.aud as string,
    ...(payload.grant !== undefined && {
      grant: { id: payload.grant as string, generation: payload.gen as number },
    }),
    ...(payload.cnf !== undefined && { jkt: (payload.cnf as { jkt: string }).jkt }),
    expiresAt: payload.exp as number,
  }
}

async function requireKey(settings: Settings, kid: string | undefined): Promise<CryptoKey> {
  const key = kid === undefined ? undefined : await verificationKey(settings, kid)
  if (!key) throw new OAuthError('invalid_token', 'The access token is signed with an unknown key.')
  return key
}
