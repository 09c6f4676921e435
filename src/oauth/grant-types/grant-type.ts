// What every grant type receives and returns. An AuthenticatedTokenRequest exists only after the token endpoint
// has authenticated the client and found the grant type among those it registered: no grant type can skip that.
import { log } from '../../log.ts'
import type { Config } from '../../settings/load.ts'
import { type Client, displayName } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import type { GrantRecord, Refused } from '../grants/grant.ts'
import type { Parameters } from '../parameters.ts'
import type { Authorized } from '../tokens/access-token.ts'

export interface AuthenticatedTokenRequest {
  readonly env: Env
  readonly config: Config
  readonly issuer: string
  /** From where in the world the request comes. */
  readonly place: string
  readonly client: Client
  readonly parameters: Parameters
}

/** What an access token is to be issued for, and the refresh token that comes with it. */
export interface Exchanged {
  readonly authorized: Authorized
  readonly refreshToken?: string | undefined
}

/** What a person's grant authorizes. @param scopes of this access token; at most those of the grant */
export function authorizedBy(record: GrantRecord, scopes: readonly string[], generation: number): Authorized {
  const { id, issuer, resource, userId, clientId, identity, expiresAt } = record
  return {
    issuer,
    resource,
    endsAt: expiresAt,
    userId,
    userName: identity.name,
    ...(identity.expiresAt !== undefined && { userExpiresAt: identity.expiresAt }),
    clientId,
    scopes,
    grant: { id, generation },
  }
}

export type GrantType = (request: AuthenticatedTokenRequest) => Promise<Exchanged>

/** RFC 6749 §5.2: the client learns that the grant is invalid; which check said so is for the log. */
export function refusal(client: Client, grantType: string, reason: Refused['reason']): OAuthError {
  log('token.refused', { client: client.id, grant_type: grantType, reason }, { app: displayName(client) })
  switch (reason) {
    case 'wrong_resource':
      return new OAuthError('invalid_target', 'The resource is not the one that was authorized.')
    case 'wrong_scope':
      return new OAuthError('invalid_scope', 'A scope is asked for that was not granted.')
    default:
      return new OAuthError(
        'invalid_grant',
        'It is unknown, expired or revoked, or was not issued to this request.',
      )
  }
}
