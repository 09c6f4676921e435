// What every handler finds in its Hono context.
import type { Settings } from '../settings/load.ts'
import type { Resource, Resources } from '../settings/resources.ts'
import type { Parameters } from './parameters.ts'

export interface AppEnv {
  Bindings: Env
  Variables: {
    settings: Settings
    /** An origin without a trailing slash. */
    issuer: string
    /** At the endpoints of the authorization server, what it gives tokens for. */
    resources: Resources
    /** At the endpoint of an MCP server: which one it is. */
    resource: Resource
    /** Ids of the login methods that are on. */
    loginMethods: readonly string[]
    /** Within /login: which upstream scopes the tools want, by login method. */
    upstreamScopes: UpstreamScopes
    /** Within /login: the form of a POST, read once. */
    form: Parameters
    /** Within /login: where the person goes after an upstream sign-in. */
    returnTo?: string
    /** Within /login: who has just signed in. */
    signedIn?: SignedIn
    /** Within /admin: the owner who asks, a user id. */
    owner: string
  }
}

export interface SignedIn {
  readonly userId: string
  readonly name: string
  /** The login method that knows them. */
  readonly method: string
  /** When the account of a guest ends, in milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
}

export type UpstreamScopes = Readonly<Record<string, readonly string[]>>
