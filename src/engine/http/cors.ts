// What pages of other origins may do here (Fetch, "CORS protocol"): call, without cookies. A header is set where the answer
// is, which is not copied for it.
import type { MiddlewareHandler } from 'hono'

interface Allowed {
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  /** Response headers that other origins may read, beside the default ones. */
  readonly exposed: readonly string[]
}

export function anyOrigin({ methods, headers, exposed }: Allowed): MiddlewareHandler {
  const preflight = {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': methods.join(','),
    'Access-Control-Allow-Headers': headers.join(','),
  }
  const exposedHeaders = exposed.join(',')
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: preflight })
    await next()
    c.res.headers.set('Access-Control-Allow-Origin', '*')
    c.res.headers.set('Access-Control-Expose-Headers', exposedHeaders)
  }
}
