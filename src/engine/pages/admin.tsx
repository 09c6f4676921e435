// The owner's page: everybody who has let an app in, the registrations, and the way to end any of them.
import type { Child } from 'hono/jsx'
import type { ConnectedApp } from './account.tsx'
import { Events, type Happened } from './admin-events.tsx'
import { page } from './layout.tsx'
import { day } from './time.tsx'

export type { Happened } from './admin-events.tsx'

export interface Person {
  readonly userId: string
  readonly name: string
  /** How they signed in. */
  readonly method: string
  readonly apps: readonly ConnectedApp[]
  /** How many grants there are beyond those that the apps are made of. */
  readonly unseen: number
}

export interface Registered {
  readonly key: string
  readonly kind: 'registered' | 'described' | 'owned'
  readonly name: string
  /** The host of its document. */
  readonly describedAt: string | undefined
  /** Hosts. */
  readonly answersGoTo: readonly string[]
  /** Milliseconds since the epoch. */
  readonly since: number
}

interface Part<T> {
  readonly shown: readonly T[]
  /** With what the next page is asked for. */
  readonly next: string | undefined
}

interface Admin {
  readonly people: Part<Person>
  readonly registrations: Part<Registered>
  /** The newest first; undefined when they could not be read. */
  readonly events:
    | { readonly known: readonly Happened[]; readonly strangers: readonly Happened[] }
    | undefined
  /** The user id of the owner who reads this. */
  readonly reader: string
  readonly notice: string | undefined
}

export function adminPage({ people, registrations, events, reader, notice }: Admin): Promise<Response> {
  return page({
    title: 'Your server',
    wide: true,
    children: (
      <>
        <h1>Your server</h1>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        <p class="quiet">
          Only you, its owner, see this page. The lists can be a minute old.{' '}
          <a href="/account">Your own account</a>
        </p>
        <section id="people">
          <h2>People and their apps</h2>
          {cards(people, personCard, 'Nobody has let an app in.')}
          {more('people', people, 'More people')}
          <details>
            <summary>Delete the data of somebody who is not listed</summary>
            <form method="get" action="/admin/erase">
              <label for="user">
                Their id <span class="quiet">(as it stands in the log)</span>
              </label>
              <input id="user" type="text" name="user" maxlength={60} autocomplete="off" required />
              <button type="submit" class="danger small">
                Delete their data…
              </button>
            </form>
          </details>
        </section>
        <section id="registrations">
          <h2>Registrations</h2>
          <p class="quiet">
            Apps that somebody has allowed, and those that you registered yourself. Removing one ends whatever
            it was given.
          </p>
          {cards(registrations, registrationCard, 'No app is registered.')}
          {more('registrations', registrations, 'More registrations')}
        </section>
        <Events events={events} reader={reader} />
      </>
    ),
  })
}

function cards<T>({ shown, next }: Part<T>, card: (one: T) => Child, nothing: string) {
  if (shown.length > 0) return <ul class="apps">{shown.map(card)}</ul>
  // What is over can be listed for a minute, and fill a page.
  return <p class="empty">{next === undefined ? nothing : 'What was listed here is over. There is more.'}</p>
}

function more(name: string, { next }: Part<unknown>, text: string) {
  return (
    next !== undefined && (
      <p>
        <a class="button" href={`/admin?${name}=${encodeURIComponent(next)}#${name}`}>
          {text}
        </a>
      </p>
    )
  )
}

function personCard({ userId, name, method, apps, unseen }: Person) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <p class="quiet">
          with {method}
          <br />
          <code>{userId}</code>
        </p>
      </div>
      <div class="row">
        <form method="post" action="/admin/revoke-all">
          <input type="hidden" name="user" value={userId} />
          <button
            type="submit"
            class="danger small"
            aria-label={`Revoke everything of ${name}, and sign them out`}
          >
            Revoke everything
          </button>
        </form>
        <a
          class="button danger small"
          href={`/admin/erase?user=${userId}`}
          aria-label={`Delete everything of ${name}…`}
        >
          Delete everything…
        </a>
      </div>
      <ul class="parts">
        {apps.map((app) => (
          <li>
            <span>
              <bdi>{app.name}</bdi>{' '}
              <span class="quiet">
                {app.scopes.map(({ name: scope }) => scope).join(' ')} · since {day(app.since)} · last used{' '}
                {day(app.lastUsedAt)}
              </span>
            </span>
            <form method="post" action="/admin/revoke">
              <input type="hidden" name="user" value={userId} />
              <input type="hidden" name="client_id" value={app.clientId} />
              <button type="submit" class="danger small" aria-label={`Revoke ${app.name} of ${name}`}>
                Revoke
              </button>
            </form>
          </li>
        ))}
      </ul>
      {unseen > 0 && <p class="quiet">And {unseen} older approvals.</p>}
    </li>
  )
}

const KINDS = {
  registered: () => 'Registered itself',
  described: (host: string | undefined) => `Describes itself on ${host}`,
  owned: () => 'Registered by you, for itself',
}

function registrationCard({ key, kind, name, describedAt, answersGoTo, since }: Registered) {
  return (
    <li class="app">
      <div>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <p class="quiet">
          {KINDS[kind](describedAt)} · {day(since)}
          {answersGoTo.length > 0 && ` · answers go to ${answersGoTo.join(', ')}`}
        </p>
      </div>
      <form method="post" action="/admin/remove">
        <input type="hidden" name="registration" value={key} />
        <button type="submit" class="danger small" aria-label={`Remove ${name}`}>
          Remove
        </button>
      </form>
    </li>
  )
}
