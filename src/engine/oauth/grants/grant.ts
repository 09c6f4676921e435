// A grant: the record of an approval, its state, the events, and their outcomes.
// Every instant is in milliseconds since the epoch.
import type { Admission, Identity } from '../../people/identity.ts'

/** What a person approved. Written once, at consent; never changed. */
export interface GrantRecord {
  readonly id: string
  readonly issuer: string
  readonly userId: string
  /** Whose approval it was; asked again at each refresh whether they still may. */
  readonly identity: Identity
  readonly clientId: string
  readonly clientName: string
  readonly scopes: readonly string[]
  readonly resource: string
  readonly createdAt: number
  /** The absolute end, however much the grant is used. */
  readonly expiresAt: number
}

/** The authorization code that a grant begins with. */
export interface Code {
  readonly hash: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly expiresAt: number
}

export interface CurrentToken {
  readonly hash: string
  /** 0 for the first refresh token, one more at each rotation; access tokens carry it. */
  readonly generation: number
  /** The client is known to hold it: it was presented, or an access token that came with it was used. */
  readonly confirmed: boolean
}

/** A refresh token that was rotated and can still be forgiven. The salt leads from it to its successor. */
export interface SupersededToken {
  readonly hash: string
  readonly salt: string
  readonly supersededAt: number
}

/** The refreshes of one day from one place. */
export interface Refreshes {
  /** Of the last of them. */
  readonly at: number
  readonly place: string
  readonly times: number
}

export interface GrantState {
  readonly record: GrantRecord
  readonly code: Code
  readonly redeemedAt?: number
  /** Absent while the code waits, and for a client that may not refresh. */
  readonly current?: CurrentToken
  /** Oldest first: each one's successor is the next one, the last one's is `current`. */
  readonly superseded: readonly SupersededToken[]
  readonly rotations: { readonly since: number; readonly count: number }
  /** The newest last. */
  readonly refreshes: readonly Refreshes[]
  readonly lastUsedAt: number
  readonly revoked?: RevocationReason
}

export type RevocationReason =
  | 'code_replayed'
  | 'token_replayed'
  | 'revoked_by_user'
  | 'revoked_by_client'
  | 'revoked_by_owner'
  | 'account_erased'
  | 'not_allowed'

export interface RedeemEvent {
  readonly type: 'redeem'
  readonly issuer: string
  readonly clientId: string
  readonly codeHash: string
  readonly redirectUri: string | undefined
  /** S256 of the code_verifier that was presented; undefined when it was missing or malformed. */
  readonly codeChallenge: string | undefined
  readonly resources: readonly string[]
  /** Undefined when the client may not use refresh tokens. */
  readonly refreshTokenHash: string | undefined
}

export interface RefreshEvent {
  readonly type: 'refresh'
  readonly issuer: string
  readonly clientId: string
  readonly tokenHash: string
  /** Whether storage knows the token as one that can no longer be forgiven. */
  readonly spent: boolean
  readonly resources: readonly string[]
  /** Undefined for all that was granted. */
  readonly scopes: readonly string[] | undefined
  /** What the token becomes if it is rotated now. */
  readonly salt: string
  readonly successorHash: string
  /** A town and a country, for the person to read. */
  readonly place: string
  /** The rules of now: is the person who approved still admitted? */
  readonly admission: Admission
}

export type GrantEvent =
  | RedeemEvent
  | RefreshEvent
  | { readonly type: 'confirm'; readonly generation: number }
  | { readonly type: 'revoke'; readonly reason: RevocationReason }
  /** Nothing but time has passed. */
  | { readonly type: 'wake' }

export type RefusalReason =
  | 'unknown_token'
  | 'wrong_issuer'
  | 'wrong_client'
  | 'wrong_redirect_uri'
  | 'wrong_verifier'
  | 'wrong_resource'
  | 'wrong_scope'
  | 'wrong_key'
  | 'ended'

export type Refused = { readonly kind: 'refused'; readonly reason: RefusalReason }
export type RedeemOutcome =
  | { readonly kind: 'redeemed'; readonly record: GrantRecord }
  | { readonly kind: 'repeated' | 'replayed'; readonly record: GrantRecord }
  | Refused
export type RefreshOutcome =
  /** `salts` lead from the presented token to the current one; one salt when it was rotated just now. */
  | {
      readonly kind: 'rotated' | 'forgiven'
      readonly record: GrantRecord
      readonly generation: number
      readonly salts: readonly string[]
    }
  /** Both end the grant. */
  | { readonly kind: 'replayed' | 'not_allowed'; readonly record: GrantRecord }
  | { readonly kind: 'slow_down'; readonly retryAfterSeconds: number }
  | Refused
export type Outcome<E extends GrantEvent> = E extends RedeemEvent
  ? RedeemOutcome
  : E extends RefreshEvent
    ? RefreshOutcome
    : { readonly kind: 'done' }
