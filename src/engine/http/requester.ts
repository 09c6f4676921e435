// Who asks, as far as Cloudflare tells: an address to count by, and a town to show.
import type { Context } from 'hono'

/**
 * The address that a limit counts: an IPv4 address, or the /64 of an IPv6 address, since one subscriber has all of a
 * /64. A local server sees no address and counts everyone as one.
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

/**
 * A town and a country; empty where Cloudflare does not tell. Never an address. A local server invents them: what comes
 * through Cloudflare has the id that Cloudflare gives each request.
 */
export function whereFrom(c: Context): string {
  if (c.req.header('CF-Ray') === undefined) return ''
  const { city, country } = (c.req.raw.cf ?? {}) as { city?: string; country?: string }
  return [city, country].filter(Boolean).join(', ')
}
