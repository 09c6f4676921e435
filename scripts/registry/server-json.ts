// What the MCP registry is given: server.json, in its schema of 2025-12-11.
import { NAME, SERVER } from '#config'
import { shortName } from '#engine/pages/short-name.ts'
import type { Icon, ServerDescription } from '#engine/settings/description.ts'

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'
const MAX_TEXT = 100
const NAMED = /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/

export interface ServerJson {
  readonly $schema: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly version: string
  readonly websiteUrl?: string
  readonly icons: readonly Icon[]
  readonly remotes: readonly { readonly type: 'streamable-http'; readonly url: string }[]
}

/**
 * @param origin of the deployed server
 * @param version of this entry: the registry takes each only once
 * @param name in the registry; without it the host, backwards, and the name of the server
 * @throws Error that says what to change in src/config.ts
 */
export function serverJson(origin: URL, version: string, name = nameAt(origin)): ServerJson {
  const { title, description, websiteUrl, icons }: ServerDescription = SERVER
  if (!NAMED.test(name))
    throw new Error(`${name} is no name of the form com.example/server. Give one: --name`)
  if (!description) throw new Error('The registry wants a description: SERVER.description in src/config.ts.')
  for (const [field, text] of Object.entries({ title, description })) {
    if (text.length > MAX_TEXT)
      throw new Error(
        `SERVER.${field} has ${text.length} characters. The registry takes at most ${MAX_TEXT}.`,
      )
  }
  return {
    $schema: SCHEMA,
    name,
    title,
    description,
    version,
    ...(websiteUrl && { websiteUrl }),
    // The registry takes no data: address.
    icons: icons?.filter(({ src }) => src.startsWith('https:')) ?? [logoAt(origin)],
    remotes: [{ type: 'streamable-http', url: new URL('/mcp', origin).href }],
  }
}

/** The namespace of a host is what its owner can prove: `mcp.example.com` is `com.example.mcp`. */
export function namespaceOf({ hostname }: URL): string {
  return hostname.split('.').reverse().join('.')
}

function nameAt(origin: URL): string {
  return `${namespaceOf(origin)}/${shortName(NAME)}`
}

function logoAt(origin: URL): Icon {
  const src = new URL('/favicon.svg', origin).href as `https://${string}`
  return { src, mimeType: 'image/svg+xml', sizes: ['any'] }
}
