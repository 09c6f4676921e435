// The seam of grant types. An AuthenticatedTokenRequest exists only after the token endpoint has authenticated the client
// and found the grant type among those it registered: no grant type can skip that.
import { OAuthError } from '../../http/errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import { audit } from '../../log/audit.ts'
import type { Settings } from '../../settings/load.ts'
import type { Resources } from '../../settings/resources.ts'
import { type Client, displayName, type Lookup } from '../clients/client.ts'
import type { ClientGrantType } from '../clients/metadata.ts'
import type { GrantRecord, Refused } from '../grants/grant.ts'
import type { Authorized } from '../tokens/access-token.ts'

export interface AuthenticatedTokenRequest {
  readonly env: Env
  readonly settings: Settings
  readonly issuer: string
  readonly resources: Resources
  /** A town and a country, where known. */
  readonly place: string
  readonly client: Client
  readonly parameters: Parameters
  /** The thumbprint of the key that the request proves (RFC 9449); undefined: its tokens are bearer tokens. */
  readonly jkt: string | undefined
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

/** Trades one kind of proof for tokens. */
export interface GrantType {
  /** Whether the settings leave it on; absent: always. */
  readonly isOn?: (settings: Settings) => boolean
  /**
   * Its own way to authenticate the client, for requests that come without a client's credentials.
   * Undefined: this request has such credentials, and the usual way applies.
   */
  readonly authenticate?: (lookup: Lookup, request: TokenRequest) => Promise<Client> | undefined
  /** Whether the configuration lets a client use it that did not register for it. It then counts requests itself. */
  readonly admits?: (settings: Settings, client: Client) => boolean
  /** Checks everything before anything is consumed. @throws OAuthError */
  readonly exchange: (request: AuthenticatedTokenRequest) => Promise<Exchanged>
}

/** By their names on the wire. */
export type GrantTypes = { readonly [name in ClientGrantType]?: GrantType }

/** Those that are on. */
export function grantTypesOn(all: GrantTypes, settings: Settings): ReadonlyMap<string, GrantType> {
  return new Map(Object.entries(all).filter(([, { isOn }]) => isOn?.(settings) ?? true))
}

/** A token request, before the client is known. */
interface TokenRequest {
  readonly headers: Headers
  readonly parameters: Parameters
}

/** RFC 6749 §5.2: the client learns that the grant is invalid; which check said so is for the log. */
export function refusal(client: Client, grantType: string, reason: Refused['reason']): OAuthError {
  audit('token.refused', { client: client.id, grant_type: grantType, reason }, { app: displayName(client) })
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
