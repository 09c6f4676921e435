// The one end of every sign-in: is this person admitted, then a session, then back to where they were going.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { displayable } from '../http/displayable.ts'
import { audit } from '../log/audit.ts'
import { logError } from '../log/log.ts'
import { noteAddresses } from '../people/addresses-store.ts'
import { type Identity, isAdmitted, nameOf } from '../people/identity.ts'
import { beginSession, localPath, type Upstream } from '../people/session.ts'
import { canBePasted, namesOnePerson } from '../settings/rules.ts'
import { LoginRefused } from './refused.ts'

interface More {
  /** The login method of this session, where it is not the one that knows the person. */
  readonly by?: string
  readonly upstream?: Upstream | undefined
  /** A sentence for one who is refused: why a rule may not have meant them. */
  readonly note?: string | undefined
}

/**
 * Begins a session and redirects.
 * @param found who the person is; their name may be whatever a stranger has written
 * @param returnTo a path of this origin; anything else leads to /account
 * @throws LoginRefused when the settings do not admit them · PageError 503
 */
export async function finishLogin(
  c: Context<AppEnv>,
  found: Identity,
  returnTo: string | undefined,
  { by, upstream, note = '' }: More = {},
): Promise<Response> {
  const identity: Identity = { ...found, name: nameOf(found.name) }
  const method = by ?? identity.method
  if (!isAdmitted(c.get('settings'), identity)) {
    audit('signin.failed', { method, reason: 'not_allowed' })
    throw notAllowed(identity, note)
  }
  const session = await beginSession(c, identity, method, upstream)
  if (session === 'disabled') {
    audit('signin.failed', { method, reason: 'disabled' })
    throw new LoginRefused('Your account here is disabled. Ask the owner of this server.')
  }
  const { userId } = session
  audit('signin.succeeded', { user: userId, method }, { person: identity })
  c.set('signedIn', { ...identity, userId })
  c.executionCtx.waitUntil(noteAddresses(c.env, c.get('settings'), identity).catch(logError))
  return c.redirect(localPath(returnTo), 303)
}

// The owner of a server is often the first who is refused, so the page tells what to do.
function notAllowed({ name, knownAs }: Identity, note: string): LoginRefused {
  // Of several the first that means this person alone.
  const rule = knownAs.find((one) => namesOnePerson(one) && canBePasted(one) && displayable(one) === one)
  const advice = rule ? `The owner of this server can add ${rule} to ALLOWED_USERS.` : ''
  return new LoginRefused(`You signed in as ${name}, who may not come in here. ${note} ${advice}`)
}
