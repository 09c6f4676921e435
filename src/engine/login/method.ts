// The seam for login methods: all that a method may import from the engine. A method shows a form or a link, finds out
// who the person is, and ends in finishLogin().
import type { Context, Hono } from 'hono'
import type { Child, FC } from 'hono/jsx'
import type { AppEnv } from '../http/app-env.ts'
import type { Session } from '../people/session.ts'

export type { AppEnv } from '../http/app-env.ts'
export type { Parameters } from '../http/parameters.ts'
export { audit } from '../log/audit.ts'
export { logError } from '../log/log.ts'
export { type Identity, nameOf } from '../people/identity.ts'
export { requireSetting } from '../settings/setting.ts'
export { requireFewAttempts } from './attempts.ts'
export { finishLogin } from './finish-login.ts'
export { LoginRefused, LoginUnavailable } from './refused.ts'

export interface LoginMethod {
  /** Its routes live at `/login/<id>`. */
  readonly id: string
  /** What people call it, if not by its id. */
  readonly name?: string
  /**
   * Where the sign-in page shows it: `first`, before the others; `owner`, behind *Owner sign-in* where there is another
   * method. Otherwise it has its place in the list.
   */
  readonly place?: 'first' | 'owner'
  /** What the sign-in page shows: a link, or a form that posts `return_to` to a route of the method. */
  readonly View: FC<{ returnTo: string }>
  /**
   * Before a POST gets here, the engine has checked that one of our own pages sent it, and read its form:
   * `c.get('form')`.
   */
  readonly routes: Hono<AppEnv>
  /** What the account page shows of it, such as a person's passkeys. */
  readonly accountSection?: (c: Context<AppEnv>, session: Session) => Promise<Child>
  /** JavaScript of the method. It may fetch from this origin. */
  readonly script?: string
}

/** The scripts of all methods together; undefined where there are none. */
export function scriptOf(methods: readonly LoginMethod[]): string | undefined {
  return methods.flatMap(({ script }) => script ?? []).join('\n') || undefined
}
