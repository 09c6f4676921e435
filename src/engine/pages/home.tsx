// The home page: the address that connects an app, and the steps in each app.
import type { Child } from 'hono/jsx'
import { SERVER } from '#config'
import { THEME } from '#theme'
import { COPY, Copyable } from './copyable.tsx'
import { page } from './layout.tsx'

/** What the home page shows. */
export interface Home {
  readonly mcpUrl: string
  /** Apps that run elsewhere cannot reach a server on this computer. */
  readonly local: boolean
  /** False where users sign in at another authorization server, which also keeps their grants. */
  readonly signsInHere: boolean
}

export function homePage({ mcpUrl, local, signsInHere }: Home): Promise<Response> {
  const name = THEME.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return page({
    title: 'Connect',
    wide: true,
    script: COPY,
    children: (
      <>
        <h1>{SERVER.title}</h1>
        {SERVER.description && <p>{SERVER.description}</p>}
        {SERVER.websiteUrl && (
          <p>
            <a href={SERVER.websiteUrl}>About {SERVER.title}</a>
          </p>
        )}
        <p>This is an MCP server. To connect an app, paste this address into it:</p>
        <Copyable text={mcpUrl} />
        {signsInHere ? (
          <p>
            The app opens a browser window. You sign in here and decide what it may do. You can see every
            connected app on <a href="/account">your account page</a>, and revoke it at any time.
          </p>
        ) : (
          <p>
            The app opens a browser window. You sign in with your usual account, and decide there what the app
            may do.
          </p>
        )}
        {local && (
          <p class="notice">
            This server runs on your computer. Apps that run elsewhere, such as Claude on the web and ChatGPT,
            reach it only once it is deployed.
          </p>
        )}
        <div class="ways">
          <Way title="Claude, on the web, desktop and phone">
            <p>
              In Settings, open <b>Connectors</b>, choose <b>Add custom connector</b>, paste the address, then
              press <b>Connect</b>.
            </p>
          </Way>
          <Way title="Claude Code">
            <Copyable text={`claude mcp add --transport http ${name} ${mcpUrl}`} />
            <p>
              Then type <code>/mcp</code>, choose {name}, and <b>Authenticate</b>.
            </p>
          </Way>
          <Way title="ChatGPT">
            <p>
              In Settings, open <b>Apps &amp; Connectors</b>, switch on developer mode under <b>Advanced</b>,
              choose <b>Create</b>, paste the address, and leave authentication at <b>OAuth</b>.
            </p>
          </Way>
          <Way title="VS Code">
            <p>
              <a class="button" href={vsCodeLink(name, mcpUrl)}>
                Add to VS Code
              </a>
            </p>
            <p>
              Or run <b>MCP: Add Server</b> from the command palette, choose <b>HTTP</b>, and paste the
              address.
            </p>
          </Way>
          <Way title="Cursor">
            <p>
              <a class="button" href={cursorLink(name, mcpUrl)}>
                Add to Cursor
              </a>
            </p>
            <p>
              Or add it to <code>~/.cursor/mcp.json</code>:
            </p>
            <Copyable text={JSON.stringify({ mcpServers: { [name]: { url: mcpUrl } } }, null, 2)} />
          </Way>
          <Way title="Codex">
            <Copyable text={`codex mcp add ${name} --url ${mcpUrl}`} />
            <Copyable text={`codex mcp login ${name}`} />
          </Way>
          <Way title="An app that supports only local servers">
            <Copyable text={`npx -y mcp-remote ${mcpUrl}`} />
          </Way>
          <Way title="It does not work">
            <p>
              Remove the server in the app and add it again. The app then registers again. To check the server
              as an app sees it, run:
            </p>
            <Copyable text={`npm run doctor ${mcpUrl}`} />
          </Way>
        </div>
      </>
    ),
  })
}

function Way({ title, children }: { title: string; children: Child }) {
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  )
}

function vsCodeLink(name: string, url: string): string {
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, type: 'http', url }))}`
}

function cursorLink(name: string, url: string): string {
  const config = encodeURIComponent(btoa(JSON.stringify({ url })))
  return `cursor://anysphere.cursor-deeplink/mcp/install?name=${encodeURIComponent(name)}&config=${config}`
}
