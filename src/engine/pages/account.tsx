// The account page: the signed-in user, the connected apps with a way to revoke each, the recent activity.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'
import { day, minute } from './time.tsx'

export interface ConnectedApp {
  readonly clientId: string
  readonly name: string
  readonly scopes: readonly { readonly name: string; readonly text: string }[]
  /** Milliseconds since the epoch, each. */
  readonly since: number
  readonly lastUsedAt: number
  readonly endsAt: number
}

interface Activity {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly kind: string
  readonly about: string
  readonly place: string
  readonly times: number
}

interface Account {
  readonly person: { readonly name: string; readonly method: string; readonly expiresAt?: number }
  readonly apps: readonly ConnectedApp[]
  readonly activity: readonly Activity[]
  /** What the login methods show here. */
  readonly sections: readonly Child[]
  readonly script: string | undefined
  /** The path of the owner's pages; undefined for other users. */
  readonly adminPath: string | undefined
  readonly notice: string | undefined
}

/** How many lines of activity are seen at once. */
const FEW = 10

/** What happened, in words; `about` is an app, a login method, a passkey or a person. */
const HAPPENED: Record<string, (about: Child) => Child> = {
  signed_in: (about) => <>Signed in with {about}</>,
  signed_out_everywhere: () => 'Signed out everywhere',
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

export function accountPage(account: Account): Promise<Response> {
  const { person, apps, activity, sections, script, adminPath, notice } = account
  return page({
    title: 'Your account',
    wide: true,
    script,
    children: (
      <>
        <h1>Your account</h1>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        {whoIsHere(person)}
        {adminPath !== undefined && (
          <p class="quiet">
            This server is yours: <a href={adminPath}>its people and apps, and what happened lately</a>.
          </p>
        )}
        <section>
          <div class="head">
            <h2>Connected apps</h2>
            {apps.length > 1 && (
              <form method="post" action="/account/revoke-all">
                <button type="submit" class="danger small">
                  Revoke all
                </button>
              </form>
            )}
          </div>
          {apps.length === 0 ? (
            <p class="empty">No app is connected. When you approve one, it appears here.</p>
          ) : (
            <>
              <p class="quiet">These apps can act for you until you revoke them or they expire.</p>
              <ul class="apps">{apps.map(appCard)}</ul>
            </>
          )}
        </section>
        {sections}
        <section>
          <h2>Activity</h2>
          <p class="quiet">What happened in the last 90 days. Don’t recognize something? Revoke the app.</p>
          {activityList(activity.slice(0, FEW))}
          {activity.length > FEW && (
            <details>
              <summary>{activity.length - FEW} more</summary>
              {activityList(activity.slice(FEW))}
            </details>
          )}
        </section>
        <section>
          <h2>Delete your data</h2>
          <p class="quiet">
            Everything that is kept here about you, for good. The next page says what that is, and asks you
            again.
          </p>
          <a class="button danger small" href="/account/erase">
            Delete my data…
          </a>
        </section>
      </>
    ),
  })
}

function whoIsHere({ name, method, expiresAt }: Account['person']) {
  return (
    <div class="who">
      <p>
        Signed in as{' '}
        <strong>
          <bdi>{name}</bdi>
        </strong>{' '}
        <span class="quiet">
          with {method}
          {expiresAt !== undefined && <>, until {minute(expiresAt)}</>}
        </span>
      </p>
      <div class="row">
        <form method="post" action="/logout">
          <button type="submit" class="small">
            Sign out
          </button>
        </form>
        <form method="post" action="/account/sign-out-everywhere">
          <button type="submit" class="small">
            Sign out everywhere
          </button>
        </form>
      </div>
    </div>
  )
}

function appCard(app: ConnectedApp) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{app.name}</bdi>
        </h3>
        <ul>
          {app.scopes.map(({ text }) => (
            <li>{text}</li>
          ))}
        </ul>
        <p class="quiet">
          Since {day(app.since)} · last used {day(app.lastUsedAt)} · until {day(app.endsAt)}
        </p>
      </div>
      <form method="post" action="/account/revoke">
        <input type="hidden" name="client_id" value={app.clientId} />
        <button type="submit" class="danger small" aria-label={`Revoke ${app.name}`}>
          Revoke
        </button>
      </form>
    </li>
  )
}

function activityList(activity: readonly Activity[]) {
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
