// The name of the server where apps and terminals take plain letters alone.

/** In `a-z`, `0-9` and `-`, such as `my-server`; `mcp-server` where a name has no such letter. */
export function shortName(name: string): string {
  const letters = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return letters.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'mcp-server'
}
