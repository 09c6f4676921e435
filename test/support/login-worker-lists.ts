// What login-worker.ts adds to the lists: the methods, and tools that act upstream. GitHub is on this computer.
import './stand-ins.ts'
import { env } from 'cloudflare:workers'
import * as z from 'zod'
import { github } from '#engine/login/github.ts'
import { guest } from '#engine/login/guest.tsx'
import { oidc } from '#engine/login/oidc.ts'
import { passkey } from '#engine/login/passkey/passkey.tsx'
import { reviewer } from '#engine/login/reviewer/reviewer.tsx'
import { defineTool } from '#engine/mcp/define-tool.ts'
import { login } from '../fixture/src/login.ts'
import { listRepositories } from '../fixture/src/server/github.ts'
import { tools } from '../fixture/src/server/index.ts'

const { ACME_ISSUER = '' } = env as unknown as Record<string, string>

login.push(
  passkey,
  github,
  oidc({
    id: 'acme',
    name: 'Acme',
    issuer: ACME_ISSUER,
    emailDomains: ['acme.test'],
    // OpenID Connect Core §11: no offline access without asking the person.
    parameters: { prompt: 'consent' },
    apis: [ACME_ISSUER],
  }),
  guest,
  reviewer,
)

const askAcme = defineTool({
  name: 'ask_acme',
  title: 'Ask Acme',
  description: 'Asks Acme for the profile of the user that you act for.',
  input: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
  upstream: { acme: ['offline_access'] },
  handler: async (_input, { upstream }) => {
    const response = await upstream('acme')('/me')
    return `${response.status} ${await response.text()}`
  },
})
tools.push(listRepositories, askAcme)
