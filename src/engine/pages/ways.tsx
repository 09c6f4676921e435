// The steps that connect an app, one disclosure for each.
import type { Child } from 'hono/jsx'
import { THEME } from '#theme'
import { Copyable } from './copyable.tsx'
import { shortName } from './short-name.ts'

const SHORT_NAME = shortName(THEME.name)

/** The steps in each app, for a server that apps can reach from anywhere. */
export function everywhere(mcpUrl: string): Child {
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

/** The same for a server on this computer. */
export function localFirst(mcpUrl: string): Child {
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
