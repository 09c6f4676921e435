// Issuer and resource identifiers: one origin is both the authorization server and, at /mcp, the resource.
import { OAuthError } from '../http/errors.ts'

export const RESOURCE_PATH = '/mcp'

/** RFC 8707: the one resource that this issuer gives tokens for. */
export function resourceOf(issuer: string): string {
  return issuer + RESOURCE_PATH
}

/**
 * RFC 8707 §2: the resource that a client means. Clients name ours with or without a trailing slash, or by the
 * bare origin; any other name is returned as it is, and will not match.
 */
export function canonicalResource(issuer: string, named: string): string {
  const ours = resourceOf(issuer)
  return [issuer, `${issuer}/`, ours, `${ours}/`].includes(inLowerCase(named)) ? ours : named
}

// MCP "Canonical Server URI": scheme and host in capitals are the same (RFC 3986 §6.2.2.1). A path is not, nor is
// anything else that a URL parser would repair.
function inLowerCase(uri: string): string {
  return uri.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, (origin) => origin.toLowerCase())
}

/** Every `resource` that is named must be ours; absent (2025-03-26 clients) is ours. @throws OAuthError `invalid_target` */
export function requireResource(issuer: string, named: readonly string[]): string {
  const ours = resourceOf(issuer)
  if (!named.every((resource) => canonicalResource(issuer, resource) === ours)) {
    throw new OAuthError('invalid_target', `The only resource here is ${ours}`)
  }
  return ours
}
