// The events that the owner's page shows, in words.
import type { Child } from 'hono/jsx'

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
  /** What the directory calls the owner who did it. */
  readonly actorName?: string | undefined
}

interface Words {
  readonly person: Child
  /** The id, for a user without a name any more. */
  readonly user: Child
  readonly app: Child
  readonly method: string
  readonly reason: string
  /** The owner who did it, or the owner's script; undefined where neither did. */
  readonly actor: Child | undefined
}

const WORDS: Readonly<Record<string, (words: Words) => Child>> = {
  'signin.succeeded': ({ person, method }) => (
    <>
      {person} signed in with {method}
    </>
  ),
  'signin.failed': ({ method, reason }) => `A sign-in with ${method} failed: ${reason}`,
  'signout.everywhere': ({ person, actor }) =>
    actor ? (
      <>
        {actor} signed {person} out everywhere
      </>
    ) : (
      <>{person} signed out everywhere</>
    ),
  'account.erased': ({ user, actor }) =>
    actor ? (
      <>
        {actor} deleted the data of {user}
      </>
    ) : (
      <>{user} deleted their data</>
    ),
  'account.exported': ({ person }) => <>{person} downloaded their data</>,
  'passkey.added': ({ person }) => <>{person} added a passkey</>,
  'passkey.renamed': ({ person }) => <>{person} renamed a passkey</>,
  'account.disabled': ({ person, actor }) => (
    <>
      {actor} disabled {person}
    </>
  ),
  'account.enabled': ({ person, actor }) => (
    <>
      {actor} enabled {person} again
    </>
  ),
  'passkey.removed': ({ person, actor }) =>
    actor ? (
      <>
        {actor} removed the passkeys of {person}
      </>
    ) : (
      <>{person} removed a passkey</>
    ),
  'personal_token.made': ({ person }) => <>{person} made a personal access token</>,
  'personal_token.revoked': ({ person, actor }) =>
    actor ? (
      <>
        {actor} revoked the personal access tokens of {person}
      </>
    ) : (
      <>{person} revoked a personal access token</>
    ),
  'invitation.created': ({ person }) => <>{person} created an invitation</>,
  'invitation.withdrawn': ({ person }) => <>{person} withdrew an invitation</>,
  'invitation.redeemed': ({ person }) => <>{person} accepted an invitation</>,
  'consent.allowed': ({ person, app }) => (
    <>
      {person} approved {app}
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
      An old token of {app} for {person} came back, which may have been stolen
    </>
  ),
  'grant.revoked': ({ person, app, reason, actor }) => (
    <>
      {app} can no longer act for {person}: {reason}
      {actor && <> ({actor})</>}
    </>
  ),
  'client.registered': ({ app, actor }) =>
    actor ? (
      <>
        {actor} registered {app}
      </>
    ) : (
      <>{app} registered</>
    ),
  'client.updated': ({ app, actor }) =>
    actor ? (
      <>
        {actor} changed {app}
      </>
    ) : (
      <>{app} changed its registration</>
    ),
  'client.removed': ({ app, actor }) =>
    actor ? (
      <>
        {actor} removed {app}
      </>
    ) : (
      <>{app} removed its registration</>
    ),
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

/** @param reader the user id of the owner who reads it */
export function inWords(happened: Happened, reader: string): Child {
  return WORDS[happened.event]?.(wordsOf(happened, reader)) ?? happened.event
}

function wordsOf({ fields, person, app, actorName }: Happened, reader: string): Words {
  const { user } = fields
  return {
    person: (
      <>
        {person === null ? 'A user' : <bdi>{person}</bdi>}
        {user !== undefined && <> {idOf(user, reader)}</>}
      </>
    ),
    user: idOf(user, reader),
    app: app === null ? 'An app' : <bdi>{app}</bdi>,
    method: String(fields.method),
    reason: String(fields.reason).replaceAll('_', ' '),
    actor: actorOf({ fields, person, actorName }, reader),
  }
}

function actorOf(
  { fields, person, actorName }: Pick<Happened, 'fields' | 'person' | 'actorName'>,
  reader: string,
): Child | undefined {
  if (fields.by === 'script') {
    return (
      <>
        <code>npm run client</code>
        {person !== null && (
          <>
            {' '}
            (<bdi>{person}</bdi>)
          </>
        )}
      </>
    )
  }
  const { actor } = fields
  if (actor === undefined) return undefined
  if (actor === reader) return 'You'
  return (
    <>
      The owner {actorName !== undefined && <bdi>{actorName}</bdi>} {idOf(actor, reader)}
    </>
  )
}

// People choose their names, and one may call herself "Owner": the beginning of the id tells them apart.
function idOf(id: unknown, reader: string): Child {
  return id === reader ? '(you)' : <code>{`${String(id).slice(0, 13)}…`}</code>
}
