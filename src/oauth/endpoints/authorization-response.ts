// An authorization response (RFC 6749 §4.1.2): back to the client, or, where that would not be safe, a page.
import type { Context } from 'hono'
import { log } from '../../log.ts'
import type { Session } from '../../login/session.ts'
import type { AppEnv } from '../../origin.ts'
import { PageError } from '../../pages/error.tsx'
import { isLoopback } from '../../secure-address.ts'
import { displayName } from '../clients/client.ts'
import type { OAuthError } from '../errors.ts'
import type { ReturnAddress } from './authorization-request.ts'

// RFC 9700 §4.11.2: anyone may register, so a redirect without a person who is signed in would make this server an
// open redirector. Without a session the person is told, and may follow the link.
export function refuse(
  c: Context<AppEnv>,
  address: ReturnAddress,
  error: OAuthError,
  session: Session | undefined,
): Response {
  log(
    'client.refused',
    { client: address.client.id, reason: error.code },
    { app: displayName(address.client) },
  )
  const url = refusalOf(c, address, error)
  if (session) return c.redirect(url, 303)
  const name = displayName(address.client)
  throw new PageError(
    400,
    'This app asked for something that cannot be done',
    `${name} sent: ${error.description}`,
    {
      href: url,
      text: `Tell the app, at ${placeOf(address.redirectUri)}`,
    },
  )
}

export function refusalOf(c: Context<AppEnv>, address: ReturnAddress, error: OAuthError): string {
  return answer(c, address, { error: error.code, error_description: error.description })
}

/** RFC 6749 §4.1.2 and RFC 9207 §2: every answer, good or bad, carries `state` and `iss`. */
export function answer(
  c: Context<AppEnv>,
  { redirectUri, state }: ReturnAddress,
  fields: Record<string, string>,
): string {
  const query = new URLSearchParams({
    ...fields,
    ...(state !== undefined && { state }),
    iss: c.get('issuer'),
  })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
}

/** The place that a redirect leads to, in words for a person. Hosts are in ASCII, so that none looks like another. */
export function placeOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (isLoopback(url.hostname)) return `this computer (${url.host})`
  return url.protocol === 'https:' ? url.host : `the app behind ${url.protocol}//`
}
