// Deletes a user's data: the page that asks once more, and the page that says it is done.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'

interface Question {
  /** Whether the reader is the owner. */
  readonly owner: boolean
  /** The user's name; undefined where the server does not know it. */
  readonly name: string | undefined
  /** Absent for the reader's own data. */
  readonly userId?: string
  /** What the person finds when they come back. */
  readonly afterwards: string
  /** The form came without its tick. */
  readonly unsure?: boolean
  /** One try was not enough: so many approvals of apps are left. */
  readonly left?: number | undefined
  readonly action: string
  /** Where *Keep it* leads. */
  readonly back: string
}

/** The field that the form sends when the user has ticked the box. */
export const SURE = 'sure'

const YOURS = ['Delete your data', 'your', 'you'] as const
const THEIRS = ['Delete a person’s data', 'their', 'them'] as const

export function erasePage(question: Question): Promise<Response> {
  const { owner, userId, afterwards, unsure, left, action, back } = question
  const [title, whose, them] = userId ? THEIRS : YOURS
  return page({
    title,
    status: unsure ? 400 : 200,
    nav: { owner },
    children: (
      <form method="post" action={action}>
        <h1>{title}?</h1>
        {unsure && (
          <p class="notice" role="alert">
            Nothing is deleted yet. Tick the box below to confirm.
          </p>
        )}
        {left !== undefined && (
          <p class="notice" role="alert">
            Not everything could be deleted yet.{' '}
            {left === 0
              ? 'Try again in a minute.'
              : `${left === 1 ? '1 approval of an app is' : `${left.toLocaleString('en')} approvals of apps are`} left. Press “Delete it” again: it goes on from there.`}
          </p>
        )}
        {whoItIs(question)}
        <p>This deletes, at once and for good:</p>
        <ul>
          <li>the access of all {whose} apps, within two minutes</li>
          <li>everything that the tools of this server keep for {them}, such as notes</li>
          <li>
            {whose} passkeys, and {whose} open invitations
          </li>
          <li>
            {whose} activity, and the events about {them} on the owner’s page
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
        <p>You are signed out everywhere, and your apps lose access within two minutes.</p>
        <p>{afterwards}</p>
        <p>
          <a href="/login">Sign in</a>
        </p>
      </>
    ),
  })
}
