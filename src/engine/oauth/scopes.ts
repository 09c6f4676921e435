// Scopes (RFC 6749 §3.3): what a client may ask for, and what it is given when it asks for nothing.
import { INITIAL_SCOPES, SCOPES, type Scope } from '#config'
import { OAuthError } from '../http/errors.ts'
import type { ForeignServer } from '../settings/authorization-servers.ts'
import type { Settings } from '../settings/load.ts'

/** Every scope that the resource server knows. */
export const RESOURCE_SCOPES = Object.keys(SCOPES) as Scope[]

/**
 * Every client that can refresh may, whether it asks for this or not, since most never ask. So it is no choice of
 * its own: it is granted as it is asked for. Only the authorization server's metadata lists it.
 */
export const OFFLINE_ACCESS = 'offline_access'

const known = new Set<string>([...RESOURCE_SCOPES, OFFLINE_ACCESS])

/** More than any server has. */
const MAX_SCOPES = 100

/** Splits a `scope` parameter; duplicates go, and what comes after the first hundred: fewer scopes never widen a right. */
export function parseScope(scope: string): string[] {
  return [...new Set(scope.split(' ', MAX_SCOPES).filter(Boolean))]
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

/** Our scopes for the names that another server has put into a token. Names that mean nothing here are dropped. */
export function scopesNamed({ scopes }: ForeignServer, names: readonly string[]): Scope[] {
  return [...new Set(names.flatMap((name) => scopes.get(name) ?? []))]
}

/** What to call our scopes at another server, by scope. Those that it does not know are not there. */
export function scopeNamesAt({ scopes }: ForeignServer): Readonly<Record<string, string>> {
  // Of several names the first.
  return Object.fromEntries([...scopes].toReversed().map(([name, scope]) => [scope, name]))
}

/** The scopes in the metadata, in the words of the first authorization server there. */
export function announcedScopes({ authorizationServers }: Settings, scopes: readonly Scope[]): string[] {
  const [first] = authorizationServers
  if (!first) return [...scopes]
  const names = scopeNamesAt(first)
  return scopes.flatMap((scope) => names[scope] ?? [])
}
