// The logo as an icon: browsers show it in a tab, directories and apps beside the title.
import { THEME } from '#theme'

const ACCENT = /--accent:\s*([^;]+);/

/** An SVG document with the accent color of a light and of a dark system. */
export function favicon(): Response {
  return new Response(SVG, {
    headers: {
      'Content-Type': 'image/svg+xml',
      'Cache-Control': 'public, max-age=86400',
      // Opened as a document, it runs and loads nothing.
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
  })
}

const accentOf = (tokens: string) => ACCENT.exec(tokens)?.[1] ?? 'currentColor'

const STYLE =
  `<style>svg{color:${accentOf(THEME.light)}}` +
  `@media (prefers-color-scheme:dark){svg{color:${accentOf(THEME.dark)}}}</style>`

// Inline SVG needs no namespace; a document does.
const SVG = THEME.logo.replace(
  /<svg(?: xmlns="[^"]*")?([^>]*)>/,
  `<svg xmlns="http://www.w3.org/2000/svg"$1>${STYLE}`,
)
