// The bearer check of personal access tokens. The account's object knows them; each isolate asks it once a minute.
import type { Context } from 'hono'
import { BoundedMap } from '../cache/bounded-map.ts'
import type { AppEnv } from '../http/app-env.ts'
import { OAuthError, orUnavailable, tooOften } from '../http/errors.ts'
import { withinLimit } from '../http/limits.ts'
import { addressKey } from '../http/requester.ts'
import type { Bearer } from '../oauth/part.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { accountOf } from '../people/account-store.ts'
import { withinCeiling } from '../people/ceiling.ts'
import { admissionOf, isStillAdmitted } from '../people/identity.ts'
import { type KeptToken, PERSONAL_TOKEN_PREFIX } from '../people/personal-tokens.ts'
import { identifierOf } from '../settings/resources.ts'
import { clientIdOf, type PersonalToken, parsePersonalToken } from './token.ts'

const MAX_REMEMBERED = 10_000

interface Known {
  /** Undefined: there is no such token, or it was revoked. */
  readonly kept: KeptToken | undefined
  /** Milliseconds since the epoch. */
  readonly checkedAt: number
}

/** By the hash of a token, which covers whose it is. Bounded: one that falls out is asked about once more. */
const remembered = new BoundedMap<string, Known>(MAX_REMEMBERED)

/** The caller of a personal access token, by the current rules. */
export const verifyPersonalToken: Bearer = (c, text, rememberMs) =>
  text.startsWith(PERSONAL_TOKEN_PREFIX) ? verify(c, text, rememberMs) : undefined

async function verify(c: Context<AppEnv>, text: string, rememberMs: number): Promise<AccessToken> {
  const { settings, issuer, resource } = c.var
  const token = settings.personalTokens ? await parsePersonalToken(text) : undefined
  const kept = token && (await look(c, token, settings.immediateRevocation ? 0 : rememberMs))
  if (!token || !kept || kept.issuer !== issuer || Date.now() >= kept.expiresAt) throw invalid(issuer)
  const { userId } = token
  const { id, identity, expiresAt } = kept
  if (!isStillAdmitted(await admissionOf(settings), userId, identity)) throw invalid(issuer)
  const scopes = withinCeiling(settings, identity, kept.scopes)
  return {
    userId,
    userName: identity.name,
    ...(identity.expiresAt !== undefined && { userExpiresAt: identity.expiresAt }),
    clientId: clientIdOf(id),
    scopes,
    // It cannot ask for more.
    attainable: scopes,
    resource: identifierOf(issuer, resource),
    expiresAt: Math.floor(expiresAt / 1000),
  }
}

async function look(c: Context<AppEnv>, token: PersonalToken, rememberMs: number) {
  const { userId, hash } = token
  const before = remembered.get(hash)
  const checkedAt = Date.now()
  if (before && checkedAt - before.checkedAt <= rememberMs) return before.kept
  // Strangers can invent tokens, and each would cause one request to an object.
  if (!before?.kept && !(await withinLimit(c.env.TOKEN_LIMIT, `unknown token from ${addressKey(c)}`))) {
    throw tooOften()
  }
  const kept = await orUnavailable(accountOf(c.env, userId).usePersonalToken(hash))
  remembered.set(hash, { kept, checkedAt })
  return kept
}

function invalid(issuer: string): OAuthError {
  return new OAuthError(
    'invalid_token',
    `This personal access token is mistyped, revoked or over. Make another one at ${issuer}/account.`,
  )
}
