// What happened lately on this server, in words: what people did, and what strangers tried.
import type { Child } from 'hono/jsx'
import { minute } from './time.tsx'

export interface Happened {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: string
  /** As the log has them; methods by what people call them. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly person: string | null
  readonly app: string | null
  /** On that day. */
  readonly times: number
}

interface Recent {
  readonly known: readonly Happened[]
  readonly strangers: readonly Happened[]
}

/** How many lines are seen at once. */
const FEW = 10

interface Words {
  readonly person: Child
  /** The id, of somebody whose name is gone. */
  readonly user: Child
  readonly app: Child
  readonly method: string
  readonly reason: string
  readonly by: unknown
}

const WORDS: Readonly<Record<string, (words: Words) => Child>> = {
  'signin.succeeded': ({ person, method }) => (
    <>
      {person} signed in with {method}
    </>
  ),
  'signin.failed': ({ method, reason }) => `A sign-in with ${method} failed: ${reason}`,
  'signout.everywhere': ({ person, by }) =>
    by === 'owner' ? <>You signed {person} out everywhere</> : <>{person} signed out everywhere</>,
  'account.erased': ({ user, by }) =>
    by === 'owner' ? <>You deleted the data of {user}</> : <>{user} deleted their data</>,
  'passkey.added': ({ person }) => <>{person} added a passkey</>,
  'passkey.removed': ({ person }) => <>{person} removed a passkey</>,
  'invitation.created': ({ person }) => <>{person} invited somebody</>,
  'invitation.redeemed': ({ person }) => <>{person} accepted an invitation</>,
  'consent.allowed': ({ person, app }) => (
    <>
      {person} allowed {app}
    </>
  ),
  'consent.denied': ({ person, app }) => (
    <>
      {person} denied {app}
    </>
  ),
  'code.replayed': ({ person, app }) => (
    <>
      The sign-in code that {person} gave to {app} came twice
    </>
  ),
  'token.replayed': ({ person, app }) => (
    <>
      An old token of {app} for {person} came back, which perhaps was stolen
    </>
  ),
  'grant.revoked': ({ person, app, reason }) => (
    <>
      {app} can no longer act for {person}: {reason}
    </>
  ),
  'client.registered': ({ app }) => <>{app} registered</>,
  'client.updated': ({ app }) => <>{app} changed its registration</>,
  'client.removed': ({ app, by }) =>
    by === 'owner' ? <>You removed {app}</> : <>{app} removed its registration</>,
  'client.refused': ({ app, reason }) => (
    <>
      {app} was refused: {reason}
    </>
  ),
  'token.refused': ({ app, reason }) => (
    <>
      {app} was given no token: {reason}
    </>
  ),
}

export function Events({ events }: { events: Recent | undefined }) {
  return (
    <section id="events">
      <h2>What happened lately</h2>
      {events === undefined ? (
        <p class="empty">What happened lately could not be read just now.</p>
      ) : (
        <>
          <p class="quiet">In the last 90 days; the log has more, and each call.</p>
          {list(events.known, 'Nothing has happened yet.')}
          <h3>At the door</h3>
          <p class="quiet">What strangers and guests did. Of a flood, not every line is here.</p>
          {list(events.strangers, 'Nobody was there.')}
        </>
      )}
    </section>
  )
}

function list(events: readonly Happened[], nothing: string) {
  if (events.length === 0) return <p class="empty">{nothing}</p>
  return (
    <>
      {lines(events.slice(0, FEW))}
      {events.length > FEW && (
        <details>
          <summary>{events.length - FEW} more</summary>
          {lines(events.slice(FEW))}
        </details>
      )}
    </>
  )
}

function lines(events: readonly Happened[]) {
  return (
    <ul class="activity">
      {events.map((one) => (
        <li>
          <span>
            {WORDS[one.event]?.(wordsOf(one)) ?? one.event}
            {one.times > 1 && ` (${one.times} times that day)`}
          </span>
          <span class="quiet">{minute(one.at)}</span>
        </li>
      ))}
    </ul>
  )
}

function wordsOf({ fields, person, app }: Happened): Words {
  return {
    person: person === null ? 'Somebody' : <bdi>{person}</bdi>,
    user: <code>{String(fields.user)}</code>,
    app: app === null ? 'An app' : <bdi>{app}</bdi>,
    method: String(fields.method),
    reason: String(fields.reason).replaceAll('_', ' '),
    by: fields.by,
  }
}
