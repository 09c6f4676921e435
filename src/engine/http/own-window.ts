// A page that no site may hold a window of (HTML, "Cross-origin opener policies").
import type { MiddlewareHandler } from 'hono'

/**
 * For pages outside the authorization flow only. An app that opens `/authorize` as a popup waits for `window.opener` in
 * its callback, or polls `closed`: one page on the way with this header cuts both for good, `same-origin-allow-popups`
 * included.
 */
export const ownWindow: MiddlewareHandler = async (c, next) => {
  await next()
  c.res.headers.set('Cross-Origin-Opener-Policy', 'same-origin')
}
