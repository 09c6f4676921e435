// A tool's view (MCP Apps, SEP-1865): an HTML file in public/views/ that an app shows in a frame of its own, for what the
// tool returns. It is a resource with the guard of its tool: the same scope, the same `access`, the same `visible`.
import type { ReadResourceResult } from '@modelcontextprotocol/server'
import { defineResource, type Resource } from '../define-resource.ts'
import { type Definition, ToolError } from '../handler.ts'

export interface View {
  /** A file in `public/views/`, such as `notes.html`. */
  readonly file: string
  /** Which other origins the view may reach; absent: none. */
  readonly csp?: {
    /** For `fetch` and sockets. */
    readonly connectDomains?: readonly string[]
    /** For scripts, styles, pictures and fonts. */
    readonly resourceDomains?: readonly string[]
    readonly frameDomains?: readonly string[]
    readonly baseUriDomains?: readonly string[]
  }
  /** What the view asks of the browser. The app decides. */
  readonly permissions?: {
    readonly [Name in 'camera' | 'microphone' | 'geolocation' | 'clipboardWrite']?: Readonly<
      Record<string, never>
    >
  }
  /** An origin of its own, in the form that the app documents. */
  readonly domain?: string
  readonly prefersBorder?: boolean
}

/** Who may call a tool: the model, or the views of this server. Apps enforce it. */
export type Visibility = readonly ('model' | 'app')[]

const MIME_TYPE = 'text/html;profile=mcp-app'
const FILE = /^[\w-]+(?:\.[\w-]+)*\.html$/

interface ToolWithView extends Omit<Definition<undefined>, 'access'> {
  readonly access?: unknown
  readonly view?: View
  readonly visibility?: Visibility
}

/** The resource that a tool's view is; undefined for a tool without one. */
export function viewOf({ view, ...tool }: ToolWithView): Resource | undefined {
  if (!view) return undefined
  const { name, title, description, access, scope, visible } = tool
  const { file, ...meta } = view
  if (!FILE.test(file))
    throw new Error(`The view of the tool ${name} is no HTML file in public/views/: ${file}`)
  const uri = addressOf(name, file)
  const guard: Pick<Definition<undefined>, 'scope' | 'visible'> = {
    ...(access !== undefined && { access }),
    ...(scope && { scope }),
    ...(visible && { visible }),
  }
  return defineResource({
    name: `${name}_view`,
    title,
    description,
    uri,
    mimeType: MIME_TYPE,
    ...guard,
    handler: async (_variables, { env }): Promise<ReadResourceResult> => ({
      contents: [{ uri, mimeType: MIME_TYPE, text: await htmlOf(env, file), _meta: { ui: meta } }],
    }),
  })
}

/** What a tool says of its view, in `_meta`. */
export function metaOf({ name, view, visibility }: ToolWithView): object {
  if (!view && !visibility) return {}
  const resourceUri = view && addressOf(name, view.file)
  return {
    ui: { ...(resourceUri && { resourceUri }), ...(visibility && { visibility }) },
    // The name of it in ChatGPT before there was a standard.
    ...(resourceUri && { 'openai/outputTemplate': resourceUri }),
  }
}

// One for each tool, so that a file that two tools show has the guard of each.
function addressOf(tool: string, file: string): string {
  return `ui://${tool}/${file}`
}

async function htmlOf(env: Env, file: string): Promise<string> {
  const assets: Fetcher | undefined = Reflect.get(env, 'ASSETS')
  const response = await assets?.fetch(`https://assets.invalid/views/${file}`)
  if (!response?.ok) throw new ToolError(`The file public/views/${file} is missing on this server.`)
  return response.text()
}
