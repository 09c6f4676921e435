// Deleting what is kept of a person: the page that asks once more, and the one that says it is done.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'

interface Question {
  /** Absent when it is about whoever reads this. */
  readonly person?: { readonly userId: string; readonly name: string | undefined }
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

export function erasePage(question: Question): Promise<Response> {
  const { person, afterwards, unsure, partly, action, back } = question
  const [title, whose] = person ? ['Delete a person’s data', 'their'] : ['Delete your data', 'your']
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
        {person && whoItIs(person)}
        <p>This deletes, at once and for good:</p>
        <ul>
          <li>the access of all {whose} apps, which are out within two minutes</li>
          <li>whatever the tools of this server keep for {person ? 'them' : 'you'}, such as notes</li>
          <li>{whose} passkeys, and invitations that nobody has accepted yet</li>
          <li>
            {whose} activity, and what it says of {person ? 'them' : 'you'} on the owner’s page
          </li>
          <li>{whose} sign-in, in every browser</li>
        </ul>
        <p>{afterwards}</p>
        {person && <input type="hidden" name="user" value={person.userId} />}
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

function whoItIs({ userId, name }: NonNullable<Question['person']>): Child {
  return (
    <dl class="facts">
      <div>
        <dt>Person</dt>
        <dd>{name === undefined ? 'No app of theirs is connected' : <bdi>{name}</bdi>}</dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd>
          <code>{userId}</code>
        </dd>
      </div>
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
