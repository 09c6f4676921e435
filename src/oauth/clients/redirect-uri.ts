// Redirect URIs (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1): which may be registered, and what matches.
import { APP_REDIRECT_URIS, isLoopback } from '../../config.ts'

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

export type RedirectUriVerdict =
  | { readonly kind: 'allowed' }
  /** Left out of the registration: an app scheme that this deployment does not know. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Whether a client may register this redirect URI. */
export function judgeRedirectUri(uri: string): RedirectUriVerdict {
  if (uri.length > MAX_LENGTH) return refused('is too long')
  if (hasTrickCharacter(uri)) return refused('holds a space, control character or backslash')
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (!url) return refused('is not an absolute URI')
  if (DANGEROUS_SCHEMES.includes(url.protocol)) return refused('has a dangerous scheme')
  if (uri.includes('#')) return refused('holds a fragment')
  if (url.username || url.password) return refused('holds a user name or password')
  if (url.protocol === 'https:') return { kind: 'allowed' }
  if (url.protocol === 'http:') {
    return isLoopback(url.hostname) ? { kind: 'allowed' } : refused('is http on a host that is not loopback')
  }
  return APP_REDIRECT_URIS.includes(uri) ? { kind: 'allowed' } : { kind: 'unknown' }
}

/**
 * Whether the redirect URI of a request is one of the registered ones: letter for letter, except that the port
 * of a loopback address is free (RFC 8252 §7.3), because a native app takes the one it is given.
 */
export function matchesRedirectUri(registered: readonly string[], presented: string): boolean {
  if (registered.includes(presented)) return true
  if (judgeRedirectUri(presented).kind !== 'allowed') return false
  const url = new URL(presented)
  return isLoopbackUri(url) && registered.some((one) => withoutPort(new URL(one)) === withoutPort(url))
}

/** Whether every redirect of a client ends on the person's own computer, where any program could be asking. */
export function isLoopbackOnly(registered: readonly string[]): boolean {
  return registered.every((uri) => isLoopbackUri(new URL(uri)))
}

function isLoopbackUri(url: URL): boolean {
  return url.protocol === 'http:' && isLoopback(url.hostname)
}

function withoutPort(url: URL): string {
  return `${url.protocol}//${url.hostname}${url.pathname}${url.search}`
}

// The URL parser drops tabs and newlines and turns backslashes, so what it reads is not what others read.
function hasTrickCharacter(uri: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  return /[\s\\\u0000-\u0020\u007f-\u009f]/.test(uri)
}

function refused(reason: string): RedirectUriVerdict {
  return { kind: 'refused', reason }
}
