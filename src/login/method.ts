// The seam for login methods. A method shows a form, finds out who the person is, and ends in finishLogin().
import type { Hono } from 'hono'
import type { FC } from 'hono/jsx'
import type { AppEnv } from '../origin.ts'

export interface LoginMethod {
  /** Its routes live at `/login/<id>`. */
  readonly id: string
  /** What the sign-in page shows for it: usually a form that posts `return_to` to a route of its own. */
  readonly View: FC<{ returnTo: string }>
  readonly routes: Hono<AppEnv>
}

/** The person could not be signed in; the message tells them why. They get the sign-in page again. */
export class LoginRefused extends Error {
  readonly status: number
  readonly retryAfter: number | undefined

  /** @param retryAfter seconds to wait, for one who has tried too often. */
  constructor(message: string, retryAfter?: number) {
    super(message)
    this.status = retryAfter === undefined ? 403 : 429
    this.retryAfter = retryAfter
  }
}
