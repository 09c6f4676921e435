// The owner's page of the registrations. Each entry leads to the page that ends it.
import { adminPage } from './admin.tsx'
import { more, type Part } from './part.tsx'
import { day } from './time.tsx'

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

export function appsPage(registrations: Part<Registered>, notice: string | undefined): Promise<Response> {
  return adminPage({
    tab: 'Apps',
    notice,
    children: (
      <section id="registrations">
        <h2>Registrations</h2>
        <p class="quiet">
          Apps that users have approved, and those that you registered yourself. The list can be a minute old.
        </p>
        {registrations.shown.length > 0 ? (
          <ul class="apps">{registrations.shown.map(registrationCard)}</ul>
        ) : (
          <p class="empty">
            {registrations.next === undefined
              ? 'No app is registered.'
              : 'The registrations of this page have ended. The next page has more.'}
          </p>
        )}
        {more('/admin/apps?registrations', registrations, 'More registrations')}
      </section>
    ),
  })
}

const KINDS = {
  registered: () => 'Registered itself',
  described: (host: string | undefined) => `Describes itself on ${host}`,
  owned: () => 'Registered by you',
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
      <a
        class="button danger small"
        href={`/admin/ask?do=remove&registration=${encodeURIComponent(key)}`}
        aria-label={`Remove ${name}…`}
      >
        Remove…
      </a>
    </li>
  )
}
