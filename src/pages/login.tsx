// The sign-in page: what each login method shows, one below the other.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'
import { THEME } from './theme.ts'

interface Login {
  /** The forms of the login methods. */
  children: Child
  /** Why the last try was refused. */
  refusal?: string | undefined
  status?: number | undefined
  /** Seconds. */
  retryAfter?: number | undefined
}

export function loginPage({ children, refusal, status, retryAfter }: Login): Promise<Response> {
  return page({
    title: 'Sign in',
    status,
    retryAfter,
    children: (
      <>
        <h1>Sign in to {THEME.name}</h1>
        <p class="quiet">
          Check the address bar: this page asks for your passphrase only on your own server.
        </p>
        {refusal && (
          <p class="notice" role="alert">
            {refusal}
          </p>
        )}
        {children}
      </>
    ),
  })
}
