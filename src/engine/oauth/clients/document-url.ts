// Client identifiers that are URLs (draft-ietf-oauth-client-id-metadata-document §3): which are fetched at all. A stranger
// chose the address, so it is judged before anything is sent to it.
import { OAuthError } from '../../http/errors.ts'
import type { Settings } from '../../settings/load.ts'

const MAX_LENGTH = 2000

export function isDocumentUrl(clientId: string): boolean {
  return /^https?:/i.test(clientId)
}

/** @throws OAuthError `invalid_client` with the rule that the URL breaks */
export function requireDocumentUrl(settings: Settings, issuer: string, clientId: string): URL {
  const refuse = (why: string) => new OAuthError('invalid_client', `The client_id ${why}.`)
  const url = clientId.length <= MAX_LENGTH && URL.canParse(clientId) ? new URL(clientId) : undefined
  // Dot segments, a default port, capitals in the host, a missing path: one spelling for one client.
  if (!url || url.href !== clientId) throw refuse('is not a URL in its normal form')
  if (clientId.includes('#')) throw refuse('holds a fragment')
  if (url.pathname === '/') throw refuse('has no path')
  const why = whyNotFetched(settings, issuer, url)
  if (why !== undefined) throw refuse(why)
  return url
}

/** Why nothing is fetched from an address that a stranger chose: a document, or its client's keys. */
export function whyNotFetched(settings: Settings, issuer: string, url: URL): string | undefined {
  if (url.protocol !== 'https:') return 'is not an https URL'
  if (url.username || url.password) return 'holds a user name or password'
  if (!isPublicName(url.hostname)) return 'is not on a public host name'
  if (url.host === new URL(issuer).host) return 'is an address of this server itself'
  return isAllowedHost(settings, url.host)
    ? undefined
    : 'is on a host that this server does not accept clients from'
}

/** Whether documents are accepted from this host; from any at all, when none is given. */
export function isAllowedHost({ clientDocumentHosts }: Settings, host?: string): boolean {
  if (clientDocumentHosts === 'any') return true
  return host === undefined ? clientDocumentHosts.length > 0 : clientDocumentHosts.includes(host)
}

// The network flag global_fetch_strictly_public does not keep a fetch from every private address, so that literals
// and local names are refused by their form. WHATWG turns every spelling of an IPv4 address into four numbers.
export function isPublicName(hostname: string): boolean {
  return /^(?!.*\.(?:localhost|local|internal|invalid|test|example|home\.arpa|onion)$)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(
    hostname,
  )
}
