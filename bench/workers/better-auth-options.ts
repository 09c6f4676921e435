// How Better Auth is set up: also read by the bench, which makes its tables.
import { mcp } from '@better-auth/mcp'
import type { BetterAuthOptions } from 'better-auth'
import { jwt } from 'better-auth/plugins'

const ISSUER = 'https://mcp.example.com'
export const RESOURCE = `${ISSUER}/mcp`

export const options = {
  baseURL: ISSUER,
  emailAndPassword: { enabled: true },
  // The bench registers more clients in a minute than they allow.
  rateLimit: { enabled: false },
  plugins: [
    jwt(),
    mcp({
      loginPage: '/sign-in',
      consentPage: '/consent',
      resource: RESOURCE,
      scopes: ['notes:read', 'notes:write', 'offline_access'],
      allowDynamicClientRegistration: true,
      allowUnauthenticatedClientRegistration: true,
    }),
  ],
} satisfies BetterAuthOptions
