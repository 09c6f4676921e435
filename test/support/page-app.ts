// An MCP app that is a web page: the official client in a browser, tokens in the page's storage. Bundled and served
// by test/e2e/page.test.ts; it begins at once, and writes what came of it into the page.
import {
  Client,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

/** What this needs of a browser, beside what Node has, too. */
interface Page {
  location: { href: string; origin: string; search: string; assign(url: string): void }
  localStorage: { getItem(name: string): string | null; setItem(name: string, value: string): void }
  document: { body: { textContent: string } }
}

const { location, localStorage, document } = globalThis as unknown as Page
const mcpUrl = new URL(new URLSearchParams(location.search).get('mcp') ?? localStorage.getItem('mcp') ?? '')
localStorage.setItem('mcp', mcpUrl.href)

function kept<T>(name: string) {
  return {
    get: (): T | undefined => JSON.parse(localStorage.getItem(name) ?? 'null') ?? undefined,
    set: (value: T) => localStorage.setItem(name, JSON.stringify(value)),
  }
}

const redirectUrl = `${location.origin}/`
const information = kept<StoredOAuthClientInformation>('client')
const tokens = kept<StoredOAuthTokens>('tokens')
const verifier = kept<string>('verifier')
const discovery = kept<OAuthDiscoveryState>('discovery')

const transport = () =>
  new StreamableHTTPClientTransport(mcpUrl, {
    authProvider: {
      redirectUrl,
      clientMetadata: {
        client_name: 'A web page',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
      clientInformation: information.get,
      saveClientInformation: information.set,
      tokens: tokens.get,
      saveTokens: tokens.set,
      saveCodeVerifier: verifier.set,
      codeVerifier: () => verifier.get() ?? '',
      discoveryState: discovery.get,
      saveDiscoveryState: discovery.set,
      redirectToAuthorization: (url) => location.assign(url.href),
    },
  })

async function run(): Promise<string> {
  const answer = new URLSearchParams(location.search)
  if (answer.has('code')) await transport().finishAuth(answer)
  const client = new Client({ name: 'page', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(transport())
  const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} })
  return `whoami: ${JSON.stringify(structuredContent)}`
}

run().then(
  (text) => {
    document.body.textContent = text
  },
  (error) => {
    if (!(error instanceof UnauthorizedError)) document.body.textContent = `failed: ${error}`
  },
)
