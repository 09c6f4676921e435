// The owner's page of what happened lately on this server: what people did, and what strangers tried.
import { adminPage } from './admin.tsx'
import { type Happened, inWords } from './event-words.tsx'
import { minute } from './time.tsx'

interface Recent {
  readonly known: readonly Happened[]
  readonly strangers: readonly Happened[]
}

interface Events {
  /** Undefined when they could not be read. */
  readonly events: Recent | undefined
  /** What the owner has typed and chosen; empty texts for all. */
  readonly query: Readonly<Record<'event' | 'person' | 'app' | 'from' | 'to', string>>
  /** The events that can be chosen. */
  readonly kinds: readonly string[]
  /** The user id of the owner who reads this. */
  readonly reader: string
}

/** How many lines are seen at once. */
const FEW = 10

export function eventsPage({ events, query, kinds, reader }: Events): Promise<Response> {
  const isFiltered = Object.values(query).some((value) => value !== '')
  return adminPage({
    tab: 'Events',
    children: (
      <section id="events">
        <h2>What happened lately</h2>
        {filterForm(query, kinds, isFiltered)}
        {events === undefined ? (
          <p class="empty">The events cannot be read at the moment. Try again.</p>
        ) : (
          <>
            <p class="quiet">In the last 90 days. The log has more, and each call.</p>
            {list(events.known, reader, isFiltered ? 'No event fits.' : 'Nothing has happened yet.')}
            <h3>At the door</h3>
            <p class="quiet">What strangers and guests did. During a flood, some entries are dropped.</p>
            {list(events.strangers, reader, isFiltered ? 'No event fits.' : 'No events.')}
          </>
        )}
      </section>
    ),
  })
}

function filterForm(query: Events['query'], kinds: Events['kinds'], isFiltered: boolean) {
  return (
    <details open={isFiltered}>
      <summary>Filter and download</summary>
      <form method="get" action="/admin/events">
        {field('person', 'Person (name or id)', query.person)}
        {field('app', 'App (name or id)', query.app)}
        <label for="event">Event</label>
        <select id="event" name="event">
          <option value="">Every event</option>
          {kinds.map((kind) => (
            <option value={kind} selected={kind === query.event}>
              {kind}
            </option>
          ))}
        </select>
        {field('from', 'From (day, UTC)', query.from, 'date')}
        {field('to', 'To (day, UTC)', query.to, 'date')}
        <div class="row">
          <button type="submit" class="primary small">
            Filter
          </button>
          <button type="submit" class="small" formaction="/admin/events/csv">
            Download CSV
          </button>
          <button type="submit" class="small" formaction="/admin/events/jsonl">
            Download JSON Lines
          </button>
          {isFiltered && (
            <a class="button small" href="/admin/events">
              Show all
            </a>
          )}
        </div>
      </form>
    </details>
  )
}

function field(name: string, text: string, value: string, type: 'text' | 'date' = 'text') {
  return (
    <>
      <label for={name}>{text}</label>
      <input id={name} type={type} name={name} value={value} maxlength={100} autocomplete="off" />
    </>
  )
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
