// The account page: which apps were let in, and the way to put each of them out.
import { page } from './layout.tsx'

export interface ConnectedApp {
  readonly clientId: string
  readonly name: string
  readonly scopes: readonly { readonly name: string; readonly text: string }[]
  /** Milliseconds since the epoch, each. */
  readonly since: number
  readonly lastUsedAt: number
  readonly endsAt: number
}

interface Account {
  readonly userName: string
  readonly apps: readonly ConnectedApp[]
  readonly notice?: string | undefined
}

export function accountPage({ userName, apps, notice }: Account): Promise<Response> {
  return page({
    title: 'Connected apps',
    wide: true,
    children: (
      <>
        <div class="who">
          <h1>Connected apps</h1>
          <form method="post" action="/logout">
            <span class="quiet">
              <bdi>{userName}</bdi> ·{' '}
            </span>
            <button type="submit" class="link">
              Sign out
            </button>
          </form>
        </div>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        {apps.length === 0 ? (
          <p class="empty">No app is connected. When you allow one, it appears here.</p>
        ) : (
          <>
            <p class="quiet">These apps can act for you until you revoke them or they expire.</p>
            <ul class="apps">{apps.map(appCard)}</ul>
          </>
        )}
      </>
    ),
  })
}

function appCard(app: ConnectedApp) {
  return (
    <li class="app">
      <div>
        <h2>
          <bdi>{app.name}</bdi>
        </h2>
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

function day(instant: number) {
  const date = new Date(instant)
  const text = date.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  })
  return <time datetime={date.toISOString()}>{text}</time>
}
