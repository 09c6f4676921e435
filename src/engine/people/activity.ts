// What a person can look back on.

type ActivityKind =
  | 'signed_in'
  | 'signed_out_everywhere'
  | 'signed_out_by_owner'
  | 'disabled_by_owner'
  | 'enabled_by_owner'
  | 'passkey_added'
  | 'passkey_removed'
  | 'passkeys_removed_by_owner'
  | 'personal_token_made'
  | 'personal_token_revoked'
  | 'personal_tokens_revoked_by_owner'
  | 'invitation_redeemed'
  | 'allowed'
  | 'refreshed'
  | 'revoked_by_user'
  | 'revoked_by_client'
  | 'revoked_by_owner'
  | 'account_erased'
  | 'not_allowed'
  | 'code_replayed'
  | 'token_replayed'

/** Writes down what has just happened. */
export type Note = (kind: ActivityKind, about: string, place: string) => void

// A type, not an interface: rows of SQL are read into it.
export type Activity = {
  /** Milliseconds since the epoch; of the latest, if there were several. */
  at: number
  kind: ActivityKind
  /** The name of the app, the passkey, the token or the person, or the login method. */
  about: string
  /** A town and a country, where known. */
  place: string
  /** How often on that day, from that place. */
  times: number
}
