// Limits sign-in attempts, for every login method.
import type { Context } from 'hono'
import { LIMIT_PERIOD } from '#config'
import type { AppEnv } from '../http/app-env.ts'
import { withinLimit } from '../http/limits.ts'
import { addressKey } from '../http/requester.ts'
import { audit } from '../log/audit.ts'
import { LoginRefused } from './refused.ts'

/**
 * Counts one try.
 * @param tooMany what there was too much of, as a sentence
 * @throws LoginRefused 429
 */
export async function requireFewAttempts(
  c: Context<AppEnv>,
  method: string,
  tooMany = 'That was too often from your network.',
): Promise<void> {
  if (await withinLimit(c.env.SIGN_IN_LIMIT, addressKey(c))) return
  audit('signin.failed', { method, reason: 'too_often' })
  throw new LoginRefused(`${tooMany} Wait a minute, then try again.`, LIMIT_PERIOD)
}
