// Other authorization servers, in place of the built-in one or beside it.
import * as z from 'zod'
import { SCOPES, type Scope } from '#config'
import { isSecure } from './secure-address.ts'
import { readTables, requireSetting, SettingsError } from './setting.ts'

/** Another authorization server, whose access tokens this server accepts. */
export interface ForeignServer {
  /** Compared as a string (RFC 8414 §3.3). */
  readonly issuer: string
  /** What a token for this server names as its audience; undefined: our resource. */
  readonly audience: string | undefined
  /** Our scopes by the names that they have there. The first name of a scope is the one that clients ask for. */
  readonly scopes: ReadonlyMap<string, Scope>
  /** This server's client there, to introspect each token (RFC 7662); undefined: its tokens are JWTs. */
  readonly introspection: { readonly clientId: string; readonly clientSecret: string } | undefined
}

// An entry of AUTHORIZATION_SERVERS as wrangler.toml has it.
const foreignServer = z.strictObject({
  issuer: z
    .string()
    .refine(isIssuer, 'must be an https URL without a query, letter for letter as the server has it'),
  audience: z.string().min(1).optional(),
  // RFC 6749 §3.3 says what a name can be.
  scopes: z
    .record(
      z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/),
      z.enum(Object.keys(SCOPES) as [Scope, ...Scope[]]),
    )
    .optional(),
  introspection: z.boolean().optional(),
  client_id: z.string().min(1).optional(),
  client_secret_setting: z.string().min(1).optional(),
})

/** In the order of the metadata. @throws SettingsError */
export function readForeignServers(env: Env): readonly ForeignServer[] {
  const servers = readTables('AUTHORIZATION_SERVERS', env, foreignServer).map((entry) =>
    foreignServerOf(env, entry),
  )
  if (new Set(servers.map(({ issuer }) => issuer)).size < servers.length) {
    throw new SettingsError('AUTHORIZATION_SERVERS: two entries have the same issuer.')
  }
  // A token that is not a JWT does not say whose it is, and another server must not see it.
  if (servers.filter(({ introspection }) => introspection).length > 1) {
    throw new SettingsError('AUTHORIZATION_SERVERS: only one entry can have introspection = true.')
  }
  return servers
}

function foreignServerOf(env: Env, entry: z.output<typeof foreignServer>): ForeignServer {
  const { issuer, audience, client_id, client_secret_setting } = entry
  const asks = entry.introspection === true
  if ([client_id, client_secret_setting].some((one) => (one !== undefined) !== asks)) {
    throw new SettingsError(
      `AUTHORIZATION_SERVERS, ${issuer}: introspection = true, client_id and client_secret_setting go together.`,
    )
  }
  const scopes =
    entry.scopes ?? Object.fromEntries(Object.keys(SCOPES).map((scope) => [scope, scope as Scope]))
  return {
    issuer,
    audience,
    scopes: new Map(Object.entries(scopes)),
    introspection:
      client_id !== undefined && client_secret_setting !== undefined
        ? { clientId: client_id, clientSecret: requireSetting(env, client_secret_setting) }
        : undefined,
  }
}

// RFC 8414 §2. Auth0's ends with a slash; whichever it is, it is the same everywhere.
function isIssuer(issuer: string): boolean {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  return (
    url !== undefined &&
    isSecure(url) &&
    [url.href, url.href.replace(/\/$/, '')].includes(issuer) &&
    !/[?#]/.test(issuer)
  )
}
