// Login with any OpenID provider: Google, Okta, Entra, Auth0, Keycloak… (OpenID Connect Core 1.0, Discovery 1.0).
import * as oauth from 'oauth4webapi'
import { ceilingRules, type Identity, mentions, nameOf, rulesOfSubject } from '../people/identity.ts'
import type { Settings } from '../settings/load.ts'
import type { LoginMethod } from './method.ts'
import { requestOptions } from './provider-request.ts'
import { type Answer, redirectMethod } from './redirect.tsx'

const DISCOVERY_MS = 60 * 60 * 1000
const GOOGLE = 'https://accounts.google.com'

interface OpenIdProvider {
  /** Names its routes and settings: `google` has `/login/google/callback`, `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`. */
  readonly id: string
  /** What people call it. */
  readonly name: string
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
  issuer,
  emailDomains = [],
  parameters = {},
  apis = [],
}: OpenIdProvider): LoginMethod {
  return redirectMethod({
    id,
    name,
    server: discovery(issuer),
    scopes: () => ['openid', 'profile', 'email'],
    parameters,
    openId: true,
    identify: async (c, answer) => identityOf(c.get('settings'), id, emailDomains, await claimsOf(answer)),
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

// Some providers put little into the ID token, and tell the rest at the UserInfo endpoint (Core §5.4).
async function claimsOf({ server, client, tokens }: Answer): Promise<Claims> {
  const claims = oauth.getValidatedIdTokenClaims(tokens) as Claims
  if (server.userinfo_endpoint === undefined || (claims.name && claims.email)) return claims
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, requestOptions(server))
  const told = await oauth.processUserInfoResponse(server, client, claims.sub, response)
  const { email_verified, ...rest } = claims
  // Whether an address is verified is said of the address beside it.
  const address = claims.email === undefined ? {} : { email_verified }
  return { ...(told as oauth.JsonObject), ...rest, ...address }
}

function identityOf(
  settings: Settings,
  id: string,
  emailDomains: readonly string[],
  claims: Claims,
): Identity {
  const { iss, sub, name, preferred_username, groups } = claims
  const domains = emailDomains.map((domain) => domain.toLowerCase())
  const email = authoritativeEmail(claims, domains)
  const ofGroups = (Array.isArray(groups) ? groups : []).map((group) => `${id}:group/${group}`)
  return {
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
}

/** The address, if the provider has verified it and is the one who can. */
function authoritativeEmail(
  { iss, email, email_verified, hd }: Claims,
  domains: readonly string[],
): string | undefined {
  if (typeof email !== 'string' || email_verified !== true) return undefined
  const address = email.toLowerCase()
  const domain = address.slice(address.lastIndexOf('@') + 1)
  if (!domains.includes(domain)) return undefined
  // Anyone can make a Google account with an address of elsewhere; `hd` tells that Google runs the domain.
  if (iss === GOOGLE && domain !== 'gmail.com' && hd !== domain) return undefined
  return address
}
