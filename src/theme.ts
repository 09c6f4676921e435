// How every page looks: name, logo, links, colors, fonts. Use system fonts: no page may load anything.
import { NAME } from '#config'

export const THEME = {
  name: NAME,
  /** An inline SVG. `currentColor` is the accent color. */
  logo: '<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"><path d="M5 28V14a11 11 0 0 1 22 0v14"/><path d="M3 28h26"/><path d="M11 28V15a5 5 0 0 1 10 0v13"/><circle cx="18.2" cy="21" r=".7" fill="currentColor"/></svg>',
  /** In the footer of every page. */
  links: [{ href: 'https://modelcontextprotocol.io', text: 'What is MCP?' }],
  /** Color tokens for a light system… */
  light: `
  --paper: #f5f3ee; --card: #ffffff; --ink: #1d2226; --quiet: #5b636a; --line: #dedad1;
  --accent: #1f5f56; --on-accent: #ffffff; --tint: #eaf1ef; --danger: #9d2f25; --warn: #fbf3dc; --on-warn: #5d4708;
  --shadow: 0 1px 2px rgb(40 36 28 / .06), 0 12px 32px rgb(40 36 28 / .07);`,
  /** …and for a dark one. */
  dark: `
  --paper: #14181a; --card: #1c2225; --ink: #e9ecec; --quiet: #a3adb1; --line: #333b3f;
  --accent: #7fc9bb; --on-accent: #0c2622; --tint: #1f302e; --danger: #f09a90; --warn: #33290f; --on-warn: #f0d896;
  --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 12px 32px rgb(0 0 0 / .3);`,
  /** Tokens for both: corners, and the fonts of text, headings and code. */
  shapes: `
  --radius: 14px; --font: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  --serif: ui-serif, "Iowan Old Style", Palatino, Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace;`,
  /** Your own CSS, after that of the engine. */
  css: '',
}
