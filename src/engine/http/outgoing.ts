// The way out: each request of this server to another one, whichever library makes it. Firewalls refuse requests that do
// not say who asks (RFC 9110 §10.1.5).
import { VERSION } from '../version.ts'

const USER_AGENT = `Gatehouse/${VERSION}`

/** As `fetch`, with our own `User-Agent` in the place of a library's. @param userAgent of a caller that has its own */
export function fetchOutside(
  url: string | URL,
  init: RequestInit = {},
  userAgent: string = USER_AGENT,
): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('User-Agent', userAgent)
  return fetch(url, { ...init, headers })
}
