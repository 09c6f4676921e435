// An authorization response (RFC 6749 §4.1.2): back to the client, or, where that would not be safe, a page.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import type { OAuthError } from '../../http/errors.ts'
import { PageError } from '../../http/page-error.ts'
import { audit } from '../../log/audit.ts'
import type { Session } from '../../people/session.ts'
import { isLoopback } from '../../settings/secure-address.ts'
import { displayName } from '../clients/client.ts'
import type { ReturnAddress } from './authorization-request.ts'

// RFC 9700 §4.11.2: anyone may register, so a redirect without a person who is signed in would make this server an
// open redirector. Without a session the user gets a page, and may follow its link.
export function refuse(
  c: Context<AppEnv>,
  address: ReturnAddress,
  error: OAuthError,
  session: Session | undefined,
): Response {
  audit(
    'client.refused',
    { client: address.client.id, reason: error.code },
    { app: displayName(address.client) },
  )
  const url = refusalUrl(c, address, error)
  if (session) return c.redirect(url, 303)
  const name = displayName(address.client)
  throw new PageError(
    400,
    'This app asked for something that cannot be done',
    `${name} sent: ${error.description}`,
    {
      href: url,
      text: `Tell the app, at ${destinationOf(address.redirectUri)}`,
    },
  )
}

export function refusalUrl(c: Context<AppEnv>, address: ReturnAddress, error: OAuthError): string {
  return responseUrl(c, address, { error: error.code, error_description: error.description })
}

/** RFC 6749 §4.1.2 and RFC 9207 §2: every answer, good or bad, carries `state` and `iss`. */
export function responseUrl(
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
export function destinationOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (isLoopback(url.hostname)) return `this computer (${url.host})`
  return url.protocol === 'https:' ? url.host : `the app behind ${url.protocol}//`
}
