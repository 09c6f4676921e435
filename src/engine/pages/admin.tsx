// The owner's pages: all users and the registrations. Each entry leads to the page that ends it.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'
import { day, minute } from './time.tsx'

export interface ListedPerson {
  readonly userId: string
  readonly name: string
  /** How they sign in. */
  readonly method: string
  /** Milliseconds since the epoch, both. */
  readonly joinedAt: number
  readonly seenAt: number
  readonly apps: number
  readonly isDisabled: boolean
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

interface People {
  readonly people: Part<ListedPerson>
  /** What the owner has typed. */
  readonly text: string
  readonly guests: boolean
  /** The text of the search, if it is the id of an unlisted user. */
  readonly unlisted: string | undefined
  readonly invitations: readonly { readonly name: string; readonly expiresAt: number }[]
  readonly notice: string | undefined
}

const TABS = [
  ['/admin', 'People'],
  ['/admin/apps', 'Apps'],
  ['/admin/events', 'Events'],
] as const

interface Frame {
  readonly tab: (typeof TABS)[number][1]
  readonly notice?: string | undefined
  readonly children: Child
}

/** What the pages of the owner have in common. */
export function adminPage({ tab, notice, children }: Frame): Promise<Response> {
  return page({
    title: `${tab} · Your server`,
    wide: true,
    children: (
      <>
        <h1>Your server</h1>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        <nav class="row" aria-label="Your server">
          {TABS.map(([href, text]) => (
            <a class="button small" href={href} aria-current={text === tab ? 'page' : undefined}>
              {text}
            </a>
          ))}
          <a class="button small" href="/account">
            Your account
          </a>
        </nav>
        {children}
      </>
    ),
  })
}

export function peoplePage({
  people,
  text,
  guests,
  unlisted,
  invitations,
  notice,
}: People): Promise<Response> {
  const kind = guests ? 'guests' : 'people'
  const query = `${text && `q=${encodeURIComponent(text)}&`}${guests ? 'guests=1&' : ''}`
  return adminPage({
    tab: 'People',
    notice,
    children: (
      <>
        <section id="people">
          <h2>{guests ? 'Guests' : 'People'}</h2>
          <form method="get" action="/admin" class="search">
            <label for="q">
              Name or id <span class="quiet">(the beginning of a word of the name, or of the id)</span>
            </label>
            <input id="q" type="text" name="q" value={text} maxlength={100} autocomplete="off" />
            {guests && <input type="hidden" name="guests" value="1" />}
            <button type="submit">Search</button>
          </form>
          {people.shown.length === 0 ? (
            <p class="empty">{text ? `None of the ${kind} fits.` : `No ${kind} yet.`}</p>
          ) : (
            <ul class="apps">{people.shown.map(personCard)}</ul>
          )}
          {unlisted && (
            <p>
              <a href={`/admin/person?user=${unlisted}`}>Open the person with this id all the same</a>
            </p>
          )}
          {more(`/admin?${query}people`, people, `More ${kind}`)}
          <p>
            <a href={guests ? '/admin' : '/admin?guests=1'}>{guests ? 'People' : 'Guests'}</a>
          </p>
        </section>
        {invitations.length > 0 && openInvitations(invitations)}
      </>
    ),
  })
}

function personCard({ userId, name, method, joinedAt, seenAt, apps, isDisabled }: ListedPerson) {
  return (
    <li class="app">
      <div>
        <h3>
          <a href={`/admin/person?user=${userId}`}>
            <bdi>{name}</bdi>
          </a>
          {isDisabled && ' (disabled)'}
        </h3>
        <p class="quiet">
          with {method} · {apps === 0 ? 'no app' : apps === 1 ? '1 app' : `${apps} apps`} · joined{' '}
          {day(joinedAt)} · last sign-in {day(seenAt)}
          <br />
          <code>{userId}</code>
        </p>
      </div>
    </li>
  )
}

function openInvitations(invitations: People['invitations']) {
  return (
    <section id="invitations">
      <h2>Open invitations</h2>
      <ul class="activity">
        {invitations.map(({ name, expiresAt }) => (
          <li>
            <bdi>{name}</bdi>
            <span class="quiet">until {minute(expiresAt)}</span>
          </li>
        ))}
      </ul>
      <p>
        <a href="/account#invitations">Invite, or withdraw one</a>
      </p>
    </section>
  )
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
              : 'What was listed here is over. There is more.'}
          </p>
        )}
        {more('/admin/apps?registrations', registrations, 'More registrations')}
      </section>
    ),
  })
}

function more(query: string, { next }: Part<unknown>, text: string) {
  return (
    next !== undefined && (
      <p>
        <a class="button" href={`${query}=${encodeURIComponent(next)}`}>
          {text}
        </a>
      </p>
    )
  )
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
