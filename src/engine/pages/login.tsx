// The sign-in page: what each login method shows, one below the other, the owner's last.
import type { Child } from 'hono/jsx'
import { THEME } from '#theme'
import { page } from './layout.tsx'

/** The app that sent the person here. */
export interface SentBy {
  readonly name: string
  /** The host that publishes its name; undefined where it chose the name itself. */
  readonly vouchedBy: string | undefined
}

interface Login {
  sentBy: SentBy | undefined
  /** What each login method shows. */
  forms: readonly Child[]
  /** The methods for the owner alone. They are behind a heading where there are others. */
  ofOwner: { readonly forms: readonly Child[]; readonly isOpen: boolean }
  script: string | undefined
  /** Why the last try was refused. */
  refusal?: string | undefined
  status?: number | undefined
  /** Seconds. */
  retryAfter?: number | undefined
}

export function loginPage({
  sentBy,
  forms,
  ofOwner,
  script,
  refusal,
  status,
  retryAfter,
}: Login): Promise<Response> {
  return page({
    title: 'Sign in',
    status,
    retryAfter,
    script,
    children: (
      <>
        <h1>Sign in to {THEME.name}</h1>
        {sentBy && <Sender {...sentBy} />}
        {refusal && (
          <p class="notice" role="alert">
            {refusal}
          </p>
        )}
        <div class="methods">
          {forms.map((form) => (
            <div>{form}</div>
          ))}
          {forms.length === 0 && ofOwner.forms.map((form) => <div>{form}</div>)}
        </div>
        {forms.length > 0 && ofOwner.forms.length > 0 && (
          <details open={ofOwner.isOpen}>
            <summary>Owner sign-in</summary>
            <div class="methods">
              {ofOwner.forms.map((form) => (
                <div>{form}</div>
              ))}
            </div>
          </details>
        )}
      </>
    ),
  })
}

function Sender({ name, vouchedBy }: SentBy) {
  const app = (
    <strong>
      <bdi>{name}</bdi>
    </strong>
  )
  return (
    <p>
      {vouchedBy === undefined ? (
        <>An app that calls itself {app}</>
      ) : (
        <>
          {app} of {vouchedBy}
        </>
      )}{' '}
      sent you here. You decide next what it may do.
    </p>
  )
}
