// The owner's page of all users. Each entry leads to the page of that person.
import { adminPage } from './admin.tsx'
import { more, type Part } from './part.tsx'
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
              Name or id <span class="quiet">(the first letters are enough)</span>
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
              <a href={`/admin/person?user=${unlisted}`}>Open the person with this id anyway</a>
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
