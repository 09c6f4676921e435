// Rate limits. Cloudflare counts in each location, so a limit slows an attacker down and does not stop one: secrets are
// long enough to resist guessing.
import { logError } from '../log/log.ts'

/** Whether one more is allowed. A limiter that fails allows it: it must not lock the owner out. */
export async function withinLimit(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success
  } catch (error) {
    logError(error, { part: 'limiter' })
    return true
  }
}
