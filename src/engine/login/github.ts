// Login with GitHub, which is no OpenID provider: who somebody is, its API tells.
import type { Context } from 'hono'
import type { AppEnv } from '../http/app-env.ts'
import { type Identity, mentionedOrganizations, mentions } from '../people/identity.ts'
import type { LoginMethod } from './method.ts'
import { isFirstHolder } from './names-store.ts'
import { askProvider, NoAnswer } from './provider-request.ts'
import { type Answer, redirectMethod } from './redirect.tsx'

const ISSUER = 'https://github.com'
const API = 'https://api.github.com'

export const github: LoginMethod = redirectMethod({
  id: 'github',
  name: 'GitHub',
  server: async () => ({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/login/oauth/authorize`,
    token_endpoint: `${ISSUER}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }),
  // Who somebody is needs no scope; whether they belong to an organisation does.
  scopes: (c) => (mentionedOrganizations(c.get('settings')).length > 0 ? ['read:org'] : []),
  openId: false,
  identify,
  apis: [API],
})

async function identify(c: Context<AppEnv>, { tokens }: Answer): Promise<Identity> {
  const user = await ask<{ id: number; login: string; name: string | null }>('/user', tokens.access_token)
  if (!Number.isInteger(user?.id) || typeof user?.login !== 'string') {
    throw new NoAnswer('It does not tell who this is.')
  }
  const subject = String(user.id)
  const login = user.login.toLowerCase()
  const organisations = await Promise.all(
    mentionedOrganizations(c.get('settings')).map((name) => isMember(c, name, tokens.access_token)),
  )
  // A rule of nothing but digits means an id, and a login can look like one.
  const named =
    !/^\d+$/.test(login) &&
    mentions(c.get('settings'), `github:${login}`) &&
    (await isFirstHolder(c.env, `github:${login}`, subject))
  return {
    method: 'github',
    issuer: ISSUER,
    subject,
    name: user.name ? `${user.name} (${user.login})` : user.login,
    knownAs: [`github:${subject}`, ...(named ? [`github:${login}`] : []), ...organisations.flat()],
  }
}

async function isMember(c: Context<AppEnv>, name: string, token: string): Promise<string[]> {
  const path = `/user/memberships/orgs/${encodeURIComponent(name)}`
  const membership = await ask<{ state: string; organization?: { id: number } }>(path, token)
  const id = membership?.state === 'active' ? membership.organization?.id : undefined
  if (!Number.isInteger(id)) return []
  const rule = `github:org/${name}`
  return (await isFirstHolder(c.env, rule, String(id))) ? [rule] : []
}

/** What the API tells; undefined when it says no. @throws NoAnswer */
async function ask<T>(path: string, token: string): Promise<T | undefined> {
  const response = await askProvider(`${API}${path}`, {
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'application/vnd.github+json',
      // GitHub refuses requests without one.
      'User-Agent': 'gatehouse',
    },
    redirect: 'manual',
  })
  if (!response.ok) return undefined
  return response.json<T>().catch((cause: unknown) => {
    throw new NoAnswer('It says nothing that can be read.', { cause })
  })
}
