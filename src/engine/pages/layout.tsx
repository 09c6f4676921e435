// The frame of every page, and the headers that protect it.
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { SERVER } from '#config'
import { THEME } from '#theme'
import { sha256Bytes } from '../crypto/digest.ts'
import { CSS } from './style.ts'
import { TIMES } from './time.tsx'

interface Page {
  title: string
  status?: number | undefined
  /** Seconds, for someone who has tried too often. */
  retryAfter?: number | undefined
  wide?: boolean
  /** The page has name and logo in its own heading. */
  named?: boolean
  /**
   * `form-action 'self'` on every page but consent: Chrome applies it to every redirect after the submit, and
   * the way back to a client may go through addresses that no policy can name.
   */
  formsLeaveThisOrigin?: boolean
  /** May fetch from this origin. */
  script?: string | undefined
  /** The way to other pages, for a person who is signed in. */
  nav?: { readonly owner: boolean }
  children: Child
}

/** Renders a page. It loads nothing but its icon, runs only its own script, and forbids frames and caches. */
export async function page(content: Page): Promise<Response> {
  const { title, status = 200, retryAfter, wide, named, formsLeaveThisOrigin, nav, children } = content
  const script = nav ? [TIMES, content.script].filter(Boolean).join('\n') : content.script
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · ${THEME.name}`}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <style>{raw(CSS)}</style>
      </head>
      <body>
        {!named && (
          <header>
            <a href="/">
              {raw(THEME.logo)}
              {THEME.name}
            </a>
            {nav && navigation(nav)}
          </header>
        )}
        <main class={wide ? 'wide' : undefined}>{children}</main>
        <footer>
          {[...LINKS, ...THEME.links].map(({ href, text }) => (
            <a href={href}>{text}</a>
          ))}
        </footer>
        {script && <script>{raw(script)}</script>}
      </body>
    </html>
  )
  return new Response(`<!doctype html>${await html}`, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': [
        "default-src 'none'",
        `style-src '${await hashOf(CSS)}'`,
        ...(script ? [`script-src '${await hashOf(script)}'`, "connect-src 'self'"] : []),
        "img-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        ...(formsLeaveThisOrigin ? [] : ["form-action 'self'"]),
      ].join('; '),
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'no-store',
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    },
  })
}

/** What a user may want to read before they approve an app. */
const LINKS = [
  { href: SERVER.privacy, text: 'Privacy policy' },
  { href: SERVER.terms, text: 'Terms' },
  { href: SERVER.support, text: 'Support' },
].filter(({ href }) => href !== undefined)

function navigation({ owner }: { readonly owner: boolean }) {
  return (
    <nav aria-label="Your pages">
      <a href="/account">Your account</a>
      {owner && <a href="/admin">Your server</a>}
      <form method="post" action="/logout">
        <button type="submit" class="link">
          Sign out
        </button>
      </form>
    </nav>
  )
}

const hashes = new Map<string, Promise<string>>()

/** How the policy names the one stylesheet, or script, that it allows. Once per isolate. */
function hashOf(text: string): Promise<string> {
  const hash = hashes.get(text) ?? policyHash(text)
  hashes.set(text, hash)
  return hash
}

async function policyHash(text: string): Promise<string> {
  return `sha256-${btoa(String.fromCharCode(...(await sha256Bytes(text))))}`
}
