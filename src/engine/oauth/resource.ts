// Which resource a client means (RFC 8707).
import { OAuthError } from '../http/errors.ts'
import { type Gate, identifierOf, identifiersOf, type Resource } from '../settings/resources.ts'

/** The resource of that name, with or without a trailing slash (§2); the bare origin means the main one. */
export function resourceNamed({ issuer, resources }: Gate, name: string): Resource | undefined {
  const meant = inLowerCase(name).replace(/\/$/, '')
  return meant === issuer ? resources[0] : resources.find((one) => identifierOf(issuer, one) === meant)
}

/** Its identifier. A name that means nothing here is returned as it is, and will not match. */
export function canonicalResource(gate: Gate, name: string): string {
  const resource = resourceNamed(gate, name)
  return resource ? identifierOf(gate.issuer, resource) : name
}

// MCP "Canonical Server URI": scheme and host in capitals are the same (RFC 3986 §6.2.2.1). A path is not, nor is
// anything else that a URL parser would repair.
function inLowerCase(uri: string): string {
  return uri.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, (origin) => origin.toLowerCase())
}

/** Every name must mean the same one; none (2025-03-26 clients) means the main one. @throws OAuthError `invalid_target` */
export function requireResource(gate: Gate, names: readonly string[]): Resource {
  const [meant = gate.resources[0], ...others] = new Set(
    names.map((name) => resourceNamed(gate, name) ?? name),
  )
  if (typeof meant === 'object' && others.length === 0) return meant
  throw new OAuthError('invalid_target', `Name one resource of these: ${identifiersOf(gate).join(' ')}`)
}
