// Which app sent a person to sign in, for the sign-in page.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import type { SentBy } from '../../pages/login.tsx'
import { displayName, lookupFor } from '../clients/client.ts'
import { isDocumentUrl } from '../clients/document-url.ts'
import { findClient } from '../clients/store.ts'

/**
 * The app of an authorization request. It only helps the person to recognize the request, so that a client that cannot be
 * found is undefined: /authorize refuses it, with the reason.
 * @param path where the person goes after the sign-in, on this origin
 */
export async function askingApp(c: Context<AppEnv>, path: string): Promise<SentBy | undefined> {
  const { pathname, searchParams } = new URL(path, c.get('issuer'))
  const clientId = searchParams.get('client_id')
  if (pathname !== '/authorize' || clientId === null) return undefined
  const client = await findClient(lookupFor(c), clientId).catch(() => undefined)
  if (!client) return undefined
  const vouchedBy = isDocumentUrl(client.id) ? new URL(client.id).host : undefined
  return { name: displayName(client), vouchedBy }
}
