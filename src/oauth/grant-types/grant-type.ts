// What every grant type receives and returns. An AuthenticatedTokenRequest exists only after the token endpoint
// has authenticated the client and found the grant type among those it registered: no grant type can skip that.
import type { Config } from '../../config.ts'
import { log } from '../../log.ts'
import type { Client } from '../clients/client.ts'
import { OAuthError } from '../errors.ts'
import type { GrantRecord, Refused } from '../grants/grant.ts'
import type { Parameters } from '../parameters.ts'

export interface AuthenticatedTokenRequest {
  readonly env: Env
  readonly config: Config
  readonly issuer: string
  /** From where in the world the request comes. */
  readonly place: string
  readonly client: Client
  readonly parameters: Parameters
}

export interface Exchanged {
  readonly grant: GrantRecord
  /** Of this access token; at most those of the grant. */
  readonly scopes: readonly string[]
  readonly generation: number
  readonly refreshToken: string | undefined
}

export type GrantType = (request: AuthenticatedTokenRequest) => Promise<Exchanged>

/** RFC 6749 §5.2: the client learns that the grant is invalid; which check said so is for the log. */
export function refusal(client: Client, grantType: string, reason: Refused['reason']): OAuthError {
  log('token.refused', { client: client.id, grant_type: grantType, reason })
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
