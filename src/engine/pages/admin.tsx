// What the owner's pages have in common.
import type { Child } from 'hono/jsx'
import { page } from './layout.tsx'

const TABS = [
  ['/admin', 'People'],
  ['/admin/apps', 'Apps'],
  ['/admin/events', 'Events'],
] as const

interface Frame {
  readonly tab: (typeof TABS)[number][1]
  readonly notice?: string | undefined
  readonly children: Child
}

export function adminPage({ tab, notice, children }: Frame): Promise<Response> {
  return page({
    title: `${tab} · Your server`,
    wide: true,
    nav: { owner: true },
    children: (
      <>
        <h1>Your server</h1>
        {notice && (
          <p class="notice done" role="status">
            {notice}
          </p>
        )}
        <nav class="row" aria-label="Your server">
          {TABS.map(([href, text]) => (
            <a class="button small" href={href} aria-current={text === tab ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
        {children}
      </>
    ),
  })
}
