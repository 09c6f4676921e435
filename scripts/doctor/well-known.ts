// Where metadata is (RFC 8414 §3, RFC 9728 §3).

export function resourceMetadataPath(mcp: URL): string {
  return `/.well-known/oauth-protected-resource${mcp.pathname}`
}

/** Where clients look for it, in their order (MCP authorization, "Authorization Server Metadata Discovery"). */
export function metadataUrls({ origin, pathname }: URL): URL[] {
  const path = pathname === '/' ? '' : pathname
  const paths = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    `${path}/.well-known/openid-configuration`,
  ]
  return [...new Set(paths)].map((one) => new URL(one, origin))
}
