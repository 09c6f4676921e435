// Deleting what is kept of a person: the page that asks once more, and the one that says it is done.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'

interface Question {
  /** What the person is called; undefined where nobody knows it. */
  readonly name: string | undefined
  /** Absent when it is about whoever reads this. */
  readonly userId?: string
  /** What the person finds when they come back. */
  readonly afterwards: string
  /** The form came without its tick. */
  readonly unsure?: boolean
  /** One try was not enough. */
  readonly partly?: boolean
  readonly action: string
  /** Where somebody goes who does not want it. */
  readonly back: string
}

/** What the form says when somebody has ticked that they are sure. */
export const SURE = 'sure'

const YOURS = ['Delete your data', 'your', 'you'] as const
const THEIRS = ['Delete a person’s data', 'their', 'them'] as const

export function erasePage(question: Question): Promise<Response> {
  const { userId, afterwards, unsure, partly, action, back } = question
  const [title, whose, whom] = userId ? THEIRS : YOURS
  return page({
    title,
    status: unsure ? 400 : 200,
    children: (
      <form method="post" action={action}>
        <h1>{title}?</h1>
        {unsure && (
          <p class="notice" role="alert">
            Nothing is deleted: tick below that you want it.
          </p>
        )}
        {partly && (
          <p class="notice" role="alert">
            That was much, and not all of it is done. Wait a minute, then do it again.
          </p>
        )}
        {whoItIs(question)}
        <p>This deletes, at once and for good:</p>
        <ul>
          <li>the access of all {whose} apps, which are out within two minutes</li>
          <li>whatever the tools of this server keep for {whom}, such as notes</li>
          <li>{whose} passkeys, and invitations that nobody has accepted yet</li>
          <li>
            {whose} activity, and what the owner’s page tells of {whom}
          </li>
          <li>{whose} sign-in, in every browser</li>
        </ul>
        <p>{afterwards}</p>
        {userId && <input type="hidden" name="user" value={userId} />}
        <ul class="scopes">
          <li>
            <label>
              <input type="checkbox" name={SURE} value="yes" required />
              <span>I want all of it deleted. It cannot be undone.</span>
            </label>
          </li>
        </ul>
        <div class="choice">
          <a class="button" href={back}>
            Keep it
          </a>
          <button type="submit" class="danger">
            Delete it
          </button>
        </div>
      </form>
    ),
  })
}

function whoItIs({ name, userId }: Question): Child {
  return (
    <dl class="facts">
      <div>
        <dt>{userId ? 'Person' : 'You are signed in as'}</dt>
        <dd>{name === undefined ? 'Not listed' : <bdi>{name}</bdi>}</dd>
      </div>
      {userId && (
        <div>
          <dt>Id</dt>
          <dd>
            <code>{userId}</code>
          </dd>
        </div>
      )}
    </dl>
  )
}

export function erasedPage(afterwards: string): Promise<Response> {
  return page({
    title: 'Your data is deleted',
    children: (
      <>
        <h1>Your data is deleted</h1>
        <p>You are signed out everywhere, and your apps are out within two minutes.</p>
        <p>{afterwards}</p>
        <p>
          <a href="/login">Sign in</a>
        </p>
      </>
    ),
  })
}
