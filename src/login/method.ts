// The seam for login methods. A method shows a form or a link, finds out who the person is, and ends in finishLogin().
import type { Context, Hono } from 'hono'
import type { Child, FC } from 'hono/jsx'
import type { AppEnv } from '../origin.ts'
import type { Session } from './session.ts'

export interface LoginMethod {
  /** Its routes live at `/login/<id>`. */
  readonly id: string
  /** What people call it, if not by its id. */
  readonly name?: string
  /** What the sign-in page shows for it: a link, or a form that posts `return_to` to a route of its own. */
  readonly View: FC<{ returnTo: string }>
  readonly routes: Hono<AppEnv>
  /** What the account page shows of it, such as a person's passkeys. */
  readonly accountSection?: (c: Context<AppEnv>, session: Session) => Promise<Child>
  /** The JavaScript that it cannot do without. It may fetch from this origin. */
  readonly script?: string
}

/** What the methods need of JavaScript, together; undefined when they need none. */
export function scriptOf(methods: readonly LoginMethod[]): string | undefined {
  return methods.flatMap(({ script }) => script ?? []).join('\n') || undefined
}
