// Scopes (RFC 6749 §3.3): what a client may ask for, and what it is given when it asks for nothing.
import { SCOPES, type Scope } from '#config'
import { OAuthError } from '../http/errors.ts'
import type { Resource } from '../settings/resources.ts'

/** Every scope, of whichever resource. */
export const RESOURCE_SCOPES = Object.keys(SCOPES) as Scope[]

/**
 * Every client that can refresh may, whether it asks for this or not, since most never ask. So it is no choice of
 * its own: it is granted as it is asked for. Only the authorization server's metadata lists it.
 */
export const OFFLINE_ACCESS = 'offline_access'

/** More than any server has. */
const MAX_SCOPES = 100

/** Splits a `scope` parameter; duplicates go, and what comes after the first hundred: fewer scopes never widen a right. */
export function parseScope(scope: string): string[] {
  return [...new Set(scope.split(' ', MAX_SCOPES).filter(Boolean))]
}

/** What a request asks for of a resource. Other scopes are dropped. @throws OAuthError `invalid_scope` when none is left */
export function requestedScopes(resource: Resource, scope: string | undefined): string[] {
  if (scope === undefined) return [...resource.initialScopes]
  const known = [...resource.scopes, OFFLINE_ACCESS]
  const scopes = parseScope(scope).filter((one) => known.includes(one))
  if (scopes.length === 0) {
    throw new OAuthError('invalid_scope', `None of these scopes is known here. Known: ${known.join(' ')}`)
  }
  return scopes
}

/** Those of these scopes that a resource has. */
export function ofResource(resource: Resource, scopes: readonly string[]): string[] {
  return resource.scopes.filter((scope) => scopes.includes(scope))
}

/** Those of `allowed` that are asked for, or all when nothing in particular is. @throws OAuthError `invalid_scope` when none is left */
export function withinScopes(allowed: readonly string[], scope: string | undefined): string[] {
  const scopes = scope === undefined ? [...allowed] : parseScope(scope).filter((one) => allowed.includes(one))
  if (scopes.length > 0) return scopes
  throw new OAuthError('invalid_scope', `Allowed here: ${allowed.join(' ') || 'nothing'}`)
}

/** The scopes that a person decides about, with the words that they are shown. */
export function describeScopes(scopes: readonly string[]): { name: Scope; text: string }[] {
  return RESOURCE_SCOPES.filter((name) => scopes.includes(name)).map((name) => ({ name, text: SCOPES[name] }))
}
