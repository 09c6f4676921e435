// Login with GitHub. It is no OpenID provider: its API says who the user is.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { audit } from '../log/audit.ts'
import { BRANCH } from '../pages/icons.ts'
import { ceilingRules, mentionedOrganizations, mentions } from '../people/identity.ts'
import type { LoginMethod } from './method.ts'
import { isFirstHolder, isKnownHolder } from './names-store.ts'
import { askProvider, NoAnswer } from './provider-request.ts'
import { type Answer, type Found, redirectMethod } from './redirect.tsx'
import { LoginRefused } from './refused.ts'

const ISSUER = 'https://github.com'
const API = 'https://api.github.com'
/** Each of them lets a token read memberships; GitHub names the widest that was granted. */
const MEMBERSHIP_SCOPES = ['read:org', 'write:org', 'admin:org', 'user']

export const github: LoginMethod = redirectMethod({
  id: 'github',
  name: 'GitHub',
  icon: BRANCH,
  server: async () => ({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/login/oauth/authorize`,
    token_endpoint: `${ISSUER}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }),
  // The user's name needs no scope. Their organizations need one.
  scopes: (c) => (mentionedOrganizations(c.get('settings')).length > 0 ? ['read:org'] : []),
  openId: false,
  identify,
  apis: [API],
})

async function identify(c: Context<AppEnv>, { tokens }: Answer): Promise<Found> {
  const settings = c.get('settings')
  const named = mentionedOrganizations(settings)
  if (named.length > 0) requireMembershipScope(tokens)
  const user = await ask<{ id: number; login: string; name: string | null }>('/user', tokens.access_token)
  if (!Number.isInteger(user?.id) || typeof user?.login !== 'string') {
    throw new NoAnswer('It does not tell who this is.')
  }
  const subject = String(user.id)
  const own = `github:${user.login.toLowerCase()}`
  const memberships = await Promise.all(named.map((name) => membershipIn(c, name, tokens.access_token)))
  const knownAs = [
    `github:${subject}`,
    ...(await rulesOfLogin(c, own, subject)),
    ...memberships.flatMap(({ rule, isMember }) => (isMember ? [rule] : [])),
  ]
  const identity = {
    method: 'github',
    issuer: ISSUER,
    subject,
    name: user.name ? `${user.name} (${user.login})` : user.login,
    knownAs,
    // A rule that is written later may mean this person.
    open: ['github:org/', ...(isLoginRule(own) && !mentions(settings, own) ? [own] : [])],
    ruledOut: memberships.flatMap(({ rule, isMember }) => (isMember === false ? [rule] : [])),
  }
  return { identity }
}

// A rule of nothing but digits means an id, and a login can look like one.
function isLoginRule(rule: string): boolean {
  return /^github:(?!\d+$)[\w-]{1,100}$/.test(rule)
}

// A person who takes another login stays who a rule means. Asked of ceilings alone, which are few and which such a person
// would shed.
async function rulesOfLogin(c: Context<AppEnv>, own: string, subject: string): Promise<string[]> {
  const settings = c.get('settings')
  const former = ceilingRules(settings, 'github:').filter((rule) => rule !== own && isLoginRule(rule))
  const mean = await Promise.all([
    isLoginRule(own) && mentions(settings, own) && isFirstHolder(c.env, own, subject),
    ...former.map((rule) => isKnownHolder(c.env, rule, subject)),
  ])
  return [own, ...former].filter((_, index) => mean[index])
}

interface Membership {
  readonly rule: string
  /** Undefined while an invitation waits: they can accept it at any time. */
  readonly isMember: boolean | undefined
}

async function membershipIn(c: Context<AppEnv>, name: string, token: string): Promise<Membership> {
  const rule = `github:org/${name}`
  const path = `/user/memberships/orgs/${encodeURIComponent(name)}`
  const hidden = () => refusedMembership('GitHub does not show them to it')
  const membership = await ask<{ state: string; organization?: { id: number } }>(path, token, hidden)
  if (!membership) return { rule, isMember: false }
  const id = membership.organization?.id
  if (membership.state !== 'active' || !Number.isInteger(id)) return { rule, isMember: undefined }
  return { rule, isMember: await isFirstHolder(c.env, rule, String(id)) }
}

// The browser carries the request to GitHub, and can ask for less there. Tokens of GitHub Apps (`ghu_`) have no scopes:
// the API answers them by the permissions of the app.
function requireMembershipScope({ access_token, scope }: Answer['tokens']): void {
  const granted = (scope ?? '').split(/[\s,]+/)
  if (access_token.startsWith('ghu_') || MEMBERSHIP_SCOPES.some((one) => granted.includes(one))) return
  throw refusedMembership('the permission to read them was not given')
}

function refusedMembership(why: string): LoginRefused {
  audit('signin.failed', { method: 'github', reason: 'memberships_hidden' })
  return new LoginRefused(
    `This server needs to know your organizations at GitHub, and ${why}. Sign in again and allow what GitHub asks.`,
  )
}

/**
 * What the API tells; undefined for 404, which alone means that there is no such thing.
 * @param forbidden what is thrown for 403
 * @throws NoAnswer
 */
async function ask<T>(
  path: string,
  token: string,
  forbidden = (): Error => new NoAnswer('It says 403.'),
): Promise<T | undefined> {
  const response = await askProvider(`${API}${path}`, {
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.github+json' },
    redirect: 'manual',
  })
  if (response.status === 404) return undefined
  if (response.status === 403) throw forbidden()
  if (!response.ok) throw new NoAnswer(`It says ${response.status}.`)
  return response.json<T>().catch((cause: unknown) => {
    throw new NoAnswer('It says nothing that can be read.', { cause })
  })
}
