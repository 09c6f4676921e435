// The account page: the signed-in user, the connected apps with a way to revoke each, the recent activity.
import type { Child } from 'hono/jsx'
import { type Activity, activityList } from './activity.tsx'
import { type Apps, type ConnectedApp, howMany, newest } from './apps.tsx'
import { page } from './layout.tsx'
import { more } from './part.tsx'
import { day, minute } from './time.tsx'

interface Account {
  readonly person: { readonly name: string; readonly method: string; readonly expiresAt?: number }
  readonly owner: boolean
  readonly apps: Apps
  readonly activity: readonly Activity[]
  /** Open sessions, and what the login methods show here. */
  readonly sections: readonly Child[]
  readonly script: string | undefined
  readonly notice: string | undefined
}

/** How many lines of activity are seen at once. */
const FEW = 10

export function accountPage(account: Account): Promise<Response> {
  const { person, owner, apps, activity, sections, script, notice } = account
  return page({
    title: 'Your account',
    wide: true,
    script,
    nav: { owner },
    children: (
      <>
        <h1>Your account</h1>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        {whoIsHere(person)}
        <section>
          <div class="head">
            <h2>Connected apps</h2>
            {apps.total > 1 && (
              <form method="post" action="/account/revoke-all">
                <button type="submit" class="danger small">
                  Revoke all
                </button>
              </form>
            )}
          </div>
          {apps.total === 0 ? (
            <p class="empty">No app is connected. When you approve one, it appears here.</p>
          ) : (
            <>
              <p class="quiet">These apps can act for you until you revoke them or they expire.</p>
              {howMany(apps)}
              <ul class="apps">{apps.shown.map(appCard)}</ul>
              {newest('/account', apps)}
              {more('/account?apps', apps, 'More apps')}
            </>
          )}
        </section>
        {sections}
        <section>
          <h2>Activity</h2>
          <p class="quiet">
            What happened in the last 90 days. Don’t recognize something? Revoke the app.
            {!apps.isWhole && ' Refreshes are those of the apps on this page.'}
          </p>
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
            Deletes everything that this server keeps about you, for good. The next page lists it and asks you
            to confirm.
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
  )
}

function appCard(app: ConnectedApp) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{app.name}</bdi>
        </h3>
        {app.servers.length > 0 && <p>Uses {app.servers.join(', ')}</p>}
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
