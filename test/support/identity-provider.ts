// A real authorization server elsewhere: users sign in and consent there, and it issues access tokens for
// whatever resource a client names (RFC 8707), as JWTs or as opaque ones that it can be asked about.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import Provider from 'oidc-provider'
import type { Page } from 'playwright-core'
import { freePort } from '../../scripts/free-port.ts'

/** The one who asks about opaque tokens. */
export const RESOURCE_SERVER = { client_id: 'gatehouse', client_secret: 'a secret of two servers' }

/** An app that an administrator has registered, so that it may ask for more scopes later. */
export const REGISTERED_APP = { client_id: 'desk' }

const SCOPES = 'api:read api:write'

export class IdentityProvider {
  readonly issuer: string
  /** The paths of all requests so far. */
  readonly requests: string[] = []
  readonly #server: Server

  private constructor(issuer: string, server: Server) {
    this.issuer = issuer
    this.#server = server
    server.prependListener('request', ({ url }) => this.requests.push(url ?? ''))
  }

  static async start(accessTokenFormat: 'jwt' | 'opaque'): Promise<IdentityProvider> {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}`
    const provider = new Provider(issuer, {
      clients: [
        { ...RESOURCE_SERVER, grant_types: [], response_types: [], redirect_uris: [] },
        {
          ...REGISTERED_APP,
          application_type: 'native',
          // RFC 8252 §7.3: the port is the app's.
          redirect_uris: ['http://127.0.0.1/callback'],
          token_endpoint_auth_method: 'none',
        },
      ],
      scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
      findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
      extraTokenClaims: (_context: unknown, { accountId }: { accountId: string }) => ({
        name: `Ms ${accountId}`,
      }),
      features: {
        registration: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: {
          enabled: true,
          useGrantedResource: () => true,
          getResourceServerInfo: (_context: unknown, audience: string) => ({
            scope: SCOPES,
            audience,
            accessTokenFormat,
          }),
        },
      },
    })
    const server = createServer(provider.callback()).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new IdentityProvider(issuer, server)
  }

  /** What the person does when an app sends them here: signs in where asked, and lets the app do what it asks for. */
  async allow(page: Page, url: URL, person: string): Promise<void> {
    await page.goto(url.href)
    const login = page.getByPlaceholder('Enter any login')
    if (await login.isVisible()) {
      await login.fill(person)
      await page.getByPlaceholder('and password').fill('any')
      await page.getByRole('button', { name: 'Sign-in' }).click()
    }
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('You can close this page').waitFor()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
