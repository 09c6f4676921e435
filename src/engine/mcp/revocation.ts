// Whether an access token still counts: whether the grant behind it was revoked, or the client that acts for itself. Asked
// once a minute per isolate, so that a call normally costs no storage.
import type { Context } from 'hono'
import { BoundedMap } from '../cache/bounded-map.ts'
import type { AppEnv } from '../http/app-env.ts'
import { OAuthError } from '../http/errors.ts'
import { logError } from '../log/log.ts'
import { isOwnedClientRevoked, isOwnedId } from '../oauth/clients/owned-store.ts'
import { confirmGrant, isRevoked } from '../oauth/grants/store.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'

/** How old what an isolate knows of a revocation may be. */
export const REMEMBER_MS = 60_000
const MAX_REMEMBERED = 10_000

/** What this isolate knows of a grant, or of a client that acts for itself. */
interface Known {
  live: boolean
  readonly checkedAt: number
  /** The rotation that this isolate has confirmed to the grant. */
  generation: number
}

const known = new BoundedMap<string, Known>(MAX_REMEMBERED)

/**
 * @param rememberMs how old what this isolate knows may be
 * @throws OAuthError `invalid_token` for a revoked grant, 503 when storage does not answer
 */
export async function requireLive(
  c: Context<AppEnv>,
  { grant, clientId }: AccessToken,
  rememberMs = REMEMBER_MS,
): Promise<void> {
  const { immediateRevocation } = c.get('settings')
  // The owner's clients end with all that they hold, for themselves or for people.
  if (!grant || isOwnedId(clientId)) {
    const maxAge = immediateRevocation ? 0 : rememberMs
    const client = await look(clientId, maxAge, () => isOwnedClientRevoked(c.env, clientId))
    if (!client.live) throw revoked()
  }
  if (!grant) return
  if (immediateRevocation) {
    if (!(await confirmGrant(c.env, grant.id, grant.generation))) throw revoked()
    return
  }
  const state = await look(grant.id, rememberMs, () => isRevoked(c.env, grant.id))
  if (!state.live) throw revoked()
  // The first sight of a rotation: the client has it, so its parent token is no longer forgiven.
  if (state.generation !== grant.generation) confirm(c, grant, state)
}

function revoked(): OAuthError {
  return new OAuthError('invalid_token', 'What this token came of has been revoked.')
}

async function look(id: string, rememberMs: number, isRevoked: () => Promise<boolean>): Promise<Known> {
  const now = Date.now()
  const before = known.get(id)
  // What was revoked once stays revoked, whatever KV has yet to hear.
  if (before && (!before.live || now - before.checkedAt <= rememberMs)) return before
  const state = { live: !(await isRevoked()), checkedAt: now, generation: before?.generation ?? -1 }
  known.set(id, state)
  return state
}

function confirm(c: Context<AppEnv>, grant: NonNullable<AccessToken['grant']>, state: Known): void {
  state.generation = grant.generation
  const confirmed = confirmGrant(c.env, grant.id, grant.generation).then((live) => {
    if (!live) state.live = false
  })
  const failed = (error: unknown) => {
    // The next call tries again: unconfirmed, a stolen parent token would go on being forgiven.
    state.generation = -1
    logError(error, { grant: grant.id })
  }
  c.executionCtx.waitUntil(confirmed.catch(failed))
}
