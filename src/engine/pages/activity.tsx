// What a person can look back on, in words.
import type { Child } from 'hono/jsx'
import { minute } from './time.tsx'

export interface Activity {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly kind: string
  readonly about: string
  readonly place: string
  readonly times: number
}

/** What happened, in words; `about` is an app, a login method, a passkey or a person. */
const HAPPENED: Record<string, (about: Child) => Child> = {
  signed_in: (about) => <>Signed in with {about}</>,
  signed_out_everywhere: () => 'Signed out everywhere',
  session_ended: (about) => <>Ended a session that began with {about}</>,
  signed_out_by_owner: () => 'The owner of this server signed you out everywhere',
  disabled_by_owner: () => 'The owner of this server disabled your account',
  enabled_by_owner: () => 'The owner of this server enabled your account again',
  passkeys_removed_by_owner: () => 'The owner of this server removed your passkeys',
  passkey_added: (about) => <>Added the passkey {about}</>,
  passkey_removed: (about) => <>Removed the passkey {about}</>,
  personal_token_made: (about) => <>Made the token {about}</>,
  personal_token_revoked: (about) => <>Revoked the token {about}</>,
  personal_tokens_revoked_by_owner: () => 'The owner of this server revoked your tokens for scripts',
  invitation_redeemed: (about) => <>{about} accepted your invitation</>,
  exported: () => 'Downloaded your data',
  allowed: (about) => <>Allowed {about}</>,
  refreshed: (about) => <>{about} refreshed its tokens</>,
  revoked_by_user: (about) => <>Revoked {about}</>,
  revoked_by_client: (about) => <>{about} revoked its own access</>,
  revoked_by_owner: (about) => <>The owner of this server revoked {about}</>,
  account_erased: (about) => <>Revoked {about}, because your data is being deleted</>,
  not_allowed: (about) => <>Revoked {about}: the rules no longer admit you</>,
  code_replayed: (about) => <>Revoked {about}: its sign-in code was used twice</>,
  token_replayed: (about) => <>Revoked {about}: an old token came back, which may have been stolen</>,
}

export function activityList(activity: readonly Activity[]) {
  return (
    <ul class="activity">
      {activity.map(({ at, kind, about, place, times }) => (
        <li>
          <span>
            {HAPPENED[kind]?.(<bdi>{about}</bdi>) ?? kind}
            {times > 1 && ` (${times} times that day)`}
          </span>
          <span class="quiet">
            {minute(at)}
            {place && ` · ${place}`}
          </span>
        </li>
      ))}
    </ul>
  )
}
