// Where a server's other endpoints are: RFC 8414, and OpenID Connect Discovery 1.0 for those that know only that.
import type { ForeignServer } from '../../settings/authorization-servers.ts'
import { isLoopback, isSecure } from '../../settings/secure-address.ts'
import { fetchJson, Unanswered } from './fetch-json.ts'

export type Metadata = Readonly<Record<string, unknown>>

/** @throws Unanswered */
export async function discover({ issuer }: ForeignServer): Promise<Metadata> {
  const reasons: string[] = []
  for (const url of metadataUrls(new URL(issuer))) {
    try {
      const metadata = await fetchJson(url)
      // RFC 8414 §3.3: letter for letter, or one server could speak for another.
      if (metadata.issuer === issuer) return metadata
      reasons.push(`${url} names another issuer`)
    } catch (error) {
      reasons.push(error instanceof Unanswered ? error.message : 'unknown')
    }
  }
  throw new Unanswered(reasons.join('; '))
}

// RFC 8414 §3.1: between host and path; OpenID Connect Discovery §4: after the path. Both drop a slash at its end.
function metadataUrls({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]
}

/** An endpoint that a server names, if a secret may go there and an answer can be believed. @throws Unanswered */
export function requireEndpoint({ issuer }: ForeignServer, metadata: Metadata, name: string): string {
  const named = metadata[name]
  const url = typeof named === 'string' && URL.canParse(named) ? new URL(named) : undefined
  // Plain http is for this computer, and only a server on this computer can mean it.
  const secure = url && (url.protocol === 'https:' || (isSecure(url) && isLoopback(new URL(issuer).hostname)))
  if (!secure) throw new Unanswered(`The metadata of ${issuer} has no secure ${name}`)
  return url.href
}
