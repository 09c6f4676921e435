// What a deployment decides: its name, its scopes, how long things last, which app schemes it knows.
// `env` is read once into a frozen value; a setting that is missing or malformed stops the Worker
// with one sentence that names the variable and the fix.
import { base64url } from 'jose'
import * as z from 'zod'

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

const publicPoint = {
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  kid: z.string().min(1),
}
const privateKey = z.looseObject({ ...publicPoint, d: z.string() })
const acceptedKey = z.strictObject({
  ...publicPoint,
  alg: z.string().optional(),
  use: z.string().optional(),
  exp: z.number().optional(),
})
const keySet = z.object({ keys: z.array(acceptedKey) })

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

/** The most that those whom a rule means can grant. */
export interface ScopeCeiling {
  readonly rule: string
  readonly scopes: readonly string[]
}

/** Settings that are lists: `[[vars.NAME]]` in wrangler.toml. Addresses are https, or of this computer. */
const address = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
})
const assertionIssuer = z.strictObject({
  issuer: address,
  jwks_uri: address,
  /** The login method (login/index.ts) with which the same people sign in here themselves. */
  login: z.string().min(1).default('enterprise'),
})
const workload = z.strictObject({
  name: z.string().min(1),
  issuer: address,
  jwks_uri: address,
  /** Who of that issuer is meant; a `*` at the end stands for anything. */
  subject: z
    .string()
    .min(1)
    .regex(/^[^*]+\*?$/),
  scopes: z.array(z.string().refine((scope) => Object.hasOwn(SCOPES, scope))).min(1),
})
/** Somebody else's authorization server, whose access tokens are accepted. */
export interface ForeignServer {
  /** Compared as a string (RFC 8414 §3.3). */
  readonly issuer: string
  /** What a token for this server names as its audience; undefined: our resource. */
  readonly audience: string | undefined
  /** Our scopes by the names that they have there. The first name of a scope is the one that clients ask for. */
  readonly scopes: ReadonlyMap<string, Scope>
  /** As whom it is asked about each token (RFC 7662); undefined: its tokens are JWTs that prove themselves. */
  readonly introspection: { readonly clientId: string; readonly clientSecret: string } | undefined
}

export interface Config {
  /** The one origin this server answers for; absent until a deployment knows its own. */
  readonly publicUrl: string | undefined
  /** Hosts whose client metadata documents are accepted. */
  readonly clientDocumentHosts: 'any' | readonly string[]
  /** In the order in which clients are told of them. */
  readonly authorizationServers: readonly ForeignServer[]
  /** Whether this server issues tokens itself. */
  readonly ownAuthorizationServer: boolean
  /** Whether each call at /mcp asks its grant, so that a revocation is felt at once. */
  readonly immediateRevocation: boolean
  /** Rules that say who may sign in; see Identity.knownAs. `*` is everyone. */
  readonly allowedUsers: readonly string[]
  /** The rule that says who is the owner, beside the one with the passphrase. */
  readonly owner: string | undefined
  readonly scopeCeilings: readonly ScopeCeiling[]
  /** Who may register a client: anyone, who has the token, or nobody but the owner. */
  readonly registration: 'open' | 'token' | 'off'
  readonly initialAccessToken: string | undefined
  /** Whose identity assertions let an app act for their people; see grant-types/identity-assertion.ts. */
  readonly assertionIssuers: readonly z.output<typeof assertionIssuer>[]
  /** The workloads that may act for themselves by what their platform says of them. */
  readonly workloads: readonly z.output<typeof workload>[]
  readonly signingKey: z.output<typeof privateKey>
  /** Public keys that are accepted beside our own; `exp`, in seconds since the epoch, is when one no longer is. */
  readonly acceptedKeys: readonly z.output<typeof acceptedKey>[]
  readonly sessionKey: Uint8Array<ArrayBuffer>
  readonly ownerPassphrase: string
  /** Under which upstream tokens are encrypted: the first one is used, all can be read. */
  readonly upstreamKeys: readonly { readonly version: string; readonly key: string }[]
}

/** A setting is missing or malformed. The message is safe to show: it names the variable, never its value. */
export class ConfigError extends Error {}

const loaded = new WeakMap<object, Config>()

/** The configuration of this deployment. @throws ConfigError */
export function loadConfig(env: Env): Config {
  let config = loaded.get(env)
  if (!config) {
    config = Object.freeze(readConfig(env))
    loaded.set(env, config)
  }
  return config
}

function readConfig(env: Env): Config {
  const authorizationServers = readForeignServers(env)
  return {
    authorizationServers,
    ownAuthorizationServer:
      authorizationServers.length === 0 ||
      readSwitch('KEEP_OWN_AUTHORIZATION_SERVER', env.KEEP_OWN_AUTHORIZATION_SERVER),
    publicUrl: readPublicUrl(env.PUBLIC_URL),
    clientDocumentHosts: readHosts(env.CLIENT_DOCUMENT_HOSTS),
    immediateRevocation: readSwitch('IMMEDIATE_REVOCATION', env.IMMEDIATE_REVOCATION),
    allowedUsers: readRules('ALLOWED_USERS', env.ALLOWED_USERS),
    owner: readOwner(env.OWNER),
    scopeCeilings: readCeilings(env.SCOPE_CEILINGS),
    ...readRegistration(env),
    assertionIssuers: readTables('IDENTITY_ASSERTION_ISSUERS', env, assertionIssuer),
    workloads: readTables('WORKLOADS', env, workload),
    signingKey: readJson('SIGNING_KEY', env.SIGNING_KEY, privateKey, 'a private ES256 JWK with a kid'),
    acceptedKeys: readJson('ACCEPTED_KEYS', env.ACCEPTED_KEYS, keySet, 'a public JWK Set such as {"keys":[]}')
      .keys,
    sessionKey: readSessionKey(env.SESSION_KEY),
    ownerPassphrase: readPassphrase(env.OWNER_PASSPHRASE),
    upstreamKeys: readUpstreamKeys(env.UPSTREAM_KEY),
  }
}

// Tables of wrangler.toml, or their JSON where a setting can only be text.
function readTables<T>(name: string, env: Env, schema: z.ZodType<T>): readonly T[] {
  const parsed = z.array(schema).safeParse(readTable(Reflect.get(env, name)))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'its beginning'
  throw new ConfigError(`${name} in wrangler.toml is wrong at ${where}: ${issue?.message}`)
}

function readTable(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? []
  try {
    return value === '' ? [] : JSON.parse(value)
  } catch {
    return value
  }
}

function readJson<T>(name: string, text: string | undefined, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(text ?? ''))
  } catch {
    throw new ConfigError(`${name} is not ${what}. ${howToFix(name)}`)
  }
}

function readForeignServers(env: Env): readonly ForeignServer[] {
  // The type of env has it only where it is set.
  const value: unknown = Reflect.get(env, 'AUTHORIZATION_SERVERS')
  if (value === undefined) return []
  const read = z.array(foreignServer).safeParse(value)
  if (!read.success) {
    const [{ path: [index, ...path] = [], message } = {}] = read.error.issues
    const where = typeof index === 'number' ? [`entry ${index + 1}`, ...path] : path
    throw new ConfigError(
      `AUTHORIZATION_SERVERS${where.map((one) => `, ${String(one)}`).join('')}: ${message}.`,
    )
  }
  const servers = read.data.map((entry) => foreignServerOf(env, entry))
  if (new Set(servers.map(({ issuer }) => issuer)).size < servers.length) {
    throw new ConfigError('AUTHORIZATION_SERVERS: two entries have the same issuer.')
  }
  // A token that is not a JWT does not say whose it is, and another server must not see it.
  if (servers.filter(({ introspection }) => introspection).length > 1) {
    throw new ConfigError('AUTHORIZATION_SERVERS: only one entry can have introspection = true.')
  }
  return servers
}

function foreignServerOf(env: Env, entry: z.output<typeof foreignServer>): ForeignServer {
  const { issuer, audience, client_id, client_secret_setting } = entry
  const asks = entry.introspection === true
  if ([client_id, client_secret_setting].some((one) => (one !== undefined) !== asks)) {
    throw new ConfigError(
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

function readHosts(value: string | undefined): 'any' | readonly string[] {
  const hosts = (value ?? '').split(/[\s,]+/).filter(Boolean)
  if (hosts.includes('*')) return 'any'
  if (!hosts.every((host) => URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host)) {
    throw new ConfigError(
      'CLIENT_DOCUMENT_HOSTS must be "*", empty, or hosts such as "claude.ai, vscode.dev".',
    )
  }
  return hosts
}

function readRegistration(env: Env): Pick<Config, 'registration' | 'initialAccessToken'> {
  const registration = z.enum(['open', 'token', 'off']).safeParse(env.REGISTRATION || 'open')
  if (!registration.success) throw new ConfigError('REGISTRATION must be "open", "token" or "off".')
  if (registration.data !== 'token') return { registration: registration.data, initialAccessToken: undefined }
  const initialAccessToken = requireSetting(env, 'INITIAL_ACCESS_TOKEN')
  if (initialAccessToken.length < 32) {
    throw new ConfigError('INITIAL_ACCESS_TOKEN is too easy to guess: take 32 characters or more.')
  }
  return { registration: 'token', initialAccessToken }
}

// Names are compared as they are written; addresses and GitHub's logins mean the same in any case.
function readRules(name: string, value: string | undefined): readonly string[] {
  const rules = (value ?? '').split(/[\s,]+/).filter(Boolean)
  const wrong = rules.find((rule) => !/^(\*|[\w-]+:\S+|[^@\s]*@[\w.-]+)$/.test(rule))
  if (wrong !== undefined) {
    throw new ConfigError(
      `${name}: "${wrong}" is no rule. Rules are "alice@example.com", "@example.com", "github:octocat", "github:org/acme", ` +
        'the name of a login method with a subject, or "*" for everyone.',
    )
  }
  return rules.map((rule) => (/@|^github:/.test(rule) ? rule.toLowerCase() : rule))
}

function readOwner(value: string | undefined): string | undefined {
  const [owner, ...more] = readRules('OWNER', value)
  if (
    owner?.startsWith('@') ||
    owner?.includes('*') ||
    owner?.startsWith('github:org/') ||
    owner?.includes(':group/') ||
    more.length > 0
  ) {
    throw new ConfigError('OWNER names one person, such as "github:octocat" or "alice@example.com".')
  }
  return owner
}

function readCeilings(value: string | undefined): readonly ScopeCeiling[] {
  const lines = (value ?? '').split(/[\n;]/).filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const [left = '', right, ...rest] = line.split('=')
    const [rule, ...others] = readRules('SCOPE_CEILINGS', left)
    const scopes = (right ?? '').split(/\s+/).filter(Boolean)
    const unknown = scopes.find((scope) => !Object.hasOwn(SCOPES, scope))
    if (rule === undefined || right === undefined || others.length + rest.length > 0) {
      throw new ConfigError(
        `SCOPE_CEILINGS: "${line.trim()}" is not of the form "@example.com = notes:read".`,
      )
    }
    if (unknown !== undefined) throw new ConfigError(`SCOPE_CEILINGS: there is no scope ${unknown}.`)
    return { rule, scopes }
  })
}

function readSwitch(name: string, value: string | undefined): boolean {
  if (!value || value === 'false') return false
  if (value === 'true') return true
  throw new ConfigError(`${name} must be "true" or "false".`)
}

function readPublicUrl(value: string | undefined): string | undefined {
  if (!value) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || url.origin !== value || !isSecure(url)) {
    throw new ConfigError(
      'PUBLIC_URL is not an https origin such as https://mcp.example.com, without a trailing slash.',
    )
  }
  return url.origin
}

function readSessionKey(value: string | undefined): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]{43}$/.test(value ?? '')) {
    throw new ConfigError(`SESSION_KEY is not 32 random bytes in base64url. ${howToFix('SESSION_KEY')}`)
  }
  return new Uint8Array(base64url.decode(value as string))
}

function readUpstreamKeys(value: string | undefined): Config['upstreamKeys'] {
  const keys = (value ?? '').split(/\s+/).map((one) => /^(\w+):([\w-]{43})$/.exec(one))
  if (!keys.every((match) => match !== null)) {
    throw new ConfigError(
      `UPSTREAM_KEY is not "1:" and 32 random bytes in base64url. ${howToFix('UPSTREAM_KEY')}`,
    )
  }
  return keys.map(([, version = '', key = '']) => ({ version, key }))
}

// A guess at the passphrase costs an attacker one request, so it must be too long to guess; then no slow hash
// is needed, which the free plan's 10 ms of CPU would not allow.
function readPassphrase(value: string | undefined): string {
  const characters = (value ?? '').replace(/[^\p{L}\p{N}]/gu, '')
  if (characters.length < 26 || new Set(characters).size < 10) {
    throw new ConfigError(`OWNER_PASSPHRASE is too easy to guess or missing. ${howToFix('OWNER_PASSPHRASE')}`)
  }
  return value as string
}

/** A setting that only some deployments have. @throws ConfigError */
export function requireSetting(env: Env, name: string): string {
  const value: unknown = Reflect.get(env, name)
  if (typeof value === 'string' && value !== '') return value
  throw new ConfigError(
    `${name} is missing. Put it into .dev.vars, its name into the list \`required\` under [secrets] in wrangler.toml, ` +
      `and start \`npm run dev\` again; a deployment takes it from \`wrangler secret put ${name}\`.`,
  )
}

function howToFix(name: string): string {
  return `Delete its line from .dev.vars and run \`npm run dev\`, or set it with \`wrangler secret put ${name}\`.`
}

/** Nobody on the way can read or change what goes there: https, or this computer. */
export function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

/** Whether a host (as `URL.hostname` gives it) is this computer. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
}
