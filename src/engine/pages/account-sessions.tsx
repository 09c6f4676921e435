// Where a person is signed in, and the button that ends each session.
import type { Child } from 'hono/jsx'
import { minute } from './time.tsx'

export interface ShownSession {
  readonly id: string
  /** What people call the login method. */
  readonly method: string
  /** Empty where it is unknown. */
  readonly place: string
  /** Milliseconds since the epoch, both. */
  readonly beganAt: number
  readonly seenAt: number
  /** The session of this browser. */
  readonly isThis: boolean
}

interface Props {
  readonly sessions: readonly ShownSession[]
  /** There may be older ones than those that are listed. */
  readonly more: boolean
  readonly notice: string | undefined
}

export function SessionsSection({ sessions, more, notice }: Props): Child {
  return (
    <section id="sessions">
      <div class="head">
        <h2>Where you are signed in</h2>
        <form method="post" action="/account/sign-out-everywhere">
          <button type="submit" class="small">
            Sign out everywhere
          </button>
        </form>
      </div>
      {notice && (
        <p class="notice done" role="status">
          {notice}
        </p>
      )}
      <ul class="apps">{sessions.map(sessionCard)}</ul>
      {more && <p class="quiet">Older sessions are not listed. “Sign out everywhere” ends them, too.</p>}
    </section>
  )
}

function sessionCard({ id, method, place, beganAt, seenAt, isThis }: ShownSession) {
  const name = `${method}${place && `, ${place}`}`
  return (
    <li class="app">
      <div>
        <h3>{isThis ? 'This browser' : 'Another browser'}</h3>
        <p class="quiet">
          with {name} · signed in {minute(beganAt)} · last seen {minute(seenAt)}
        </p>
      </div>
      {!isThis && (
        <form method="post" action="/account/sessions/end">
          <input type="hidden" name="id" value={id} />
          <button type="submit" class="danger small" aria-label={`End the session with ${name}`}>
            End
          </button>
        </form>
      )}
    </li>
  )
}
