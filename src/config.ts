// What a deployment decides: its name, its scopes, how long things last, which app schemes it knows. What differs from
// one deployment to the next without a change of code is in wrangler.toml; settings/load.ts reads it.

/** The name that people see on every page. */
export const NAME = 'Gatehouse'

/**
 * Every scope that a tool can ask for, with the words that the consent page shows for it.
 * A tool names one of these in `defineTool({ scope })`; a name that is not here does not compile.
 */
export const SCOPES = {
  'notes:read': 'Read and search your notes',
  'notes:write': 'Add notes, and delete them',
} as const

export type Scope = keyof typeof SCOPES

/** What a client is told to ask for at first, and gets when it asks for nothing in particular. */
export const INITIAL_SCOPES: readonly Scope[] = ['notes:read']

/** Lifetimes, all in seconds. */
export const LIFETIME = {
  code: 60,
  accessToken: 60 * 60,
  /** A grant ends when its refresh token lies unused for this long… */
  idleGrant: 30 * 24 * 60 * 60,
  /** …and in any case after this. */
  grant: 90 * 24 * 60 * 60,
  session: 12 * 60 * 60,
  /** A guest, with whatever they have left here. */
  guest: 12 * 60 * 60,
  /** The way to another site and back. */
  signIn: 10 * 60,
  /** How long a browser may take to come back with a passkey. */
  passkeyChallenge: 5 * 60,
  invitation: 7 * 24 * 60 * 60,
  /** A session of a client that begins with `initialize` ends when it lies unused for this long. */
  idleSession: 7 * 24 * 60 * 60,
  consent: 10 * 60,
  /** How long a tool may wait for what it has asked of the client. */
  requestState: 10 * 60,
} as const

/** Seconds after which a rate limit begins anew: the period of the bindings in wrangler.toml. */
export const LIMIT_PERIOD = 60

/**
 * Redirect URIs with an app's own scheme, letter for letter. Any program can claim such a scheme,
 * so only known apps are listed; https and loopback redirects need no entry.
 */
export const APP_REDIRECT_URIS: readonly string[] = ['cursor://anysphere.cursor-mcp/oauth/callback']
