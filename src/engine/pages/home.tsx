// The home page: what the server does, the address that connects an app, and the steps in each app.
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { SCOPES, SERVER } from '#config'
import { THEME } from '#theme'
import { COPY, Copyable } from './copyable.tsx'
import { page } from './layout.tsx'

/** What the home page shows. */
export interface Home {
  readonly mcpUrl: string
  /** The servers beside it; usually none. */
  readonly others: readonly { readonly name: string; readonly url: string }[]
  /** Apps that run elsewhere cannot reach a server on this computer. */
  readonly local: boolean
  /** False where users sign in at another authorization server, which also keeps their grants. */
  readonly signsInHere: boolean
  /** What everyone may know of the tools: titles, and the scopes that they need. */
  readonly tools: readonly { readonly title: string; readonly scopes: readonly string[] }[]
}

/** What apps are to call the server. */
const SHORT_NAME = THEME.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')

export function homePage(home: Home): Promise<Response> {
  const { mcpUrl, others, local, signsInHere } = home
  return page({
    title: 'Connect',
    wide: true,
    named: true,
    script: COPY,
    children: (
      <>
        <h1 class="named">
          {raw(THEME.logo)} {SERVER.title}
        </h1>
        {SERVER.description && <p>{SERVER.description}</p>}
        {whatItDoes(home)}
        {SERVER.websiteUrl && (
          <p>
            <a href={SERVER.websiteUrl}>About {SERVER.title}</a>
          </p>
        )}
        <section>
          <h2>Connect an app</h2>
          <p>This is an MCP server. Paste this address into your app:</p>
          <Copyable text={mcpUrl} />
          {signsInHere ? (
            <p>
              The app opens a browser window. You sign in here and decide what it may do. You can see every
              connected app on <a href="/account">your account page</a>, and revoke it at any time.
            </p>
          ) : (
            <p>
              The app opens a browser window. You sign in with your usual account, and decide there what the
              app may do.
            </p>
          )}
          {others.length > 0 && otherServers(others)}
          {local ? localFirst(mcpUrl) : everywhere(mcpUrl)}
        </section>
      </>
    ),
  })
}

function otherServers(others: Home['others']): Child {
  return (
    <>
      <p>There are other servers here. Each has an address of its own:</p>
      {others.map(({ name, url }) => (
        <>
          <p>
            <bdi>{name}</bdi>
          </p>
          <Copyable text={url} />
        </>
      ))}
    </>
  )
}

/** The tools, by the permission that they need. */
function whatItDoes({ tools }: Home): Child {
  const byScopes = Map.groupBy(tools, ({ scopes }) => scopes.map(textOf).join(' · '))
  return (
    tools.length > 0 && (
      <>
        <p class="quiet">What an app can do here, by the permission that it needs:</p>
        <dl class="facts">
          {[...byScopes].map(([scopes, ofScopes]) => (
            <div>
              <dt>{scopes || 'None'}</dt>
              <dd>{ofScopes.map(({ title }) => title).join(', ')}</dd>
            </div>
          ))}
        </dl>
      </>
    )
  )
}

function textOf(scope: string): string {
  return (SCOPES as Readonly<Record<string, string>>)[scope] ?? scope
}

function everywhere(mcpUrl: string): Child {
  return (
    <div class="ways">
      <ClaudeAi />
      <ClaudeCode mcpUrl={mcpUrl} />
      <ChatGpt />
      <OnThisComputer mcpUrl={mcpUrl} />
      <Way title="It does not work">
        <p>Remove the server in the app and add it again. The app then registers again.</p>
      </Way>
    </div>
  )
}

function localFirst(mcpUrl: string): Child {
  return (
    <>
      <div class="ways">
        <ClaudeCode mcpUrl={mcpUrl} />
        <OnThisComputer mcpUrl={mcpUrl} />
        <Way title="It does not work">
          <p>
            Remove the server in the app and add it again. The app then registers again. To check the server
            as an app sees it, run:
          </p>
          <Copyable text={`npm run doctor ${mcpUrl}`} />
        </Way>
      </div>
      <p class="notice">
        This server runs on your computer. Apps that run elsewhere, such as Claude on the web and ChatGPT,
        reach it only once it is deployed.
      </p>
      <div class="ways">
        <ClaudeAi />
        <ChatGpt />
      </div>
    </>
  )
}

function ClaudeAi() {
  return (
    <Way title="Claude, on the web, desktop and phone">
      <p>
        In Settings, open <b>Connectors</b>, choose <b>Add custom connector</b>, paste the address, then press{' '}
        <b>Connect</b>.
      </p>
    </Way>
  )
}

function ChatGpt() {
  return (
    <Way title="ChatGPT">
      <p>
        In Settings, open <b>Apps &amp; Connectors</b>, switch on developer mode under <b>Advanced</b>, choose{' '}
        <b>Create</b>, paste the address, and leave authentication at <b>OAuth</b>.
      </p>
    </Way>
  )
}

function ClaudeCode({ mcpUrl }: { mcpUrl: string }) {
  return (
    <Way title="Claude Code">
      <Copyable text={`claude mcp add --transport http ${SHORT_NAME} ${mcpUrl}`} />
      <p>
        Then type <code>/mcp</code>, choose {SHORT_NAME}, and <b>Authenticate</b>.
      </p>
    </Way>
  )
}

function OnThisComputer({ mcpUrl }: { mcpUrl: string }) {
  return (
    <>
      <Way title="VS Code">
        <p>
          <a class="button" href={vsCodeLink(mcpUrl)}>
            Add to VS Code
          </a>
        </p>
        <p>
          Or run <b>MCP: Add Server</b> from the command palette, choose <b>HTTP</b>, and paste the address.
        </p>
      </Way>
      <Way title="Cursor">
        <p>
          <a class="button" href={cursorLink(mcpUrl)}>
            Add to Cursor
          </a>
        </p>
        <p>
          Or add it to <code>~/.cursor/mcp.json</code>:
        </p>
        <Copyable text={JSON.stringify({ mcpServers: { [SHORT_NAME]: { url: mcpUrl } } }, null, 2)} />
      </Way>
      <Way title="Codex">
        <Copyable text={`codex mcp add ${SHORT_NAME} --url ${mcpUrl}`} />
        <Copyable text={`codex mcp login ${SHORT_NAME}`} />
      </Way>
      <Way title="An app that supports only local servers">
        <Copyable text={`npx -y mcp-remote ${mcpUrl}`} />
      </Way>
    </>
  )
}

function Way({ title, children }: { title: string; children: Child }) {
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  )
}

function vsCodeLink(url: string): string {
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: SHORT_NAME, type: 'http', url }))}`
}

function cursorLink(url: string): string {
  const config = encodeURIComponent(btoa(JSON.stringify({ url })))
  return `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(SHORT_NAME)}&config=${config}`
}
