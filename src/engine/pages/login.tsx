// The sign-in page: what each login method shows, one below the other.
import type { Child } from 'hono/jsx'
import { THEME } from '#theme'
import { page } from './layout.tsx'

interface Login {
  /** What each login method shows. */
  forms: readonly Child[]
  script: string | undefined
  /** Why the last try was refused. */
  refusal?: string | undefined
  status?: number | undefined
  /** Seconds. */
  retryAfter?: number | undefined
}

export function loginPage({ forms, script, refusal, status, retryAfter }: Login): Promise<Response> {
  return page({
    title: 'Sign in',
    status,
    retryAfter,
    script,
    children: (
      <>
        <h1>Sign in to {THEME.name}</h1>
        {refusal && (
          <p class="notice" role="alert">
            {refusal}
          </p>
        )}
        <div class="methods">
          {forms.map((form) => (
            <div>{form}</div>
          ))}
        </div>
      </>
    ),
  })
}
