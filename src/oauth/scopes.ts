// Scopes (RFC 6749 §3.3): what a client may ask for, and what it is given when it asks for nothing.
import { INITIAL_SCOPES, SCOPES, type Scope } from '../config.ts'
import { OAuthError } from './errors.ts'

/** Every scope that the resource server knows. */
export const RESOURCE_SCOPES = Object.keys(SCOPES) as Scope[]

/**
 * Refresh tokens come without it, since most clients never ask for it; it is accepted because some do.
 * Only the authorization server's metadata lists it.
 */
export const OFFLINE_ACCESS = 'offline_access'

const known = new Set<string>([...RESOURCE_SCOPES, OFFLINE_ACCESS])

/** Splits a `scope` parameter; duplicates go. */
export function parseScope(scope: string): string[] {
  return [...new Set(scope.split(' ').filter(Boolean))]
}

/** What an authorization request asks for. Unknown scopes are dropped. @throws OAuthError `invalid_scope` when none is left */
export function requestedScopes(scope: string | undefined): string[] {
  if (scope === undefined) return [...INITIAL_SCOPES]
  const scopes = parseScope(scope).filter((one) => known.has(one))
  if (scopes.length === 0) {
    throw new OAuthError(
      'invalid_scope',
      `None of these scopes is known here. Known: ${[...known].join(' ')}`,
    )
  }
  return scopes
}

/** Scopes with the words that people are shown for them. */
export function describeScopes(scopes: readonly string[]): { name: string; text: string }[] {
  const texts: Record<string, string> = { ...SCOPES, [OFFLINE_ACCESS]: 'Stay connected while you are away' }
  return scopes.map((name) => ({ name, text: texts[name] ?? name }))
}
