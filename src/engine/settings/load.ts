// What a deployment sets. `env` is read once into a frozen value; a setting that is missing or malformed stops the Worker
// with one sentence that names the variable and the fix.
import * as z from 'zod'
import { type AlertTarget, readAlerts, readDailyKvWrites } from './alerts.ts'
import { readAppRedirectUris } from './app-redirect-uris.ts'
import {
  type AssertionIssuer,
  readAssertionIssuers,
  readWorkloads,
  type Workload,
} from './assertion-issuers.ts'
import { type ForeignServer, readForeignServers } from './authorization-servers.ts'
import { type DirectoryProofs, readProofs } from './directories.ts'
import { readJurisdiction } from './jurisdiction.ts'
import { readCeilings, readOwner, readOwners, readRules, type ScopeCeiling } from './rules.ts'
import { readSecrets, type Secrets } from './secrets.ts'
import { isSecure } from './secure-address.ts'
import { readSwitch, requireSetting, SettingsError } from './setting.ts'

export interface Settings extends Secrets, DirectoryProofs {
  /** The one origin this server answers for; absent until a deployment knows its own. */
  readonly publicUrl: string | undefined
  /** Hosts whose client metadata documents are accepted. */
  readonly clientDocumentHosts: 'any' | readonly string[]
  /** Redirect URIs with an app's own scheme, letter for letter. */
  readonly appRedirectUris: readonly string[]
  /** In the order of the metadata. */
  readonly authorizationServers: readonly ForeignServer[]
  /** Whether this server issues tokens itself. */
  readonly ownAuthorizationServer: boolean
  /** Whether each call at /mcp asks its grant, so that a revocation is felt at once. */
  readonly immediateRevocation: boolean
  /** Whether people can make tokens for scripts. */
  readonly personalTokens: boolean
  /** Whether DPoP proofs need a nonce of this server (RFC 9449 §8). */
  readonly dpopNonce: boolean
  /** Whether apps without a browser can ask for access by a code (RFC 8628). */
  readonly deviceGrant: boolean
  /** Rules that say who may sign in, those of OWNERS among them; see Identity.knownAs. `*` is everyone. */
  readonly allowedUsers: readonly string[]
  /** The rule that says who is the owner, beside the one with the passphrase. */
  readonly owner: string | undefined
  /** User ids, and rules: the other owners, each with an account of their own; see people/owners.ts. */
  readonly owners: readonly string[]
  readonly scopeCeilings: readonly ScopeCeiling[]
  /** Who may register a client: everyone, holders of the token, or only the owner. */
  readonly registration: 'open' | 'token' | 'off'
  readonly initialAccessToken: string | undefined
  /** Whose identity assertions let an app act for their people; see grant-types/identity-assertion.ts. */
  readonly assertionIssuers: readonly AssertionIssuer[]
  /** The workloads that may act for themselves by what their platform says of them. */
  readonly workloads: readonly Workload[]
  /** Where alerts go; undefined for no alerts. */
  readonly alerts: AlertTarget | undefined
  /** How many KV writes the plan has a day; undefined for no limit. */
  readonly dailyKvWrites: number | undefined
}

const loaded = new WeakMap<object, Settings>()

/** The configuration of this deployment. @throws SettingsError */
export function loadSettings(env: Env): Settings {
  let settings = loaded.get(env)
  if (!settings) {
    settings = Object.freeze(readSettings(env))
    loaded.set(env, settings)
  }
  return settings
}

function readSettings(env: Env): Settings {
  // Read where objects are reached, which may be later: a wrong one is said at once.
  readJurisdiction(env.JURISDICTION)
  const authorizationServers = readForeignServers(env)
  const owners = readOwners(env.OWNERS)
  return {
    authorizationServers,
    ownAuthorizationServer:
      authorizationServers.length === 0 ||
      readSwitch('KEEP_OWN_AUTHORIZATION_SERVER', env.KEEP_OWN_AUTHORIZATION_SERVER),
    publicUrl: readPublicUrl(env.PUBLIC_URL),
    appRedirectUris: readAppRedirectUris(env),
    clientDocumentHosts: readHosts(env.CLIENT_DOCUMENT_HOSTS),
    immediateRevocation: readSwitch('IMMEDIATE_REVOCATION', env.IMMEDIATE_REVOCATION),
    personalTokens: readSwitch('PERSONAL_TOKENS', env.PERSONAL_TOKENS),
    dpopNonce: readSwitch('DPOP_NONCE', env.DPOP_NONCE),
    deviceGrant: readSwitch('DEVICE_GRANT', env.DEVICE_GRANT),
    allowedUsers: [...readRules('ALLOWED_USERS', env.ALLOWED_USERS), ...owners],
    owner: readOwner(env.OWNER),
    owners,
    scopeCeilings: readCeilings(env.SCOPE_CEILINGS),
    ...readRegistration(env),
    assertionIssuers: readAssertionIssuers(env),
    workloads: readWorkloads(env),
    ...readProofs(env),
    alerts: readAlerts(env),
    dailyKvWrites: readDailyKvWrites(env.DAILY_KV_WRITES),
    ...readSecrets(env),
  }
}

function readPublicUrl(value: string | undefined): string | undefined {
  if (!value) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || url.origin !== value || !isSecure(url)) {
    throw new SettingsError(
      'PUBLIC_URL is not an https origin such as https://mcp.example.com, without a trailing slash.',
    )
  }
  return url.origin
}

function readHosts(value: string | undefined): 'any' | readonly string[] {
  const hosts = (value ?? '').split(/[\s,]+/).filter(Boolean)
  if (hosts.includes('*')) return 'any'
  if (!hosts.every((host) => URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host)) {
    throw new SettingsError(
      'CLIENT_DOCUMENT_HOSTS must be "*", empty, or hosts such as "claude.ai, vscode.dev".',
    )
  }
  return hosts
}

function readRegistration(env: Env): Pick<Settings, 'registration' | 'initialAccessToken'> {
  const registration = z.enum(['open', 'token', 'off']).safeParse(env.REGISTRATION || 'open')
  if (!registration.success) throw new SettingsError('REGISTRATION must be "open", "token" or "off".')
  if (registration.data !== 'token') return { registration: registration.data, initialAccessToken: undefined }
  const initialAccessToken = requireSetting(env, 'INITIAL_ACCESS_TOKEN')
  if (initialAccessToken.length < 32) {
    throw new SettingsError('INITIAL_ACCESS_TOKEN is too easy to guess: take 32 characters or more.')
  }
  return { registration: 'token', initialAccessToken }
}
