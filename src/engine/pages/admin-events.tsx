// The owner's page of what happened lately on this server: what people did, and what strangers tried.
import { adminPage } from './admin.tsx'
import { type Happened, inWords } from './event-words.tsx'
import { minute } from './time.tsx'

interface Recent {
  readonly known: readonly Happened[]
  readonly strangers: readonly Happened[]
}

/** How many lines are seen at once. */
const FEW = 10

/** @param reader the user id of the owner who reads this @param events undefined when they could not be read */
export function eventsPage(events: Recent | undefined, reader: string): Promise<Response> {
  return adminPage({
    tab: 'Events',
    children: (
      <section id="events">
        <h2>What happened lately</h2>
        {events === undefined ? (
          <p class="empty">The events cannot be read at the moment. Try again.</p>
        ) : (
          <>
            <p class="quiet">In the last 90 days. The log has more, and each call.</p>
            {list(events.known, reader, 'Nothing has happened yet.')}
            <h3>At the door</h3>
            <p class="quiet">What strangers and guests did. During a flood, some entries are dropped.</p>
            {list(events.strangers, reader, 'No events.')}
          </>
        )}
      </section>
    ),
  })
}

function list(events: readonly Happened[], reader: string, nothing: string) {
  if (events.length === 0) return <p class="empty">{nothing}</p>
  return (
    <>
      {lines(events.slice(0, FEW), reader)}
      {events.length > FEW && (
        <details>
          <summary>{events.length - FEW} more</summary>
          {lines(events.slice(FEW), reader)}
        </details>
      )}
    </>
  )
}

function lines(events: readonly Happened[], reader: string) {
  return (
    <ul class="activity">
      {events.map((one) => (
        <li>
          <span>
            {inWords(one, reader)}
            {one.times > 1 && ` (${one.times} times that day)`}
          </span>
          <span class="quiet">{minute(one.at)}</span>
        </li>
      ))}
    </ul>
  )
}
