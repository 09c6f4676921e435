// One user, as the owner sees them: the connected apps, and the actions that end them.
import { adminPage } from './admin.tsx'
import { type Apps, type ConnectedApp, howMany, newest } from './apps.tsx'
import { more } from './part.tsx'
import { day, minute } from './time.tsx'

export interface ShownPerson {
  readonly userId: string
  /** Undefined where the server does not know it. */
  readonly name: string | undefined
  readonly method: string | undefined
  /** Milliseconds since the epoch, both: of the first and of the last sign-in. */
  readonly joinedAt: number | undefined
  readonly seenAt: number | undefined
  readonly apps: Apps
  readonly passkeys: number
  /** Personal access tokens. */
  readonly tokens: number
  readonly isDisabled: boolean
}

export function personPage(person: ShownPerson, notice: string | undefined): Promise<Response> {
  const { userId, name, method, joinedAt, seenAt, apps, passkeys, tokens, isDisabled } = person
  const ask = (what: string) => `/admin/ask?do=${what}&user=${userId}`
  return adminPage({
    tab: 'People',
    notice,
    children: (
      <>
        <section id="person">
          <h2>{name === undefined ? 'A person who is not listed' : <bdi>{name}</bdi>}</h2>
          <dl class="facts">
            {fact('Id', <code>{userId}</code>)}
            {method !== undefined && fact('Signs in with', method)}
            {joinedAt !== undefined && fact('Joined', day(joinedAt))}
            {seenAt !== undefined && fact('Last sign-in', minute(seenAt))}
            {fact('Passkeys', passkeys)}
            {tokens > 0 && fact('Tokens for scripts', tokens)}
            {isDisabled && fact('Account', 'Disabled')}
          </dl>
          <div class="row">
            {isDisabled ? (
              <form method="post" action="/admin/enable">
                <input type="hidden" name="user" value={userId} />
                <button type="submit" class="small">
                  Enable
                </button>
              </form>
            ) : (
              <>
                {button(ask('sign-out'), 'Sign out…')}
                {button(ask('disable'), 'Disable…')}
              </>
            )}
            {passkeys > 0 && button(ask('remove-passkeys'), 'Remove passkeys…')}
            {tokens > 0 && button(ask('revoke-tokens'), 'Revoke tokens…')}
            {button(`/admin/erase?user=${userId}`, 'Delete everything…')}
          </div>
        </section>
        <section id="apps">
          <div class="head">
            <h2>Connected apps</h2>
            {apps.total > 0 && button(ask('revoke-all'), 'Revoke all…')}
          </div>
          {apps.total === 0 && <p class="empty">No app is connected.</p>}
          {howMany(apps)}
          <ul class="apps">{apps.shown.map((app) => appCard(app, `${ask('revoke')}&client_id=`))}</ul>
          {newest(`/admin/person?user=${userId}`, apps)}
          {more(`/admin/person?user=${userId}&apps`, apps, 'More apps')}
        </section>
      </>
    ),
  })
}

function fact(name: string, value: unknown) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function button(href: string, text: string) {
  return (
    <a class="button danger small" href={href}>
      {text}
    </a>
  )
}

function appCard({ clientId, name, servers, scopes, since, lastUsedAt }: ConnectedApp, ask: string) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        {servers.length > 0 && <p>Uses {servers.join(', ')}</p>}
        <p class="quiet">
          {scopes.map(({ name: scope }) => scope).join(' ')} · since {day(since)} · last used{' '}
          {day(lastUsedAt)}
        </p>
      </div>
      <a class="button danger small" href={ask + encodeURIComponent(clientId)} aria-label={`Revoke ${name}…`}>
        Revoke…
      </a>
    </li>
  )
}
