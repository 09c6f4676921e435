// Streams last as long as the right to them: until the access token expires, or is found revoked.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import type { Bearers } from '../oauth/part.ts'
import type { AccessToken } from '../oauth/tokens/access-token.ts'
import { authenticate } from './bearer-auth.ts'

const RECHECK_MS = 60_000

/** The response. A stream ends when the caller's token ends; a client with a new token connects again. */
export function endingWith(
  accessToken: AccessToken,
  c: Context<AppEnv>,
  response: Response,
  bearers: Bearers,
): Response {
  if (!response.body || !response.headers.get('Content-Type')?.startsWith('text/event-stream'))
    return response
  return new Response(response.body.pipeThrough(gate(accessToken, c, bearers)), response)
}

function gate(
  accessToken: AccessToken,
  c: Context<AppEnv>,
  bearers: Bearers,
): TransformStream<Uint8Array, Uint8Array> {
  const expiresAt = accessToken.expiresAt * 1000
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = () => clearTimeout(timer)
  const watch = (end: () => void) => {
    const check = async () => {
      if (Date.now() < expiresAt && (await mayGoOn(c, bearers))) watch(end)
      else end()
    }
    timer = setTimeout(check, Math.min(RECHECK_MS, Math.max(expiresAt - Date.now(), 0)))
  }
  return new TransformStream({
    start: (controller) => watch(() => controller.terminate()),
    flush: stop,
    cancel: stop,
  })
}

// An answer that cannot be had ends the stream, too. What the isolate remembers is not asked: it may be a minute old,
// and that on top of the minute between two looks. The stream's key was proven when it began.
function mayGoOn(c: Context<AppEnv>, bearers: Bearers): Promise<boolean> {
  return authenticate(c, bearers, 0, true).then(
    () => true,
    () => false,
  )
}
