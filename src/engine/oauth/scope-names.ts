// What our scopes are called at another authorization server (AUTHORIZATION_SERVERS in wrangler.toml).
import type { Scope } from '#config'
import type { ForeignServer } from '../settings/authorization-servers.ts'
import type { Settings } from '../settings/load.ts'

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
