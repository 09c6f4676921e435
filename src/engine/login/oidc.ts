// Login with any OpenID provider: Google, Okta, Entra, Auth0, Keycloak… (OpenID Connect Core 1.0, Discovery 1.0).
import * as oauth from 'oauth4webapi'
import { withoutNull } from '../http/without-null.ts'
import { logError } from '../log/log.ts'
import { ceilingRules, mentions, nameOf, rulesOfSubject } from '../people/identity.ts'
import type { Settings } from '../settings/load.ts'
import { isAddressRule } from '../settings/rules.ts'
import type { LoginMethod } from './method.ts'
import { requestOptions } from './provider-request.ts'
import { type Answer, type Found, redirectMethod } from './redirect.tsx'

const DISCOVERY_MS = 60 * 60 * 1000
const GOOGLE = 'https://accounts.google.com'

interface OpenIdProvider {
  /** Names its routes and settings: `google` has `/login/google/callback`, `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`. */
  readonly id: string
  /** What people call it. */
  readonly name: string
  /** Inline SVG, for its button. */
  readonly icon?: string
  readonly issuer: string
  /**
   * The domains whose addresses this provider can vouch for, because it hands them out: only these count in rules
   * such as `@example.com`. Another provider may let anyone claim any address.
   */
  readonly emailDomains?: readonly string[]
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>
  /** The origins to which tools may send a person's token. */
  readonly apis?: readonly string[]
}

export function oidc({
  id,
  name,
  icon,
  issuer,
  emailDomains = [],
  parameters = {},
  apis = [],
}: OpenIdProvider): LoginMethod {
  return redirectMethod({
    id,
    name,
    icon,
    server: discovery(issuer),
    scopes: () => ['openid', 'profile', 'email'],
    parameters,
    openId: true,
    identify: async (c, answer) =>
      identityOf(c.get('settings'), { id, name, emailDomains }, await claimsOf(id, answer)),
    apis,
  })
}

type Claims = oauth.IDToken & oauth.JsonObject

function discovery(issuer: string): () => Promise<oauth.AuthorizationServer> {
  let known: { server: oauth.AuthorizationServer; at: number } | undefined
  return async () => {
    if (known && Date.now() - known.at < DISCOVERY_MS) return known.server
    const url = new URL(issuer)
    const response = await oauth.discoveryRequest(url, requestOptions({ issuer }))
    known = { server: await oauth.processDiscoveryResponse(url, response), at: Date.now() }
    return known.server
  }
}

// Some providers put little into the ID token, and tell the rest at the UserInfo endpoint (Core §5.4), which is optional.
async function claimsOf(id: string, answer: Answer): Promise<Claims> {
  const claims = withoutNull(oauth.getValidatedIdTokenClaims(answer.tokens) as Claims)
  if (answer.server.userinfo_endpoint === undefined || (claims.name && claims.email)) return claims
  const told = await userInfo(answer, claims.sub).catch((error: unknown) => {
    // Core §5.3.2: what is said of another person must not be used, and the two answers contradict each other.
    if ((error as { code?: unknown }).code === oauth.JSON_ATTRIBUTE_COMPARISON) throw error
    logError(error, { method: id })
    return {}
  })
  const { email_verified, ...rest } = claims
  // Whether an address is verified is said of the address beside it.
  const address = claims.email === undefined ? {} : { email_verified }
  return { ...told, ...rest, ...address }
}

async function userInfo({ server, client, tokens }: Answer, subject: string): Promise<oauth.JsonObject> {
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, requestOptions(server))
  return withoutNull(
    (await oauth.processUserInfoResponse(server, client, subject, response)) as oauth.JsonObject,
  )
}

function identityOf(
  settings: Settings,
  { id, name: provider, emailDomains }: Pick<Required<OpenIdProvider>, 'id' | 'name' | 'emailDomains'>,
  claims: Claims,
): Found {
  const { iss, sub, name, preferred_username, groups } = claims
  const domains = emailDomains.map((domain) => domain.toLowerCase())
  const { email, doubt } = judgeEmail(provider, claims, domains)
  const ofGroups = (Array.isArray(groups) ? groups : []).map((group) => `${id}:group/${group}`)
  const identity = {
    method: id,
    issuer: iss,
    subject: sub,
    name: nameOf(name, preferred_username, claims.email, sub),
    knownAs: [
      ...(email ? [email, email.slice(email.indexOf('@'))] : []),
      ...rulesOfSubject(id, sub),
      ...ofGroups.filter((rule) => mentions(settings, rule)),
    ],
    // What the browser did not ask for, or the provider did not tell, is not proven absent.
    open: [...(email === undefined ? domains.map((domain) => `@${domain}`) : []), `${id}:group/`],
    ruledOut: Array.isArray(groups)
      ? ceilingRules(settings, `${id}:group/`).filter((rule) => !ofGroups.includes(rule))
      : [],
  }
  const asksAddress = [...settings.allowedUsers, settings.owner ?? ''].some(isAddressRule)
  return {
    identity,
    note: asksAddress && doubt ? `No rule with an email address counts for you: ${doubt}.` : undefined,
  }
}

/** An address that counts in rules, or why there is none. */
interface Judged {
  readonly email?: string
  readonly doubt?: string
}

/** The address, if the provider has verified it and is the one who can. */
function judgeEmail(
  provider: string,
  { iss, email, email_verified, hd }: Claims,
  domains: readonly string[],
): Judged {
  if (typeof email !== 'string') return { doubt: `${provider} told no address` }
  if (email_verified !== true) return { doubt: `${provider} ${verifiedIs(email_verified)}` }
  const address = email.toLowerCase()
  const domain = address.slice(address.lastIndexOf('@') + 1)
  if (!domains.includes(domain))
    return { doubt: `this server takes no addresses of that domain from ${provider} (emailDomains)` }
  // Anyone can make a Google account with an address of elsewhere; `hd` tells that Google runs the domain.
  if (iss === GOOGLE && domain !== 'gmail.com' && hd !== domain)
    return { doubt: `${provider} does not run the domain of your address (hd)` }
  return { email: address }
}

// A text that says "true" is no better: the provider may write one into what it did not check.
function verifiedIs(claimed: unknown): string {
  if (claimed === undefined) return 'does not say whether your address is verified (no email_verified)'
  if (claimed === false) return 'says that your address is not verified (email_verified is false)'
  const type = typeof claimed === 'string' ? 'a text' : 'something else'
  return `has ${type} in email_verified, where true or false belongs`
}
