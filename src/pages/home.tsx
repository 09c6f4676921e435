// The front door: what this is, and the one URL that connects an app.
import { page } from './layout.tsx'
import { THEME } from './theme.ts'

export function homePage({ mcpUrl }: { mcpUrl: string }): Promise<Response> {
  return page({
    title: 'Connect',
    wide: true,
    children: (
      <>
        <h1>{THEME.name}</h1>
        <p>This is an MCP server with its own front door. Give this one address to your app:</p>
        <pre>
          <code>{mcpUrl}</code>
        </pre>
        <p class="quiet">
          In Claude Code: <code>claude mcp add --transport http gatehouse {mcpUrl}</code>
        </p>
        <p>
          The app opens a browser window, you sign in here, and you decide what it may do. You can see every
          app that you let in on <a href="/account">your account page</a>, and put it out again.
        </p>
      </>
    ),
  })
}
