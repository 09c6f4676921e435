// The home page: what the server does, and the address that connects an app. The steps in each app: ways.tsx.
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { SCOPES, SERVER } from '#config'
import { THEME } from '#theme'
import { COPY, Copyable } from './copyable.tsx'
import { page } from './layout.tsx'
import { everywhere, localFirst } from './ways.tsx'

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
