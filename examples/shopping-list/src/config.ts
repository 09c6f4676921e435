// The decisions of the family's server.
import type { ServerDescription } from '#engine/settings/description.ts'

/** The name on every page. */
export const NAME = 'Family list'

/** What the server says about itself: to apps, to users, and to directories. */
export const SERVER: ServerDescription = {
  title: NAME,
  description: 'The shopping list of a family.',
  instructions: 'Look at the list before you add an item: it may be there already.',
}

/**
 * Every scope, with the description that the consent page shows. A tool names one of these in
 * `defineTool({ scope })`; another name does not compile.
 */
export const SCOPES = {
  'list:read': 'See the shopping list',
  'list:write': 'Add to the shopping list, and tick items off',
} as const

export type Scope = keyof typeof SCOPES

/** The scopes that clients request at first, and get if they name none. */
export const INITIAL_SCOPES: readonly Scope[] = ['list:read']

/** Lifetimes, all in seconds. */
export const LIFETIME = {
  code: 60,
  accessToken: 60 * 60,
  /** A grant ends after this time without a refresh… */
  idleGrant: 30 * 24 * 60 * 60,
  /** …and after this time in any case. */
  grant: 90 * 24 * 60 * 60,
  session: 12 * 60 * 60,
  /** The account of a guest, with all its data. */
  guest: 12 * 60 * 60,
  /** A sign-in at another site, from leaving to coming back. */
  signIn: 10 * 60,
  /** How long a browser may take to answer with a passkey. */
  passkeyChallenge: 5 * 60,
  invitation: 7 * 24 * 60 * 60,
  /** An `initialize`-era session ends after this time without a request. */
  idleSession: 7 * 24 * 60 * 60,
  consent: 10 * 60,
  /** How long a tool may wait for the answer to its question. */
  requestState: 10 * 60,
} as const

/** The period of the rate limits in wrangler.toml, in seconds. Keep both equal. */
export const LIMIT_PERIOD = 60

/**
 * Redirect URIs with an app's own scheme, compared exactly. Any program can claim such a scheme, so list only apps that
 * you know. https and loopback redirects need no entry. `APP_REDIRECT_URIS` in wrangler.toml adds others.
 */
export const APP_REDIRECT_URIS: readonly string[] = [
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'claude://claude.ai/mcp-auth-callback/sdk',
]
