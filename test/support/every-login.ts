// Import it first: it puts every login method, and tools that act upstream, on the lists before the Worker is made of
// them.
import { env } from 'cloudflare:workers'
import * as z from 'zod'
import { github } from '#engine/login/github.ts'
import { guest } from '#engine/login/guest.tsx'
import { oidc } from '#engine/login/oidc.ts'
import { reviewer } from '#engine/login/reviewer/reviewer.tsx'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { login } from '../fixture/src/login.ts'
import { listRepositories } from '../fixture/src/server/github.ts'
import { tools } from '../fixture/src/server/index.ts'
import { GITHUB_CLIENT } from './github.ts'
import { CLIENT_ID, CLIENT_SECRET } from './openid-provider.ts'

export const ACME = 'https://id.acme.test'
export const ACME_API = 'https://api.acme.test'
export const GOOGLE = 'https://accounts.google.com'
/** No request has read the metadata of this one yet. */
export const NEVER_MET = 'https://id.never-met.test'

login.push(
  github,
  oidc({ id: 'acme', name: 'Acme', issuer: ACME, emailDomains: ['acme.test'], apis: [ACME_API] }),
  oidc({ id: 'google', name: 'Google', issuer: GOOGLE, emailDomains: ['gmail.com', 'acme.test'] }),
  oidc({ id: 'never-met', name: 'Never Met', issuer: NEVER_MET }),
  guest,
  reviewer,
)

/** Asks an address of Acme's API, or another address from its input. */
const askAcme = defineTool({
  name: 'ask_acme',
  title: 'Ask Acme',
  description: 'Asks an address as the person you act for.',
  input: z.object({ url: z.string(), follow: z.boolean().default(false) }),
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
  upstream: { acme: ['things:read'] },
  handler: async ({ url, follow }, { upstream }) => {
    const response = await upstream('acme')(url, follow ? { redirect: 'follow' } : {})
    return `${response.status} ${await response.text()}`
  },
})
tools.push(listRepositories, askAcme)

Object.assign(env, {
  GITHUB_CLIENT_ID: GITHUB_CLIENT.id,
  GITHUB_CLIENT_SECRET: GITHUB_CLIENT.secret,
  ...Object.fromEntries(
    ['ACME', 'GOOGLE', 'NEVER_MET'].flatMap((id) => [
      [`${id}_CLIENT_ID`, CLIENT_ID],
      [`${id}_CLIENT_SECRET`, CLIENT_SECRET],
    ]),
  ),
})
