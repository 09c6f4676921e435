// How the view of a tool is declared (MCP Apps, SEP-1865): an HTML file in public/views/ that an app shows in a frame of its
// own, for what the tool returns. It is a resource with the guard of its tool: the same scope, `access` and `visible`.
import type { ReadResourceResult } from '@modelcontextprotocol/server'
import { defineResource, type Resource } from '../define-resource.ts'
import { type Definition, ToolError } from '../handler.ts'

interface ViewDefinition {
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

const MIME_TYPE = 'text/html;profile=mcp-app'
const FILE = /^[\w-]+(?:\.[\w-]+)*\.html$/

type Guarded = Pick<Definition<undefined>, 'name' | 'title' | 'description' | 'access' | 'scope' | 'visible'>

/** What a tool with a view has. */
interface ToolView {
  readonly resource: Resource
  /** What the tool says of it, in `_meta`. */
  readonly meta: { readonly ui: { readonly resourceUri: string } }
}

/** Made by defineView(), for the `view` of a tool. */
export type View = (tool: Guarded) => ToolView

/** A file that apps show for the result of a tool, if they show views. @throws Error for a file of another kind */
export function defineView({ file, ...ui }: ViewDefinition): View {
  if (!FILE.test(file)) throw new Error(`This view is no HTML file in public/views/: ${file}`)
  return ({ name, title, description, access, scope, visible }) => {
    const resourceUri = addressOf(name, file)
    const guard: Pick<Guarded, 'scope' | 'visible'> = {
      ...(access !== undefined && { access }),
      ...(scope && { scope }),
      ...(visible && { visible }),
    }
    const resource = defineResource({
      name: `${name}_view`,
      title,
      description,
      uri: resourceUri,
      mimeType: MIME_TYPE,
      ...guard,
      handler: async (_variables, { env }): Promise<ReadResourceResult> => ({
        contents: [{ uri: resourceUri, mimeType: MIME_TYPE, text: await htmlOf(env, file), _meta: { ui } }],
      }),
    })
    // The second is the name of it in ChatGPT before there was a standard.
    const meta = { ui: { resourceUri }, 'openai/outputTemplate': resourceUri }
    return { resource, meta }
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
