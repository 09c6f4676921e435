// Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1): which may be registered, and what matches.
import { isLoopback } from '../../settings/secure-address.ts'

const MAX_LENGTH = 2000
// A browser would run or read these instead of leaving the page. One of them spoils a whole registration.
const DANGEROUS_SCHEMES = [
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
  'view-source:',
  'filesystem:',
]

type RedirectUriVerdict =
  | { readonly kind: 'allowed' }
  /** Left out of the registration: an app scheme that this deployment does not know. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Whether a client may register this redirect URI.
 * @param ofApps those with an app's own scheme that are known here; settings.appRedirectUris
 */
export function judgeRedirectUri(uri: string, ofApps: readonly string[]): RedirectUriVerdict {
  if (uri.length > MAX_LENGTH) return refused('is too long')
  if (hasTrickCharacter(uri)) return refused('holds a space, a backslash or a character that is not ASCII')
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (!url) return refused('is not an absolute URI')
  if (DANGEROUS_SCHEMES.includes(url.protocol)) return refused('has a dangerous scheme')
  if (uri.includes('#')) return refused('holds a fragment')
  if (url.username || url.password) return refused('holds a user name or password')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return ofApps.includes(uri) ? { kind: 'allowed' } : { kind: 'unknown' }
  }
  if (!isAsBrowsersRead(uri, url)) return refused(`is not written as browsers read it: ${url.href}`)
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return { kind: 'allowed' }
  return refused('is http on a host that is not loopback')
}

/**
 * Whether the redirect URI of a request is one of the registered ones: letter for letter, except that the port
 * of a loopback address is free (RFC 8252 §7.3), because a native app takes the one it is given.
 */
export function matchesRedirectUri(registered: readonly string[], presented: string): boolean {
  if (registered.includes(presented)) return true
  const portless = withoutPort(presented)
  return (
    portless !== undefined &&
    judgeRedirectUri(presented, []).kind === 'allowed' &&
    registered.some((one) => withoutPort(one) === portless)
  )
}

/** Whether the answer goes to the person's own computer, where any program could be the one that asks. */
export function staysOnThisComputer(redirectUri: string): boolean {
  return new URL(redirectUri).protocol !== 'https:'
}

// By its letters, not as a URL parser would read it: `127.1`, dot segments and an empty query are not the same.
function withoutPort(uri: string): string | undefined {
  const [, host, rest] =
    /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?((?:[/?].*)?)$/.exec(uri) ?? []
  return host === undefined ? undefined : `${host}${rest || '/'}`
}

// RFC 3986 is ASCII. The URL parser drops tabs and newlines, turns backslashes and encodes the rest, so that what it
// reads is not what others read.
function hasTrickCharacter(uri: string): boolean {
  return !/^[\x21-\x7e]*$/.test(uri) || uri.includes('\\')
}

/** `https:host`, dot segments, a default port: what a browser would repair, others read as another place. */
function isAsBrowsersRead(uri: string, { href, origin, search }: URL): boolean {
  return href === uri || (href === `${origin}/${search}` && uri === `${origin}${search}`)
}

function refused(reason: string): RedirectUriVerdict {
  return { kind: 'refused', reason }
}
