// Rate limits: how often one address may try, or one grant be asked. Counted by Cloudflare in each location, so they
// slow an attacker down rather than stop one; what must not be guessed is long enough not to be.
import type { Context } from 'hono'
import { logError } from './log.ts'

/** Whether one more is allowed. A limiter that does not answer limits nobody: it must not lock the owner out. */
export async function withinLimit(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success
  } catch (error) {
    logError(error, { part: 'limiter' })
    return true
  }
}

/**
 * Whom an address stands for: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of it
 * has them all. On this computer there is no address, and one key for all.
 */
export function addressKey(c: Context): string {
  const address = c.req.header('CF-Connecting-IP') ?? 'local'
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const front = head.split(':').filter(Boolean)
  const back = tail === undefined ? [] : tail.split(':').filter(Boolean)
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length
  const groups = [...front, ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...back]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
